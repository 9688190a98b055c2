"""A snapshot in the making: a hidden folder beside its future place, which becomes the snapshot in one rename."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mpd_builder.snapshot.copying import FLUSHES, copy_of, digest_of, in_threads
from mpd_builder.snapshot.manifest import SUMS_NAME, FileFact, sums_bytes
from mpd_builder.snapshot.media import media_digits

STAGE = "stage"
"""Where files lie that have no name yet."""

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}\.partial")


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


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that is in the draft and has no name yet."""

    place: Path
    fact: FileFact
    head: bytes


class Draft:
    """The files written so far, with their digests. `files` never lists the checksum file itself.

    `has` and `stage` may be called from several threads at once, all others by the one that has the draft.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, FileFact] = {}
        self.adopted: dict[str, FileFact] = {}
        """Media of an earlier attempt: whole, and not asked for yet."""
        self._numbers = count()
        self._folders: set[Path] = set()

    def path(self, name: str) -> Path:
        """Where the file `name` goes; makes its folder."""
        place = self.folder / name
        if place.parent not in self._folders:
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._folders.add(place.parent)
        return place

    def add_bytes(self, name: str, content: bytes) -> None:
        """Write a file. A name that is there already is kept: such names are digests of their content."""
        if name in self.files:
            return
        self.path(name).write_bytes(content)
        self.files[name] = FileFact(hashlib.sha256(content).hexdigest(), len(content))

    def add_copy(self, name: str, source: Path) -> None:
        """Copy a file."""
        self.take(name, self.stage(source))

    def add_written(self, name: str) -> None:
        """Take in a file that another library wrote at `path(name)`."""
        self.files[name] = digest_of(self.path(name))

    def has(self, name: str, sha256: str) -> bool:
        """Whether the media file is here, with this digest."""
        fact = self.files.get(name) or self.adopted.get(name)
        return fact is not None and fact.sha256 == sha256

    def stage(self, content: bytes | Path) -> Staged:
        """Bring a file in, or bytes, before its name is known."""
        place = self.path(f"{STAGE}/{next(self._numbers)}")
        copied = copy_of(content, place)
        return Staged(place, copied.fact, copied.head)

    def take(self, name: str, staged: Staged | None) -> None:
        """Give a staged file its name; without one, take over the adopted file of that name.

        One that is there already is kept: such names are digests of their content.
        """
        if staged is None:
            self.files[name] = self.files.get(name) or self.adopted[name]
        elif name in self.files:
            staged.place.unlink()
        else:
            staged.place.rename(self.path(name))
            self.files[name] = staged.fact

    @contextlib.contextmanager
    def array(self, name: str, *, rows: int, row_shape: tuple[int, ...], dtype: npt.DTypeLike) -> Iterator[ArrayStream]:
        """Stream an array into the file `name`."""
        stream = ArrayStream(self.path(name), rows=rows, row_shape=row_shape, dtype=dtype)
        try:
            yield stream
            self.files[name] = stream.close()
        finally:
            stream.abandon()

    def adopt(self) -> None:
        """Keep what an earlier attempt left of media, each with the digest that it is named for; nothing else."""
        names = [name for name in _plain_files(self.folder) if media_digits(name)]
        facts = dict(zip(names, in_threads(lambda name: digest_of(self.folder / name), names), strict=True))
        self.adopted = {name: fact for name, fact in facts.items() if fact.sha256.startswith(media_digits(name))}
        self.keep_only(self.adopted)

    def keep_only(self, names: Container[str]) -> None:
        """Remove all other files, and folders that are empty then."""
        for parent, folders, files in os.walk(self.folder, topdown=False):
            for name in files:
                place = Path(parent, name)
                if place.relative_to(self.folder).as_posix() not in names:
                    place.unlink()
            for place in (Path(parent, name) for name in folders):
                if place.is_symlink():
                    place.unlink()
                elif not os.listdir(place):
                    place.rmdir()

    def seal(self, out_dir: Path) -> str:
        """Write the checksums, make all read-only and durable, move to `out_dir`; the snapshot's digest."""
        sums = sums_bytes({name: fact.sha256 for name, fact in self.files.items()})
        self.keep_only(self.files)
        for _ in in_threads(_make_final, [self.folder / name for name in self.files], threads=FLUSHES):
            pass  # each is done once it is told of
        (self.folder / SUMS_NAME).write_bytes(sums)
        _make_final(self.folder / SUMS_NAME)
        for folder, _, _ in os.walk(self.folder, topdown=False):
            _sync(Path(folder))
        try:
            self.folder.rename(out_dir)
        except OSError as error:
            if out_dir.exists():
                raise SnapshotExists(_exists(out_dir)) from error
            raise
        _sync(out_dir.parent)
        return hashlib.sha256(sums).hexdigest()


@contextlib.contextmanager
def draft(out_dir: Path, *, resume: bool = False) -> Iterator[Draft]:
    """A draft of `out_dir`. Whatever ends the block before `seal`, nothing of it stays.

    resume: begin with the media that an attempt left which was cancelled or killed; and leave one's own when the block
    is broken off by anything but an OSError or a ValueError. Those are the work's own failures: no room, bad media.
    """
    if os.path.lexists(out_dir):
        raise SnapshotExists(_exists(out_dir))
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with _claimed(out_dir, resume=resume) as made:
        stays = False
        try:
            yield made
        except (OSError, ValueError):
            raise
        except BaseException:
            stays = resume
            raise
        finally:
            media = {name for name in {*made.files, *made.adopted} if media_digits(name)}
            if stays and media:
                made.keep_only(media)
            else:
                shutil.rmtree(made.folder, ignore_errors=True)


def discard_leftovers(out_dir: Path) -> None:
    """Remove drafts of `out_dir` that a cancelled or killed export left. One that is being written stays."""
    for leftover in _drafts(out_dir):
        with _held(leftover) as is_ours:
            if is_ours:
                shutil.rmtree(leftover)


def is_draft(folder: Path) -> bool:
    """Whether a folder is named as a draft: it is no snapshot, whatever it holds."""
    return _DRAFT.fullmatch(folder.resolve().name) is not None


@contextlib.contextmanager
def _claimed(out_dir: Path, *, resume: bool) -> Iterator[Draft]:
    """A draft that is this process's own: of what others left, if anything, or new."""
    folder = out_dir.parent / f".{out_dir.name}.{secrets.token_hex(4)}.partial"
    for leftover in _drafts(out_dir) if resume else ():
        with _held(leftover) as is_ours:
            if is_ours:
                leftover.rename(folder)
                made = Draft(folder)
                made.adopt()
                yield made
                return
    folder.mkdir(mode=0o755)
    with _held(folder):
        yield Draft(folder)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Hold the folder while the block lasts; whether it was free. A killed process holds nothing."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # its owner sealed or removed it, or it is a link: no draft is one
        yield False
        return
    try:
        yield _locked(handle) and folder.exists()
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody has it, or the file system knows no locks: then nothing is taken over
        return False
    return True


def _drafts(out_dir: Path) -> list[Path]:
    return sorted(out_dir.parent.glob(f".{glob.escape(out_dir.name)}.????????.partial"))


def _plain_files(root: Path) -> list[str]:
    """The paths of plain files below `root`: no links, nothing behind one."""
    return [
        place.relative_to(root).as_posix()
        for parent, _, names in os.walk(root)
        for place in (Path(parent, name) for name in names)
        if place.is_file() and not place.is_symlink()
    ]


def _exists(out_dir: Path) -> str:
    return f"There is something at {out_dir} already. A snapshot is never overwritten: choose another place."


def _make_final(place: Path) -> None:
    """Flush a file to the disk and make it read-only."""
    _sync(place)
    place.chmod(0o444)


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
