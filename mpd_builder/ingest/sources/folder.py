"""A plain folder of pictures and sound, with CSV metadata in it or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mpd_builder.ingest.items import Candidate, Details, Remark
from mpd_builder.ingest.metadata import Metadata, printable
from mpd_builder.ingest.sources.contract import SourceOptions
from mpd_builder.ingest.sources.walking import csv_bytes, is_document, root_checked, walk


def nothing_known(name: str) -> Details:
    return Details()


class FolderSource:
    """Every file below `root` that may be a medium, by folder and name, with the metadata that lie beside it.

    Hidden files and folders and documents are passed over. Links are reported, never followed. A file that a metadata
    row names and that is not there is a candidate too, so that it is reported. Of two CSV files naming one file, the
    nearer folder's counts. What those leave open is filled from what is `known` of the name, from the person's
    defaults, then from the collection's.
    """

    def __init__(
        self,
        root: Path,
        options: SourceOptions,
        *,
        known: Callable[[str], Details] = nothing_known,
        defaults: Details | None = None,
    ) -> None:
        """Walk the folder once and read its metadata. Raises `SourceError` or `MetadataError`."""
        self.root = root_checked(root)
        self.known = known
        self.defaults = (options.defaults, defaults or Details())
        self.metadata = Metadata()
        self._count = met = 0
        for folder in walk(root):
            for file in folder.files:
                if file.lower().endswith(".csv"):
                    self.metadata.add(csv_bytes(root, folder, file), name=folder.name(file))
            self._count += folder.fault is not None
            for file in folder.files:
                if not is_document(file):
                    self._count += 1
                    met += folder.name(file) in self.metadata
        self._missing = len(self.metadata) - met

    def count(self) -> int:
        return self._count + self._missing

    def remarks(self) -> tuple[Remark, ...]:
        return ()

    def candidates(self) -> Iterator[Candidate]:
        for folder in walk(self.root):
            if folder.fault is not None:
                yield Candidate(self.root / folder.place, printable(folder.place), fault=folder.fault)
            for file in folder.files:
                if not is_document(file):
                    yield self._candidate(folder.name(file))
        if self._missing:
            yield from self._listed_only()

    def release(self, candidate: Candidate) -> None:
        """Nothing was unpacked."""

    def _candidate(self, name: str) -> Candidate:
        listed = self.metadata.get(name)
        details = (listed.details if listed else Details()).completed(self.known(name), *self.defaults)
        where = listed.where if listed else ""
        return Candidate(self.root / name, printable(name), details, where, root=self.root)

    def _listed_only(self) -> Iterator[Candidate]:
        """What the metadata name and the walk does not meet."""
        missing = set(self.metadata)
        for folder in walk(self.root):
            missing.difference_update(folder.name(file) for file in folder.files if not is_document(file))
        yield from (self._candidate(name) for name in self.metadata if name in missing)
