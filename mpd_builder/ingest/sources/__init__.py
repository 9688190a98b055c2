"""Where candidates come from: `open_source(kind, path)` gives a source, and a source gives its candidates in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mpd_builder.ingest.items import Limits
from mpd_builder.ingest.sources.aacp import AacpSource
from mpd_builder.ingest.sources.contract import PAPER_STYLES, Source, SourceKind, SourceOptions
from mpd_builder.ingest.sources.deam import DeamSource
from mpd_builder.ingest.sources.folder import FolderSource
from mpd_builder.ingest.sources.wikiart import WikiArtSource
from mpd_builder.ingest.sources.zips.opening import ZipOpener
from mpd_builder.ingest.sources.zips.source import Scratch

__all__ = ["PAPER_STYLES", "FolderSource", "Source", "SourceKind", "SourceOptions", "open_source"]


@contextmanager
def open_source(
    kind: SourceKind,
    path: Path,
    *,
    options: SourceOptions,
    limits: Limits,
    scratch: Path,
) -> Iterator[Source]:
    """Open the folder or archive at `path`; its metadata and directories are read and checked here, no medium is.

    What has to be unpacked lies under `scratch`, an existing folder, and is gone when the context ends. Raises
    `SourceError` or `MetadataError` in a person's words when the source as a whole cannot be relied on.
    """
    with TemporaryDirectory(prefix="unpacked-", dir=scratch) as folder:
        zips = ZipOpener(limits, Scratch(Path(folder)))
        match kind:
            case SourceKind.FOLDER:
                yield FolderSource(path, options, zips=zips if options.open_archives else None)
            case SourceKind.WIKIART:
                yield WikiArtSource(path, options)
            case SourceKind.AACP:
                yield AacpSource(path, options)
            case SourceKind.DEAM:
                yield DeamSource(path, options)
            case SourceKind.ZIP:
                with zips.named(path, defaults=(options.defaults,)) as source:
                    yield source
