"""What a comparison of two snapshots says, as frozen values; `Comparison.as_dict` gives them as JSON values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mpd_builder.snapshot import AlphaFact, DispersionFact


class Kinship(StrEnum):
    """What two snapshots have to do with each other; the first that holds."""

    IDENTICAL = "identical"
    """One and the same digest."""
    SAME_CONTENT = "same content"
    """The same tables, media and arrays; only dates, code versions or words differ."""
    SAME_JUDGMENTS = "same judgments"
    """They share ratings: versions of one dataset."""
    OTHER_JUDGMENTS = "other judgments"
    """They share pairs, but no rating: different campaigns, as it seems."""
    SAME_ITEMS = "same items"
    """They share paintings or tracks, but no pair: different campaigns, as it seems."""
    UNRELATED = "unrelated"
    """They share nothing."""


class ItemKind(StrEnum):
    PAINTING = "painting"
    TRACK = "track"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two snapshots: what names it and how much it holds. `path` is as it was opened."""

    path: str
    digest: str
    content_digest: str
    format_version: int
    recipe: str
    created_on: str | None
    code_version: str
    pairs: int
    ratings: int
    raters: int
    paintings: int
    tracks: int
    clips: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there were and are, how many came and went; `kept` are in both."""

    before: int
    after: int
    added: int
    removed: int
    kept: int


@dataclass(frozen=True, slots=True)
class Mover:
    """A pair in both whose score moved: `before` and `after`, and how many ratings each rests on.

    `painting` and `music` are titles as the later snapshot has them ("" where none is stated).
    """

    pair_id: str
    painting_id: str
    clip_id: str
    painting: str
    music: str
    before: float
    after: float
    change: float
    n_before: int
    n_after: int


@dataclass(frozen=True, slots=True)
class ScoreChanges:
    """The scores of the pairs in both: `n_changed` of `n_kept` differ (by more than rounding).

    mean_change (with its sign), mean_absolute and largest: of all kept pairs; None without any.
    correlation: Pearson's, of the scores before and after; None where undefined.
    edges, counts: the histogram of the changes of those that changed, len(edges) == len(counts) + 1; bins are closed
    below, the last one on both sides, and one of them is centred on 0.
    movers: those that moved most, the furthest first, then by pair id.
    """

    n_kept: int
    n_changed: int
    mean_change: float | None
    mean_absolute: float | None
    largest: float | None
    correlation: float | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    movers: tuple[Mover, ...]


@dataclass(frozen=True, slots=True)
class BandCrossings:
    """Kept pairs that became ambiguous, ceased to be, or went from one side of the band to the other.

    Each snapshot's own band judges its scores. `stayed` are ambiguous in both.
    """

    band_before: tuple[float, float]
    band_after: tuple[float, float]
    came_in: int
    went_out: int
    went_across: int
    stayed: int


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """Paintings or tracks: their numbers, and the ids of those that came and went, sorted.

    removed: no pair of the later snapshot has them: they were withdrawn, or their pairs no longer count.
    restricted: in both, but may be published no more, or have lost their licence. changed: whose description (title,
    artist, licence and so on) differs otherwise.
    """

    counts: Counts
    added: tuple[str, ...]
    removed: tuple[str, ...]
    restricted: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RatingChanges:
    """Ratings, told apart by pair and rater where both snapshots name raters (`by_rater`), else by pair and value.

    corrected: the same rater gave the same pair another value; these are in `counts.kept`. Always 0 without raters.
    """

    counts: Counts
    corrected: int
    by_rater: bool


@dataclass(frozen=True, slots=True)
class RaterChanges:
    """Raters by pseudonym, sorted. `counts`, `added` and `removed` are empty where one snapshot leaves raters out."""

    counts: Counts | None
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree, of all pairs of each snapshot, side by side."""

    alpha_before: AlphaFact
    alpha_after: AlphaFact
    dispersion_before: DispersionFact
    dispersion_after: DispersionFact


@dataclass(frozen=True, slots=True)
class PreferenceChanges:
    """Preference tasks: their numbers, and what became of those in both.

    decided: had no winner and have one. undecided: the reverse. flipped: the ids of those whose winner changed, sorted.
    """

    counts: Counts
    decided: int
    undecided: int
    flipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """An item of both snapshots that changed sides: train, validation or test."""

    kind: ItemKind
    id: str
    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SplitChanges:
    """Which items changed sides. `comparable`: both recipes have the same salt and shares, so that no item may have
    moved towards train; where they differ, every item was dealt anew and moves say nothing.

    held_out: items that went the allowed way, from train on, or from validation to test. towards_train: the others;
    something is wrong if there is one while the snapshots are comparable. pairs: kept pairs by (side before, side
    after, number), of each snapshot's own files, sorted.
    """

    comparable: bool
    held_out: tuple[Moved, ...]
    towards_train: tuple[Moved, ...]
    pairs: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting or fact that differs, by its name; nested ones are joined by dots. None where one has none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """All about two snapshots, side by side. settings: of recipe, code and format. facts: of the manifests."""

    before: Side
    after: Side
    kinship: Kinship
    pairs: Counts
    scores: ScoreChanges
    bands: BandCrossings
    paintings: ItemChanges
    tracks: ItemChanges
    clips: Counts
    ratings: RatingChanges
    raters: RaterChanges
    agreement: Agreement
    preferences: PreferenceChanges
    splits: SplitChanges
    settings: tuple[Difference, ...]
    facts: tuple[Difference, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values: names are the fields' own, tuples are lists, enums their text."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value
