"""One candidate file -> one checked record, or a rejection in words."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from mpd_builder.ingest.content import HEAD_BYTES, Kind, identify
from mpd_builder.ingest.items import (
    WHOLE,
    Candidate,
    CheckedPainting,
    CheckedTrack,
    Limits,
    Rejected,
    Stretch,
)
from mpd_builder.ingest.opening import linked, opened
from mpd_builder.ingest.pictures import check_picture
from mpd_builder.ingest.sounds import check_sound


def fingerprint(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hex, without holding them in memory. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def examine(candidate: Candidate, *, limits: Limits) -> str:
    """The cheap checks before a file is opened for good; returns its SHA-256.

    Raises `Rejected` for what its source found wrong with it, for what is missing, is no plain file or lies behind a
    link, cannot be read, is empty or too large, and for bytes that are not those that its metadata name.
    """
    with _examined(candidate, limits) as (_, sha256):
        return sha256


def process(candidate: Candidate, *, limits: Limits, stretch: Stretch = WHOLE) -> CheckedPainting | CheckedTrack:
    """Check and decode one file, by its content and never by its extension. Raises `Rejected`.

    Of music only the `stretch` is cut; an import takes the whole.
    """
    with _examined(candidate, limits) as (file, sha256):
        form = identify(file.read(HEAD_BYTES))
        file.seek(0)
        if form.kind is Kind.SOUND:
            return check_sound(candidate, file, sha256=sha256, form=form, limits=limits, stretch=stretch)
        data = file.read(limits.max_picture_bytes + 1)
        if len(data) > limits.max_picture_bytes:
            raise _too_many_bytes(file.seek(0, 2), limits.max_picture_bytes)
        return check_picture(candidate, data=data, sha256=sha256, form=form, limits=limits)


@contextmanager
def _examined(candidate: Candidate, limits: Limits) -> Iterator[tuple[BufferedReader, str]]:
    """The candidate's file, opened once for hashing and decoding, and its SHA-256."""
    if candidate.fault is not None:
        raise candidate.fault
    try:
        with opened(candidate) as file:
            size = file.seek(0, 2)
            if not size:
                raise Rejected("empty", "The file is empty.", "Copy or download it again.")
            if size > limits.max_sound_bytes:
                raise _too_many_bytes(size, limits.max_sound_bytes)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if candidate.details.sha256 not in ("", sha256):
                raise Rejected(
                    "checksum",
                    f"Its bytes are not those that {candidate.listed_in} names (SHA-256).",
                    "Copy it again, or correct the sha256 column.",
                )
            file.seek(0)
            yield file, sha256
    except FileNotFoundError as error:
        raise _missing(candidate) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise linked("It is behind") from error
        raise Rejected(
            "unreadable", f"It cannot be read ({error.strerror or error}).", "Give this user access to it."
        ) from error


def _missing(candidate: Candidate) -> Rejected:
    if candidate.listed_in:
        reason, hint = f"{candidate.listed_in} names it, but it is not there.", "Add the file or remove the row."
    else:
        reason, hint = "It was there when the import began and is not there now.", "Put it back."
    return Rejected("missing", reason, hint)


def _too_many_bytes(size: int, limit: int) -> Rejected:
    reason = f"It is {size / 2**20:.0f} MB large; at most {limit / 2**20:.0f} MB are taken."
    return Rejected("too_many_bytes", reason, "Make it smaller.")
