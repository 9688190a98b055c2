"""A zip archive as a source: its members one at a time, with the CSV metadata that lie among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from mpd_builder.ingest.items import Candidate, Details, Limits, MetadataError, Rejected, Remark
from mpd_builder.ingest.metadata import MAX_CSV_BYTES, Listed, Metadata, printable
from mpd_builder.ingest.sources.walking import is_document, is_passed_over
from mpd_builder.ingest.sources.zips.checks import archive_checked
from mpd_builder.ingest.sources.zips.directory import Archive, Entry
from mpd_builder.ingest.sources.zips.members import UNSAFE_NAME, entry_checked, is_folder, name_checked, unpacked


class Scratch:
    """The folder that members are unpacked into, each under a number: their names have no say in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def path(self) -> Path:
        return self.folder / str(next(self._numbers))

    def release(self, candidate: Candidate) -> None:
        """Remove the candidate's file, if it was unpacked here."""
        if candidate.root == self.folder:
            candidate.path.unlink(missing_ok=True)


Outside = Callable[[str], Listed | None]
"""What metadata beside the archive say of a member."""

Member = tuple[str, Entry, Rejected | None]
"""A member's name, its entry, and what is wrong with it by its name or its entry alone."""

_TWICE: Final = Rejected(
    "same_name",
    "Another file in the archive has the same name (capitals aside), and it is not clear which one is meant.",
    "Rename one of the two and pack the archive again.",
)


def nothing_outside(name: str) -> Listed | None:
    return None


class ZipSource:
    """The members of an archive that may be media, in its own order. Hidden ones and documents are passed over.

    A member's file is made when its candidate is drawn and removed by `release`, so the disk holds those under way
    alone. A fault of one member costs that member.
    """

    def __init__(
        self,
        archive: Archive,
        *,
        place: str,
        limits: Limits,
        scratch: Scratch,
        defaults: tuple[Details, ...],
        outside: Outside = nothing_outside,
    ) -> None:
        """Check the whole archive and read its metadata; `place` is put before its members' names.

        Raises `SourceError` or `MetadataError`. Nothing is unpacked yet, but for the CSV files, in memory.
        """
        self.archive = archive
        self.place = place
        self.limits = limits
        self.scratch = scratch
        self.defaults = defaults
        self.outside = outside
        self.metadata = Metadata(place)
        archive_checked(archive, limits)
        self._count, lists = 0, []
        for member in self._members():
            self._count += _is_medium(member)
            if member[0].lower().endswith(".csv"):
                lists.append(member)
        self._read_metadata(lists)
        met = {name for name, _, _ in self._media()} if len(self.metadata) else set()
        self._absent = tuple(name for name in self.metadata if name not in met)

    def count(self) -> int:
        return self._count + len(self._absent)

    def remarks(self) -> tuple[Remark, ...]:
        return ()

    def names(self) -> Iterator[str]:
        """The names of its media, relative to the archive."""
        return (name for name, _, _ in self._media())

    def candidates(self) -> Iterator[Candidate]:
        for name, entry, fault in self._media():
            path = self.scratch.path()
            yield self._candidate(name, path, fault or self._unpack(entry, path))
        for name in self._absent:
            listed = self.metadata.get(name)
            reason = f"{listed.where if listed else 'The list'} names it, but it is not in the archive."
            fault = Rejected("missing", reason, "Add the file or remove the row.")
            yield self._candidate(name, self.scratch.path(), fault)

    def release(self, candidate: Candidate) -> None:
        self.scratch.release(candidate)

    def _candidate(self, name: str, path: Path, fault: Rejected | None) -> Candidate:
        listed = self.metadata.get(name) or self.outside(name)
        details = (listed.details if listed else Details()).completed(*self.defaults)
        full = printable(f"{self.place}{name}")
        where, states_title = (listed.where, bool(listed.details.title)) if listed else ("", False)
        return Candidate(path, full, details, where, fault, root=self.scratch.folder, states_title=states_title)

    def _media(self) -> Iterator[Member]:
        return filter(_is_medium, self._members())

    def _members(self) -> Iterator[Member]:
        """Name, entry and fault of all members but folders, hidden files and what systems leave behind."""
        seen: set[int] = set()
        for entry in self.archive.entries():
            name, fault = name_checked(entry)
            if is_folder(entry) or (fault is None and any(is_passed_over(part) for part in name.split("/"))):
                continue
            key = hash(name.casefold())
            if fault is None:
                fault = _TWICE if key in seen else entry_checked(entry, name, self.limits)
            seen.add(key)
            yield name, entry, fault

    def _read_metadata(self, lists: list[Member]) -> None:
        """All CSV files, those of outer folders first, so that the nearer count."""
        for name, entry, fault in sorted(lists, key=lambda member: (member[0].count("/"), member[0])):
            place = printable(f"{self.place}{name}")
            if fault is not None:
                raise MetadataError(f"{place}: {fault.reason} {fault.hint}")
            if entry.size > MAX_CSV_BYTES:
                raise MetadataError(f"{place}: larger than {MAX_CSV_BYTES // 2**20} MB; that is no list of media.")
            try:
                self.metadata.add(b"".join(unpacked(self.archive, entry)), name=name)
            except Rejected as rejected:
                raise MetadataError(f"{place}: {rejected.reason} {rejected.hint}") from rejected

    def _unpack(self, entry: Entry, path: Path) -> Rejected | None:
        """Make the member's file; what is wrong with the member, where it cannot be made."""
        try:
            with path.open("xb") as file:
                for piece in unpacked(self.archive, entry):
                    file.write(piece)
        except Rejected as rejected:
            path.unlink()
            return rejected
        return None


def _is_medium(member: Member) -> bool:
    """Whether it may be one. A person should know of all whose names are unsafe, whatever they are."""
    name, _, fault = member
    return not is_document(name) or (fault is not None and fault.code == UNSAFE_NAME)
