"""One candidate file -> one checked record, or a rejection in words."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from mpd_builder.ingest.content import HEAD_BYTES, Kind, identify
from mpd_builder.ingest.items import Candidate, CheckedPainting, CheckedTrack, Limits, Rejected
from mpd_builder.ingest.pictures import check_picture
from mpd_builder.ingest.sounds import check_sound


def fingerprint(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hex, without holding them in memory. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def examine(candidate: Candidate, *, limits: Limits) -> str:
    """The cheap checks before a file is opened for good; returns its SHA-256.

    Raises `Rejected` for what is missing, is no plain file, cannot be read, is empty or too large, and for bytes that
    are not those that its metadata name.
    """
    try:
        status = candidate.path.lstat()
        if not stat.S_ISREG(status.st_mode):
            what = "a link to another file" if stat.S_ISLNK(status.st_mode) else "not a plain file"
            raise Rejected("not_a_file", f"It is {what}; only plain files are taken.", "Copy the file itself here.")
        if not status.st_size:
            raise Rejected("empty", "The file is empty.", "Copy or download it again.")
        if status.st_size > limits.max_sound_bytes:
            raise _too_many_bytes(status.st_size, limits.max_sound_bytes)
        sha256 = fingerprint(candidate.path)
    except FileNotFoundError as error:
        raise Rejected(
            "missing",
            f"{candidate.listed_in or 'The list'} names it, but it is not there.",
            "Add the file or remove the row.",
        ) from error
    except OSError as error:
        raise _unreadable(error) from error
    if candidate.details.sha256 not in ("", sha256):
        raise Rejected(
            "checksum",
            f"Its bytes are not those that {candidate.listed_in} names (SHA-256).",
            "Copy it again, or correct the sha256 column.",
        )
    return sha256


def process(candidate: Candidate, *, limits: Limits) -> CheckedPainting | CheckedTrack:
    """Check and decode one file, by its content and never by its extension. Raises `Rejected`."""
    sha256 = examine(candidate, limits=limits)
    try:
        with candidate.path.open("rb") as file:
            form = identify(file.read(HEAD_BYTES))
            if form.kind is Kind.SOUND:
                return check_sound(candidate, sha256=sha256, form=form, limits=limits)
            file.seek(0)
            data = file.read(limits.max_picture_bytes + 1)
    except OSError as error:
        raise _unreadable(error) from error
    if len(data) > limits.max_picture_bytes:
        raise _too_many_bytes(candidate.path.stat().st_size, limits.max_picture_bytes)
    return check_picture(candidate, data=data, sha256=sha256, form=form, limits=limits)


def _too_many_bytes(size: int, limit: int) -> Rejected:
    reason = f"It is {size / 2**20:.0f} MB large; at most {limit / 2**20:.0f} MB are taken."
    return Rejected("too_many_bytes", reason, "Make it smaller.")


def _unreadable(error: OSError) -> Rejected:
    return Rejected("unreadable", f"It cannot be read ({error.strerror or error}).", "Give this user access to it.")
