"""What a leakage certificate says, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from mpd_builder.sides import Regime

NAME = "leakage.json"
SINCE = 3
"""The format version from which on a snapshot has a certificate."""

_PAINTINGS = ("paintings", "painting_works", "painting_files")
_MUSIC = ("tracks", "clips", "track_works", "track_files")
KEEPS_APART: Mapping[Regime, tuple[str, ...]] = {
    Regime.PAIR: ("pairs", "combinations"),
    Regime.UNSEEN_PAINTING: ("pairs", "combinations", *_PAINTINGS),
    Regime.UNSEEN_TRACK: ("pairs", "combinations", *_MUSIC),
    Regime.UNSEEN_BOTH: ("pairs", "combinations", *_PAINTINGS, *_MUSIC),
}
"""What no two sides of a regime may share."""


@dataclass(frozen=True, slots=True)
class Shared:
    """How much of each kind occurs on both of two sides.

    works: near-duplicates count as one (column `work`). files: by SHA-256 of the bytes that came in. combinations: of a
    painting's work with a track's. raters are no leakage, since no model sees them; None where the snapshot leaves
    them out.
    """

    pairs: int
    combinations: int
    paintings: int
    painting_works: int
    painting_files: int
    tracks: int
    clips: int
    track_works: int
    track_files: int
    raters: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """Of the `pairs` of a side: those whose painting, whose track, and who both occur in training, in whatever pair.

    Another of the same work counts as the same.
    """

    pairs: int
    painting: int
    track: int
    both: int

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """The three as shares of the pairs; None without a pair."""
        return (self.painting / self.pairs, self.track / self.pairs, self.both / self.pairs) if self.pairs else None


@dataclass(frozen=True, slots=True)
class Tasks:
    """Preference tasks of a side, and those of them with a query or candidate whose work occurs on another side."""

    tasks: int
    touching: int


@dataclass(frozen=True, slots=True)
class Leakage:
    """One regime: the pairs on each side (`cross`: on none), and what passes between the sides.

    shared: by two sides, `train-validation` and so on. seen_in_train: of `validation` and `test`. tasks: by side;
    cross_tasks: those whose two pairs fall apart, which belong nowhere: to learn from one tells of a pair held out.
    """

    pairs: Mapping[str, int]
    shared: Mapping[str, Shared]
    seen_in_train: Mapping[str, Seen]
    tasks: Mapping[str, Tasks]
    cross_tasks: int


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Rows of the tables that contradict others about sides: all zero in a snapshot that was built properly.

    pairs: those that lie in another file than their columns say, or whose items' rows say otherwise. tasks: those whose
    side is not that of their pairs. works: those with items on several sides.
    """

    pairs: int
    tasks: int
    works: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What passes between the sides of a snapshot under each regime. `split` is the regime of its own files."""

    split: Regime
    regimes: Mapping[Regime, Leakage]
    disagreements: Disagreements

    @property
    def leaks(self) -> tuple[str, ...]:
        """What is shared though a regime keeps it apart, and what is contradictory, in words. None if all is well."""
        found = [
            f"under {regime.value}, {sides.replace('-', ' and ')} share {number:,} {kind.replace('_', ' ')}"
            for regime, leakage in self.regimes.items()
            for sides, shared in leakage.shared.items()
            for kind in KEEPS_APART[regime]
            if (number := getattr(shared, kind))
        ]
        found += [
            f"the tables contradict each other about the sides of {number:,} {name}"
            for field in fields(self.disagreements)
            if (number := getattr(self.disagreements, (name := field.name)))
        ]
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; besides the fields, what each regime keeps apart, and the shares of what was seen."""
        regimes = {}
        for regime, leakage in self.regimes.items():
            values = asdict(leakage)
            for side, seen in leakage.seen_in_train.items():
                shares = seen.shares or (None, None, None)
                values["seen_in_train"][side] |= {
                    f"{name}_share": None if share is None else round(share, 6)
                    for name, share in zip(("painting", "track", "both"), shares, strict=True)
                }
            regimes[regime.value] = values | {"keeps_apart": list(KEEPS_APART[regime])}
        return {
            "split": self.split.value,
            "regimes": regimes,
            "disagreements": asdict(self.disagreements),
            "leaks": list(self.leaks),
        }

    def to_bytes(self) -> bytes:
        """The one text of a certificate: sorted keys, indented."""
        return (json.dumps(self.to_dict(), sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()
