"""A plain folder of pictures and sound, with CSV metadata in it or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from mpd_builder.ingest.items import Candidate, Details, MetadataError, Rejected, Remark, SourceError
from mpd_builder.ingest.metadata import Listed, Metadata, composed, printable
from mpd_builder.ingest.sources.contract import SourceOptions
from mpd_builder.ingest.sources.walking import Folder, csv_bytes, is_document, root_checked, walk
from mpd_builder.ingest.sources.zips.opening import ZipOpener, is_zip
from mpd_builder.ingest.sources.zips.source import ZipSource

PLAIN: Final = SourceOptions()


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
        options: SourceOptions = PLAIN,
        *,
        known: Callable[[str], Details] = nothing_known,
        defaults: Details | None = None,
        zips: ZipOpener | None = None,
    ) -> None:
        """Walk the folder once and read its metadata. Raises `SourceError` or `MetadataError`.

        With `zips`, archives met on the way are opened as folders of their name. One that cannot be is one fault.
        """
        self.root = root_checked(root)
        self.known = known
        self.defaults = (options.defaults, defaults or Details())
        self.zips = zips
        self.metadata = Metadata()
        self._count = 0
        met: set[str] = set()
        for folder in walk(root):
            for file in folder.files:
                if file.lower().endswith(".csv"):
                    self.metadata.add(csv_bytes(root, folder, file), name=folder.name(file))
            self._count += folder.fault is not None
            for file in folder.files:
                if not is_document(file):
                    self._count += self._met(folder, file, met)
        absent = {name.casefold(): name for name in self.metadata if name not in met}
        self._renamed = dict(self._but_for_capitals(absent)) if absent else {}
        taken = set(self._renamed.values())
        self._absent = tuple(name for name in self.metadata if name not in met and name not in taken)

    def _but_for_capitals(self, absent: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Files that no row names, each with the row that does but for capitals: `a.JPG` where a list says `a.jpg`."""
        for folder in walk(self.root):
            for name in map(composed, map(folder.name, folder.files)):
                if not is_document(name) and name not in self.metadata and name.casefold() in absent:
                    yield name, absent.pop(name.casefold())

    def _met(self, folder: Folder, file: str, met: set[str]) -> int:
        """How many candidates the file stands for; notes the metadata's names that it answers to."""
        if self.zips is None or not is_zip(file):
            if (name := composed(folder.name(file))) in self.metadata:
                met.add(name)
            return 1
        try:
            with self._opened_zip(self.zips, folder, file) as archive:
                names = (name for inner in archive.names() for name in _outside_names(folder, file, inner))
                met.update(name for name in names if name in self.metadata)
                return archive.count()
        except (SourceError, MetadataError):
            return 1

    def count(self) -> int:
        return self._count + len(self._absent)

    def remarks(self) -> tuple[Remark, ...]:
        return ()

    def candidates(self) -> Iterator[Candidate]:
        for folder in walk(self.root):
            if folder.fault is not None:
                yield Candidate(self.root / folder.place, printable(folder.place), fault=folder.fault)
            for file in folder.files:
                if is_document(file):
                    continue
                if self.zips is not None and is_zip(file):
                    yield from self._of_zip(self.zips, folder, file)
                else:
                    yield self._candidate(folder.name(file))
        yield from (self._candidate(name) for name in self._absent)

    def release(self, candidate: Candidate) -> None:
        if self.zips is not None:
            self.zips.scratch.release(candidate)

    def _candidate(self, name: str) -> Candidate:
        listed = self.metadata.get(self._renamed.get(composed(name), name))
        details = (listed.details if listed else Details()).completed(self.known(name), *self.defaults)
        where = listed.where if listed else ""
        states_title = bool(listed and listed.details.title)
        return Candidate(self.root / name, printable(name), details, where, root=self.root, states_title=states_title)

    def _of_zip(self, zips: ZipOpener, folder: Folder, file: str) -> Iterator[Candidate]:
        try:
            with self._opened_zip(zips, folder, file) as archive:
                yield from archive.candidates()
        except (SourceError, MetadataError) as error:
            fault = Rejected("archive", f"Nothing in this archive was taken. {error}")
            yield Candidate(self.root / folder.name(file), printable(folder.name(file)), fault=fault)

    def _opened_zip(self, zips: ZipOpener, folder: Folder, file: str) -> AbstractContextManager[ZipSource]:
        def outside(inner: str) -> Listed | None:
            return next(filter(None, map(self.metadata.get, _outside_names(folder, file, inner))), None)

        return zips.opened(self.root, folder, file, defaults=self.defaults, outside=outside)


def _outside_names(folder: Folder, file: str, inner: str) -> tuple[str, str]:
    """How metadata beside an archive may name a member: in a folder of the archive's name, or as if unpacked there."""
    return composed(f"{folder.name(file)}/{inner}"), composed(folder.name(inner))
