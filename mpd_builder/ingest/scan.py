"""A folder's candidates, for those who need no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mpd_builder.ingest.items import Candidate
from mpd_builder.ingest.sources.contract import SourceOptions
from mpd_builder.ingest.sources.folder import FolderSource


def scan_folder(root: Path) -> Iterator[Candidate]:
    """The candidates of the folder `root`. Raises `MetadataError` before the first of them.

    Raises `NotADirectoryError` for a `root` that is no folder.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder.")
    yield from FolderSource(root, SourceOptions()).candidates()
