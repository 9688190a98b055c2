"""A snapshot in the making: a hidden folder beside its future place, which becomes the snapshot in one rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mpd_builder.snapshot.manifest import SUMS_NAME, FileFact, sums_bytes


class SnapshotExists(FileExistsError):
    """There is something at the snapshot's place already; snapshots are never overwritten."""


class ArrayStream:
    """A `.npy` file written row by row, hashed on the way, so that no more than a row is in memory."""

    def __init__(self, path: Path, *, rows: int, row_shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self.shape = (rows, *row_shape)
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self._digest = hashlib.sha256()
        self._written = 0
        self._file = path.open("xb")
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(self, header)

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        return self._file.write(content)

    def append(self, row: npt.NDArray[np.generic]) -> None:
        if row.shape != self.shape[1:]:
            raise ValueError(f"a row of shape {row.shape} does not fit {self.shape}")
        self.write(row.astype(self.dtype, copy=False).tobytes())
        self._written += 1

    def close(self) -> FileFact:
        """Finish the file; raise ValueError if rows are missing."""
        n_bytes = self._file.tell()
        self._file.close()
        if self._written != self.shape[0]:
            raise ValueError(f"{self._written} rows were written of {self.shape[0]}")
        return FileFact(self._digest.hexdigest(), n_bytes)

    def abandon(self) -> None:
        self._file.close()


class Draft:
    """The files written so far, with their digests. `files` never lists the checksum file itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, FileFact] = {}

    def path(self, name: str) -> Path:
        """Where the file `name` goes; makes its folder."""
        place = self.folder / name
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        return place

    def add_bytes(self, name: str, content: bytes) -> None:
        """Write a file. A name that is there already is kept: such names are digests of their content."""
        if name in self.files:
            return
        self.path(name).write_bytes(content)
        self.files[name] = FileFact(hashlib.sha256(content).hexdigest(), len(content))

    def add_written(self, name: str) -> None:
        """Take in a file that another library wrote at `path(name)`."""
        with self.path(name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.files[name] = FileFact(digest, self.path(name).stat().st_size)

    @contextlib.contextmanager
    def array(self, name: str, *, rows: int, row_shape: tuple[int, ...], dtype: npt.DTypeLike) -> Iterator[ArrayStream]:
        """Stream an array into the file `name`."""
        stream = ArrayStream(self.path(name), rows=rows, row_shape=row_shape, dtype=dtype)
        try:
            yield stream
            self.files[name] = stream.close()
        finally:
            stream.abandon()

    def seal(self, out_dir: Path) -> str:
        """Write the checksums, make all read-only and durable, move to `out_dir`; the snapshot's digest."""
        sums = sums_bytes({name: fact.sha256 for name, fact in self.files.items()})
        _make_durable(self.folder)
        (self.folder / SUMS_NAME).write_bytes(sums)
        _make_durable(self.folder)
        try:
            self.folder.rename(out_dir)
        except OSError as error:
            if out_dir.exists():
                raise SnapshotExists(_exists(out_dir)) from error
            raise
        _sync(out_dir.parent)
        return hashlib.sha256(sums).hexdigest()


@contextlib.contextmanager
def draft(out_dir: Path) -> Iterator[Draft]:
    """A draft of `out_dir`. Whatever ends the block before `seal`, nothing of it stays."""
    if os.path.lexists(out_dir):
        raise SnapshotExists(_exists(out_dir))
    folder = out_dir.parent / f".{out_dir.name}.{secrets.token_hex(4)}.partial"
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o755)
    try:
        yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard_leftovers(out_dir: Path) -> None:
    """Remove drafts of `out_dir` that a killed process left. Only for a caller who knows that none is being written."""
    for leftover in out_dir.parent.glob(f".{out_dir.name}.*.partial"):
        shutil.rmtree(leftover)


def _exists(out_dir: Path) -> str:
    return f"There is something at {out_dir} already. A snapshot is never overwritten: choose another place."


def _make_durable(folder: Path) -> None:
    """Flush files and folders to the disk, bottom up; files become read-only."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            place = Path(parent, name)
            if place.stat().st_mode & 0o222:
                _sync(place)
                place.chmod(0o444)
        _sync(Path(parent))


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
