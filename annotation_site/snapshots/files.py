"""The files of a sealed snapshot, one by one: only what its seal lists, and never through a link."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from annotation_site.folders import open_below
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder
from mpd_builder.snapshot.manifest import MANIFEST_NAME, SUMS_NAME, ManifestError, is_inside, parse, parse_sums

TABLES, DOCUMENTS, FIGURES, ARRAYS, MEDIA = "Tables", "Documents", "Figures", "Arrays", "Media"
GROUPS = (DOCUMENTS, TABLES, FIGURES, ARRAYS, MEDIA)
_FOLDERS = {"data": TABLES, "figures": FIGURES, "arrays": ARRAYS, "media": MEDIA}


class NoSuchFile(LookupError):
    """The snapshot has no file of this name, or it is gone."""


class FolderGone(NoSuchFile):
    """The folder is not on this machine, or is no snapshot any more; the text says so to a person."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as the seal names it. `n_rows` is of a table, else None."""

    name: str
    n_bytes: int
    sha256: str
    group: str
    n_rows: int | None = None


def files_of(snapshot: Snapshot) -> list[File]:
    """All its files, group by group, then by name. Raises `FolderGone`."""
    folder = snapshot_folder(snapshot)
    sums = _sums(folder)
    manifest = manifest_of(snapshot)
    rows = {each["path"]: each["rows"] for each in manifest["tables"].values() if "path" in each}
    sizes = {name: each["bytes"] for name, each in manifest["files"].items()}
    found = [File(name, sizes.get(name, -1), digest, _group(name), rows.get(name)) for name, digest in sums.items()]
    known = [each if each.n_bytes >= 0 else _measured(folder, each) for each in found]
    return sorted(known, key=lambda each: (GROUPS.index(each.group), each.name))


def manifest_of(snapshot: Snapshot) -> dict[str, Any]:
    """The manifest as it lies in the folder. Raises `FolderGone`."""
    try:
        return parse((snapshot_folder(snapshot) / MANIFEST_NAME).read_bytes())
    except (OSError, ManifestError) as error:
        raise FolderGone(_gone(snapshot_folder(snapshot))) from error


def file_open(snapshot: Snapshot, name: str) -> tuple[BinaryIO, File]:
    """One file that the seal lists, open for reading. Raises `NoSuchFile` for any other name and for links."""
    folder = snapshot_folder(snapshot)
    sums = _sums(folder) | {SUMS_NAME: snapshot.digest}
    parts = name.split("/")
    if name not in sums or not is_inside(parts):
        raise NoSuchFile(f"The snapshot has no file {name!r}.")
    try:
        opened = open_below(folder, parts)
    except OSError as error:
        raise NoSuchFile(f"The file {name!r} is gone, or is no plain file any more.") from error
    return opened, File(name, os.fstat(opened.fileno()).st_size, sums[name], _group(name))


def _sums(folder: Path) -> dict[str, str]:
    try:
        return parse_sums((folder / SUMS_NAME).read_bytes())
    except (OSError, ManifestError) as error:
        raise FolderGone(_gone(folder)) from error


def _gone(folder: Path) -> str:
    return f"The snapshot's folder {folder.name} is not here, or no snapshot any more. Restore it from a copy."


def _group(name: str) -> str:
    return _FOLDERS.get(name.split("/")[0], DOCUMENTS) if "/" in name else DOCUMENTS


def _measured(folder: Path, file: File) -> File:
    """The manifest's own size is in no manifest."""
    try:
        size = (folder / file.name).lstat().st_size
    except OSError:
        size = 0
    return File(file.name, size, file.sha256, file.group, file.n_rows)
