"""Folders for what an import unpacks: gone when it ends, and swept away by the next one when it was killed.

Each is held by a lock on a file beside it. The system lets go of the lock with the process, however that ends, so a
folder whose lock can be had belongs to nobody.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_SUFFIX = ".lock"


@contextmanager
def scratch_folder(root: Path, *, name: str) -> Iterator[Path]:
    """An empty folder under `root` (made if need be) for as long as the context lasts. Raises OSError."""
    root.mkdir(parents=True, exist_ok=True)
    scratch_sweep(root)
    folder = root / f"{name}-{uuid4().hex[:12]}"
    lock = folder.with_suffix(_SUFFIX)
    held = _locked_new(lock)
    try:
        folder.mkdir()
        yield folder
    finally:
        _removed(folder, lock)
        os.close(held)


def scratch_sweep(root: Path) -> int:
    """Remove what killed imports left behind; returns how many folders."""
    removed = 0
    for lock in sorted(root.glob(f"*{_SUFFIX}")):
        held = _locked(lock)
        if held is not None:
            _removed(lock.with_suffix(""), lock)
            os.close(held)
            removed += 1
    return removed


def _locked_new(lock: Path) -> int:
    """The lock file's descriptor, locked. A sweep may take and remove the file before its maker has locked it."""
    while True:
        held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        if _is_there(lock, held):
            return held
        os.close(held)


def _locked(lock: Path) -> int | None:
    """The lock file's descriptor, locked; None when somebody else holds it or it is gone."""
    try:
        held = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    if _is_there(lock, held):
        return held
    os.close(held)
    return None


def _is_there(lock: Path, held: int) -> bool:
    try:
        return os.path.samestat(os.stat(lock), os.fstat(held))
    except FileNotFoundError:
        return False


def _removed(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.unlink(missing_ok=True)
