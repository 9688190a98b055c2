"""Sources -> checked records: what may enter the corpus, and in which form."""

from mpd_builder.ingest.items import (
    Candidate,
    CheckedClip,
    CheckedPainting,
    CheckedTrack,
    Details,
    Limits,
    MetadataError,
    Outcome,
    Rejected,
    Remark,
    SourceError,
    Stretch,
)
from mpd_builder.ingest.opening import opened
from mpd_builder.ingest.pool import Checker, process_many
from mpd_builder.ingest.processing import examine, fingerprint, process
from mpd_builder.ingest.sources import PAPER_STYLES, FolderSource, Source, SourceKind, SourceOptions, open_source

__all__ = [
    "PAPER_STYLES",
    "Candidate",
    "CheckedClip",
    "CheckedPainting",
    "CheckedTrack",
    "Checker",
    "Details",
    "FolderSource",
    "Limits",
    "MetadataError",
    "Outcome",
    "Rejected",
    "Remark",
    "Source",
    "SourceError",
    "SourceKind",
    "SourceOptions",
    "Stretch",
    "examine",
    "fingerprint",
    "open_source",
    "opened",
    "process",
    "process_many",
]
