"""Two snapshots side by side: what came, what went, and what changed.

    compare(before: Snapshot, after: Snapshot, *, n_movers: int = 20) -> Comparison     pure; both as `read` gives them
    Comparison.as_dict() -> dict[str, Any]                                              JSON values, fields by name
    in_words(comparison: Comparison) -> list[Section(title: str, lines: tuple[str, ...])]   the same for people

Snapshots of any format version can be compared, and of any campaigns: `Comparison.kinship` says what they have to do
with each other.
"""

from mpd_builder.comparison.comparing import compare
from mpd_builder.comparison.result import (
    Agreement,
    BandCrossings,
    Comparison,
    Counts,
    Difference,
    ItemChanges,
    ItemKind,
    Kinship,
    Moved,
    Mover,
    PreferenceChanges,
    RaterChanges,
    RatingChanges,
    ScoreChanges,
    Side,
    SplitChanges,
)
from mpd_builder.comparison.words import KINSHIP_WORDS, Section, in_words

__all__ = [
    "KINSHIP_WORDS",
    "Agreement",
    "BandCrossings",
    "Comparison",
    "Counts",
    "Difference",
    "ItemChanges",
    "ItemKind",
    "Kinship",
    "Moved",
    "Mover",
    "PreferenceChanges",
    "RaterChanges",
    "RatingChanges",
    "ScoreChanges",
    "Section",
    "Side",
    "SplitChanges",
    "compare",
    "in_words",
]
