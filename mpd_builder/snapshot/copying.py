"""Copying a file while taking its digest, so that each byte is read once; or cloning it where the file system can.

A clone (reflink) shares the bytes on disk until one of the two files changes: it costs nothing, and the snapshot stays
as it is whatever happens to the media store. Hard links are not used: they would be one file under two names, so that
sealing the snapshot made the store's file read-only, and a change of the store's file would change the snapshot.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from os import cpu_count
from pathlib import Path
from typing import IO, TypeVar

from mpd_builder.snapshot.manifest import FileFact

BLOCK = 1 << 18
HEAD = 16
THREADS = min(8, cpu_count() or 1)
FLUSHES = 32
"""So many flushes to the disk at once: it writes them together, ten times as fast as one after the other."""

_FICLONE = 0x40049409  # linux/fs.h: share the bytes of another file

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a new file holds: its digest and size, and its first bytes."""

    fact: FileFact
    head: bytes


def copy_of(source: Path | bytes, target: Path) -> Copied:
    """Write a file, or bytes, to the new file `target`."""
    if isinstance(source, bytes):
        target.write_bytes(source)
        return Copied(FileFact(hashlib.sha256(source).hexdigest(), len(source)), source[:HEAD])
    with source.open("rb", buffering=0) as read, target.open("xb", buffering=0) as written:
        return _digested(read, None if _cloned(read, written) else written)


def digest_of(path: Path) -> FileFact:
    """The digest and size of a file."""
    with path.open("rb", buffering=0) as file:
        return _digested(file, None).fact


def in_threads(work: Callable[[T], R], items: Iterable[T], *, threads: int = THREADS) -> Generator[R, None, None]:
    """`work` done to all items, on as many threads as there are cores or as asked; results in the items' order.

    A few items only are ahead of the one whose result is taken, so that memory stays flat.
    """
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        ahead = deque(pool.submit(work, item) for item in islice(rest, 4 * threads))
        try:
            while ahead:
                done = ahead.popleft().result()
                ahead.extend(pool.submit(work, item) for item in islice(rest, 1))
                yield done
        finally:
            for future in ahead:
                future.cancel()


def _cloned(read: IO[bytes], written: IO[bytes]) -> bool:
    try:
        fcntl.ioctl(written.fileno(), _FICLONE, read.fileno())
    except OSError:  # another file system, or one that cannot
        return False
    return True


def _digested(read: IO[bytes], written: IO[bytes] | None) -> Copied:
    """Read to the end, and write what is read."""
    digest, head, n_bytes = hashlib.sha256(), b"", 0
    block = memoryview(bytearray(BLOCK))
    while count := read.readinto(block):  # type: ignore[attr-defined]
        part = block[:count]
        digest.update(part)
        head = head or bytes(part[:HEAD])
        n_bytes += count
        while written is not None and len(part):
            part = part[written.write(part) :]
    return Copied(FileFact(digest.hexdigest(), n_bytes), head)
