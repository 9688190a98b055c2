"""Whether an archive as a whole may be unpacked, before any of it is: how many members, how large, how they lie."""

from __future__ import annotations

from array import array

import numpy as np

from mpd_builder.ingest.items import Limits, Rejected, SourceError
from mpd_builder.ingest.sources.zips.directory import Archive
from mpd_builder.ingest.sources.zips.members import SMALL, data_start, is_folder


def archive_checked(archive: Archive, limits: Limits) -> None:
    """Read the whole directory once. Raises `SourceError` for what no honest archive does, and for what is too much."""
    files = locked = total = members = 0
    spans = array("Q")
    for entry in archive.entries():
        members += 1
        if members > limits.max_archive_members:
            raise SourceError(
                f"It has more than {limits.max_archive_members:,} members. "
                "Split it, or unpack it and import the folder."
            )
        total += entry.size
        if total > limits.max_archive_bytes:
            raise SourceError(
                f"It unpacks to more than {limits.max_archive_bytes / 2**30:.0f} GB. "
                "Split it, or unpack it and import the folder."
            )
        files += not is_folder(entry)
        locked += entry.is_encrypted
        try:
            spans.extend((entry.offset, data_start(archive, entry) + entry.packed))
        except Rejected:
            continue  # it is told of that member, and never unpacked
    if total > SMALL and total > limits.max_archive_ratio * archive.size:
        raise SourceError(
            f"It unpacks to {total / archive.size:,.0f} times its size, as pictures and music never do; at most "
            f"{limits.max_archive_ratio:g} times is taken. Unpack it yourself, and import the folder."
        )
    if files and locked == files:
        raise SourceError("It is locked with a password. Pack it without one, or unpack it and import the folder.")
    _no_overlaps(spans)


def _no_overlaps(spans: array[int]) -> None:
    """No byte of the file may be of two members: that is how a small archive is made to unpack to a huge one."""
    places = np.frombuffer(spans, dtype=np.uint64).reshape(-1, 2)
    places = places[np.argsort(places[:, 0], kind="stable")]
    if (places[1:, 0] < places[:-1, 1]).any():
        raise SourceError(
            "Its members overlap each other, which no packing program does. Do not trust it; ask whoever sent it."
        )
