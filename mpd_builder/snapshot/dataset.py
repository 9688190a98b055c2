"""What a snapshot is written from: sorted tables and the facts that its card and manifest state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from mpd_builder.snapshot.tables import Rows


@dataclass(frozen=True, slots=True)
class AlphaFact:
    """Krippendorff's alpha (interval level) with its 95 % jackknife interval; None where undefined."""

    value: float | None
    low: float | None
    high: float | None
    n_units: int
    n_ratings: int


@dataclass(frozen=True, slots=True)
class DispersionFact:
    """Population standard deviation of a pair's ratings, over the pairs (None without any), and the sample mean."""

    mean: float | None
    share_below_09: float | None
    share_below_11: float | None
    sample_mean: float | None


@dataclass(frozen=True, slots=True)
class PreferenceFact:
    """Tasks with votes in one direction: how many, how many a strict majority decided, how many unanimously.

    alpha: Krippendorff's alpha (nominal) of the votes.
    """

    tasks: int
    kept: int
    unanimous: int
    alpha: AlphaFact | None = None


@dataclass(frozen=True, slots=True)
class ProtocolFact:
    """One version of what raters read before their first pair: its label as ratings carry it, and its SHA-256.

    published_on: an ISO day, "" where it is not known. ratings: how many of the snapshot were given under it.
    """

    label: str
    published_on: str
    digest: str
    ratings: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts and statistics, computed once by the pipeline; plain JSON values in `to_dict`.

    pairs: number by split. incomplete_pairs: rated pairs left out for having too few ratings.
    score_histogram: pairs in ten equal bins of [0, 1], the last one closed.
    licences: items by licence ("" where none is stated), for paintings and for tracks.
    restricted: those of them whose media may not be passed on (no licence, or no right); restricted_clips: their clips.
    same_works: for paintings and for tracks, the ids of each work that the snapshot has more than once.
    alike: likewise, those that are alike and that nobody has decided about; the splits keep them together too.
    playback_lufs: the loudness that clips were played at, None as mastered; of the clips, unmeasured_clips were played
    as they are then, held_back_clips softer than that, since their peaks leave no more room.
    score_alpha: how reliable the score is, alpha stepped up to the mean of a pair's ratings (Spearman-Brown).
    dispersion_histogram: pairs in twenty equal bins of [0, 0.5], the last one closed.
    styles, genres: paintings by style, clips by genre ("" where none is stated).
    collected_from, collected_until: the UTC days of the first and the last rating that counts, "" where not known.
    protocol_versions: in the order in which they were published.
    backgrounds: raters by answer, for `role`, `discipline` and `training_years` (in bands); answers that fewer than
    three raters gave are counted together as "other", so that nobody can be recognised by one.
    """

    pairs: Mapping[str, int]
    incomplete_pairs: int
    ambiguous_pairs: int
    ratings: int
    raters: int
    simulated_raters: int
    paintings: int
    synthetic_paintings: int
    tracks: int
    synthetic_tracks: int
    clips: int
    score_mean: float | None
    score_histogram: tuple[int, ...]
    alpha: AlphaFact
    dispersion: DispersionFact
    preferences: Mapping[str, PreferenceFact]
    licences: Mapping[str, Mapping[str, int]]
    protocols: Mapping[str, int]
    input_methods: Mapping[str, int]
    restricted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    restricted_clips: int = 0
    same_works: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    alike: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    playback_lufs: float | None = None
    unmeasured_clips: int = 0
    held_back_clips: int = 0
    score_alpha: AlphaFact | None = None
    dispersion_histogram: tuple[int, ...] = ()
    styles: Mapping[str, int] = field(default_factory=dict)
    genres: Mapping[str, int] = field(default_factory=dict)
    collected_from: str = ""
    collected_until: str = ""
    protocol_versions: Sequence[ProtocolFact] = ()
    backgrounds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Facts:
        """Read `to_dict` back, from a manifest of any format version. KeyError or TypeError for anything else."""
        nested = {
            "score_histogram": tuple(values["score_histogram"]),
            "alpha": AlphaFact(**values["alpha"]),
            "dispersion": DispersionFact(**values["dispersion"]),
            "preferences": {name: _preference_fact(fact) for name, fact in values["preferences"].items()},
            "score_alpha": AlphaFact(**values["score_alpha"]) if values.get("score_alpha") else None,
            "dispersion_histogram": tuple(values.get("dispersion_histogram", ())),
            "protocol_versions": tuple(ProtocolFact(**each) for each in values.get("protocol_versions", ())),
        }
        return cls(**{**values, **nested})

    @property
    def is_restricted(self) -> bool:
        """Whether there is any item whose media may not be passed on."""
        return any(counts for counts in self.restricted.values())

    def to_dict(self) -> dict[str, Any]:
        lists = ("score_histogram", "dispersion_histogram", "protocol_versions")
        values = asdict(self)
        return values | {name: list(values[name]) for name in lists}

    @property
    def n_pairs(self) -> int:
        return sum(self.pairs.values())

    @property
    def synthetic(self) -> str:
        """What is made by code: "nothing", "everything", or a list in words."""
        kinds = {
            "paintings": (self.synthetic_paintings, self.paintings),
            "music": (self.synthetic_tracks, self.tracks),
            "raters": (self.simulated_raters, self.raters),
        }
        made = {kind: count for kind, (count, total) in kinds.items() if count}
        if not made:
            return "nothing"
        if all(count == total for count, total in kinds.values()):
            return "everything"
        return ", ".join(f"{count} of {kinds[kind][1]} {_NOUNS[kind]}" for kind, count in made.items())


def _preference_fact(values: Mapping[str, Any]) -> PreferenceFact:
    alpha = values.get("alpha")
    return PreferenceFact(**{**values, "alpha": AlphaFact(**alpha) if alpha else None})


_NOUNS = {"paintings": "paintings", "music": "tracks", "raters": "raters"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """Tables in their final order, by the schemas of `tables.py`. `ratings`, the longest, may lie on disk.

    pairs: one table a split. paintings, clips: without the column `media`, which the writer fills in, and in the order
    in which the arrays are stacked. protocols: by label, the texts of each version that ratings carry, as Markdown.
    """

    pairs: Mapping[str, pa.Table]
    ratings: Rows
    preferences: pa.Table
    raters: pa.Table
    paintings: pa.Table
    clips: pa.Table
    facts: Facts
    protocols: Mapping[str, str] = field(default_factory=dict)
