"""Folders -> checked records: what may enter the corpus, and in which form."""

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
)
from mpd_builder.ingest.pool import process_many
from mpd_builder.ingest.processing import examine, fingerprint, process
from mpd_builder.ingest.scan import scan_folder

__all__ = [
    "Candidate",
    "CheckedClip",
    "CheckedPainting",
    "CheckedTrack",
    "Details",
    "Limits",
    "MetadataError",
    "Outcome",
    "Rejected",
    "Remark",
    "examine",
    "fingerprint",
    "process",
    "process_many",
    "scan_folder",
]
