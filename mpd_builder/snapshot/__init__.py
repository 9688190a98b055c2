"""Snapshots: sealed dataset versions on disk. `write` makes one, `read` opens one verified, `verify` reports.

`publish` makes the public form of one that holds what may not be passed on.
"""

from mpd_builder.snapshot.dataset import AlphaFact, Dataset, DispersionFact, Facts, PreferenceFact, ProtocolFact
from mpd_builder.snapshot.draft import SnapshotExists, discard_leftovers
from mpd_builder.snapshot.media import Media, MediaError, MediaFile
from mpd_builder.snapshot.public import NoPublicForm, publish
from mpd_builder.snapshot.reader import Arrays, NoArrays, Snapshot, SnapshotDamaged, read
from mpd_builder.snapshot.recipe import MediaChoice, RaterIds, Recipe, RecipeError
from mpd_builder.snapshot.spool import Spool, spooled
from mpd_builder.snapshot.tables import Rows
from mpd_builder.snapshot.tables_only import read_tables
from mpd_builder.snapshot.verification import Damage, Problem, Report, verify
from mpd_builder.snapshot.writer import NothingToWrite, Progress, Sealed, write

__all__ = [
    "AlphaFact",
    "Arrays",
    "Damage",
    "Dataset",
    "DispersionFact",
    "Facts",
    "Media",
    "MediaChoice",
    "MediaError",
    "MediaFile",
    "NoArrays",
    "NoPublicForm",
    "NothingToWrite",
    "PreferenceFact",
    "Problem",
    "Progress",
    "ProtocolFact",
    "RaterIds",
    "Recipe",
    "RecipeError",
    "Report",
    "Rows",
    "Sealed",
    "Snapshot",
    "SnapshotDamaged",
    "SnapshotExists",
    "Spool",
    "discard_leftovers",
    "publish",
    "read",
    "read_tables",
    "spooled",
    "verify",
    "write",
]
