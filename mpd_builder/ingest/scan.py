"""Walking a folder for files that may be paintings or music."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mpd_builder.ingest.items import Candidate, Details, MetadataError
from mpd_builder.ingest.metadata import Row, printable, read_metadata

NOT_MEDIA: Final = frozenset(
    {".md", ".rst", ".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".xml", ".log", ".sha256"}
)
_SYSTEM_FILES: Final = frozenset({"thumbs.db", "desktop.ini"})


def scan_folder(root: Path) -> Iterator[Candidate]:
    """Yield every file under `root` that may be media, by folder and name, with the metadata that lie beside it.

    Hidden files and folders and documents (`NOT_MEDIA`) are passed over; linked folders are not entered. A file that a
    metadata row names and that is not there is yielded too, so that it is reported. Of two CSV files naming one file,
    the nearer folder's wins. Raises `MetadataError` for CSV files that cannot be relied on, `NotADirectoryError` for a
    `root` that is no folder.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder.")
    listed: dict[Path, tuple[Details, str]] = {}
    missing: dict[Path, Candidate] = {}
    for folder_name, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        folder = Path(folder_name)
        names = sorted(name for name in files if not name.startswith("."))
        for name in names:
            if name.lower().endswith(".csv"):
                for row in read_metadata(folder / name) or ():
                    _list(listed, missing, root, folder / name, row)
        for name in names:
            if Path(name).suffix.lower() in NOT_MEDIA or name.lower() in _SYSTEM_FILES:
                continue
            path = folder / name
            missing.pop(_normal(path), None)
            details, listed_in = listed.get(_normal(path), (Details(), ""))
            yield Candidate(path, printable(path.relative_to(root).as_posix()), details, listed_in)
    yield from missing.values()


def _list(
    listed: dict[Path, tuple[Details, str]], missing: dict[Path, Candidate], root: Path, csv_path: Path, row: Row
) -> None:
    path = csv_path.parent / row.file
    where = f"{printable(csv_path.relative_to(root).as_posix())}, line {row.line}"
    listed[_normal(path)] = (row.details, where)
    missing[_normal(path)] = Candidate(path, printable(path.relative_to(root).as_posix()), row.details, where)


def _normal(path: Path) -> Path:
    """Names compare by their composed form: some systems store accents decomposed."""
    return Path(unicodedata.normalize("NFC", str(path)))


def _unreadable(error: OSError) -> None:
    raise MetadataError(f"{error.filename}: the folder cannot be read ({error.strerror}). Give this user access to it.")
