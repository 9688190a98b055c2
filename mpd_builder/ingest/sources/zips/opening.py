"""Opening archives: one that a person named, or one that lies in a folder, without following a link to it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path, PurePosixPath

from mpd_builder.ingest.items import Details, Limits, Rejected, SourceError
from mpd_builder.ingest.opening import folder_below, open_plain
from mpd_builder.ingest.sources.walking import Folder
from mpd_builder.ingest.sources.zips.directory import Archive
from mpd_builder.ingest.sources.zips.source import Outside, Scratch, ZipSource, nothing_outside


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


@dataclass(frozen=True, slots=True)
class ZipOpener:
    """What every archive of one source shares."""

    limits: Limits
    scratch: Scratch

    @contextmanager
    def named(self, path: Path, *, defaults: tuple[Details, ...]) -> Iterator[ZipSource]:
        """The archive at `path`, which may be a link. Raises `SourceError`, naming it, or `MetadataError`."""
        with _file(path) as file:
            try:
                source = self._source(Archive(file.fileno()), place="", defaults=defaults, outside=nothing_outside)
            except SourceError as error:
                raise SourceError(f"{path}: {error}") from error
            yield source

    @contextmanager
    def opened(
        self, root: Path, folder: Folder, file: str, *, defaults: tuple[Details, ...], outside: Outside
    ) -> Iterator[ZipSource]:
        """The archive `file` in a folder below `root`. Raises `SourceError` or `MetadataError`."""
        try:
            with folder_below(root, PurePosixPath(folder.place).parts) as at:
                opened = open_plain(file, at)
        except Rejected as rejected:
            raise SourceError(str(rejected)) from rejected
        except OSError as error:
            raise SourceError(f"It cannot be read ({error.strerror}). Give this user access to it.") from error
        with opened:
            archive = Archive(opened.fileno())
            yield self._source(archive, place=f"{folder.name(file)}/", defaults=defaults, outside=outside)

    def _source(self, archive: Archive, *, place: str, defaults: tuple[Details, ...], outside: Outside) -> ZipSource:
        return ZipSource(
            archive, place=place, limits=self.limits, scratch=self.scratch, defaults=defaults, outside=outside
        )


def _file(path: Path) -> FileIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a folder, not a zip archive. Import it as a folder." if path.is_dir() else "not a plain file."
            raise SourceError(f"{path} is {what}")
        return FileIO(path)
    except FileNotFoundError as error:
        raise SourceError(f"{path} is not there. Check the spelling.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}). Give this user access to it.") from error
