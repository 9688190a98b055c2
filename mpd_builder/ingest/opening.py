"""Opening what a source offers, and nothing else: below its root no link is followed, whenever it was put there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

from mpd_builder.ingest.items import Candidate, Rejected

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocking: to open a pipe would wait for somebody to write into it."""


@contextmanager
def opened(candidate: Candidate) -> Iterator[BufferedReader]:
    """The candidate's bytes. Raises `Rejected` for links and whatever else is no plain file, and `OSError`."""
    root = candidate.root or candidate.path.parent
    *folders, name = candidate.path.relative_to(root).parts
    with folder_below(root, tuple(folders)) as at:
        file = open_plain(name, at)
    with file:
        yield file


@contextmanager
def folder_below(root: Path, folders: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of the folder that `folders` lead to from `root` (which may be a link itself; none of them may)."""
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            if stat.S_ISLNK(os.stat(folder, dir_fd=at, follow_symlinks=False).st_mode):
                raise linked(f"Its folder {folder!r} is")
            at, above = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=at), at
            os.close(above)
        yield at
    finally:
        os.close(at)


def open_plain(name: str, at: int) -> BufferedReader:
    """The plain file `name` in the folder with the descriptor `at`. Raises `Rejected` for all others, and `OSError`."""
    _plain(os.stat(name, dir_fd=at, follow_symlinks=False))
    try:
        file = os.open(name, _FILE, dir_fd=at)
    except OSError as error:
        if error.errno == errno.ELOOP:  # it became one just now
            raise linked("It is") from error
        raise
    try:
        _plain(os.fstat(file))
        return os.fdopen(file, "rb")
    except BaseException:
        os.close(file)
        raise


def linked(what: str) -> Rejected:
    return Rejected("not_a_file", f"{what} a link; links are not followed.", "Put the files themselves there.")


def _plain(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise linked("It is")
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a plain file"
        raise Rejected("not_a_file", f"It is {what}; only plain files are taken.", "Copy the file itself here.")
