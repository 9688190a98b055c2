"""Copying a file and taking its digest; or cloning it where the file system can.

A clone (reflink) shares the bytes on disk until one of the two files changes: it costs nothing, and the snapshot stays
as it is whatever happens to the media store. Elsewhere the system copies by itself (`copy_file_range`), and where it
cannot, the bytes go through here. The digest is always that of the new file as it lies there. Hard links are not used:
they would be one file under two names, so that sealing the snapshot made the store's file read-only, and a change of
the store's file would change the snapshot.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TypeVar

from mpd_builder.snapshot.manifest import FileFact

BLOCK = 1 << 18
MOST = 1 << 30
"""So many bytes at once are asked of the system."""
NOT_HERE = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY)
"""What a system says that cannot copy between two files by itself."""
HEAD = 16
THREADS = min(8, os.cpu_count() or 1)
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
    with source.open("rb", buffering=0) as read, target.open("x+b", buffering=0) as written:
        if not (_cloned(read, written) or _copied_by_the_system(read, written)):
            written.truncate(0)
            read.seek(0)
            shutil.copyfileobj(read, written, BLOCK)
        written.seek(0)
        return _digested(written)


def digest_of(path: Path) -> FileFact:
    """The digest and size of a file."""
    with path.open("rb", buffering=0) as file:
        return _digested(file).fact


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


def _copied_by_the_system(read: IO[bytes], written: IO[bytes]) -> bool:
    try:
        while os.copy_file_range(read.fileno(), written.fileno(), MOST):
            pass
    except OSError as error:
        if error.errno in NOT_HERE:
            return False
        raise
    return True


def _digested(file: IO[bytes]) -> Copied:
    digest, head, n_bytes = hashlib.sha256(), b"", 0
    block = memoryview(bytearray(BLOCK))
    while count := file.readinto(block):  # type: ignore[attr-defined]
        digest.update(block[:count])
        head = head or bytes(block[: min(count, HEAD)])
        n_bytes += count
    return Copied(FileFact(digest.hexdigest(), n_bytes), head)
