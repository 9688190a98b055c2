"""Snapshots: sealed dataset versions on disk. `write` makes one, `read` opens one verified, `verify` reports.

`publish` makes the public form of one that holds what may not be passed on.
"""

from mpd_builder.snapshot.dataset import AlphaFact, Dataset, DispersionFact, Facts, PreferenceFact
from mpd_builder.snapshot.draft import SnapshotExists, discard_leftovers
from mpd_builder.snapshot.media import Media, MediaError
from mpd_builder.snapshot.public import NoPublicForm, publish
from mpd_builder.snapshot.reader import Arrays, NoArrays, Snapshot, SnapshotDamaged, read
from mpd_builder.snapshot.recipe import MediaChoice, RaterIds, Recipe, RecipeError
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
    "NoArrays",
    "NoPublicForm",
    "NothingToWrite",
    "PreferenceFact",
    "Problem",
    "Progress",
    "RaterIds",
    "Recipe",
    "RecipeError",
    "Report",
    "Sealed",
    "Snapshot",
    "SnapshotDamaged",
    "SnapshotExists",
    "discard_leftovers",
    "publish",
    "read",
    "read_tables",
    "verify",
    "write",
]
