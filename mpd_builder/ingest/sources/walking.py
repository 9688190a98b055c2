"""Walking the folders below a root: folder by folder, by name, never along a link."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from mpd_builder.ingest.items import MetadataError, Rejected, SourceError
from mpd_builder.ingest.metadata import MAX_CSV_BYTES, printable
from mpd_builder.ingest.opening import folder_below, open_plain

NOT_MEDIA: Final = frozenset(
    {".md", ".rst", ".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".xml", ".log", ".sha256"}
)
_SYSTEM_NAMES: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder: its place below the root (`""` is the root), and its files by name; links count as files.

    `fault` says why it could not be looked into.
    """

    place: str
    files: tuple[str, ...] = ()
    fault: Rejected | None = None

    def name(self, file: str) -> str:
        """The file's name relative to the root."""
        return f"{self.place}/{file}" if self.place else file


def root_checked(root: Path) -> Path:
    """The root, when it is a folder that can be read (a link to one may be named). Raises `SourceError`."""
    try:
        with os.scandir(root):
            return root
    except NotADirectoryError as error:
        raise SourceError(f"{root} is not a folder. Name the folder that holds the files.") from error
    except FileNotFoundError as error:
        raise SourceError(f"{root} is not a folder: there is nothing of that name. Check the spelling.") from error
    except OSError as error:
        raise SourceError(f"{root} cannot be read ({error.strerror}). Give this user access to it.") from error


def walk(root: Path, *, start: Sequence[str] = ("",)) -> Iterator[Folder]:
    """Yield each place of `start` (the root) and the folders below it, a folder before those inside it, by name.

    Hidden folders are passed over.
    """
    to_do = [PurePosixPath(place).parts for place in reversed(start)]
    while to_do:
        parts = to_do.pop()
        place = "/".join(parts)
        try:
            with folder_below(root, parts) as at:
                folders, files = _sorted_out(at)
        except Rejected as fault:
            yield Folder(place, fault=fault)
        except OSError as error:
            reason = f"The folder cannot be read ({error.strerror}), and nothing in it was taken."
            yield Folder(place, fault=Rejected("unreadable", reason, "Give this user access to it."))
        else:
            to_do.extend((*parts, name) for name in reversed(folders))
            yield Folder(place, files=tuple(files))


def subfolders(root: Path, place: str) -> list[str]:
    """The names of the folders directly inside; none where it cannot be read."""
    try:
        with folder_below(root, PurePosixPath(place).parts) as at:
            return _sorted_out(at)[0]
    except (OSError, Rejected):
        return []


def is_passed_over(name: str) -> bool:
    """Whether the name is of a hidden file or of one that a system leaves behind."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def is_document(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in NOT_MEDIA


def csv_bytes(root: Path, folder: Folder, file: str) -> bytes:
    """A CSV's bytes, one more than allowed at most. Raises `MetadataError` where it cannot be read."""
    name = printable(folder.name(file))
    try:
        with folder_below(root, PurePosixPath(folder.place).parts) as at, open_plain(file, at) as opened:
            return opened.read(MAX_CSV_BYTES + 1)
    except Rejected as rejected:
        raise MetadataError(f"{name}: {rejected.reason} {rejected.hint}") from rejected
    except OSError as error:
        raise MetadataError(f"{name} cannot be read ({error.strerror}). Give this user access to it.") from error


def _sorted_out(at: int) -> tuple[list[str], list[str]]:
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(at) as entries:
        for entry in entries:
            if not is_passed_over(entry.name):
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    return sorted(folders), sorted(files)
