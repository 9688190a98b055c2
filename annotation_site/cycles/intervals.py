"""What a contest found, ready to be shown: differences in SRCC as intervals against 0, and all figures as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation_site.training.figures import REGIMES

ROOM = 1.15
"""How much wider than the widest interval the axis is."""
NARROWEST = 0.05
"""In SRCC: the axis reaches so far from 0 at the least, so that nothing tiny looks large."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with its interval. `left`, `width`, `place` are in percent of the axis, whose middle is 0."""

    name: str
    difference: float
    low: float
    high: float
    new: float
    other: float
    left: float
    width: float
    place: float
    limit: float

    @property
    def side(self) -> str:
        """Where the interval lies: above 0, below it, or across."""
        if self.low > 0:
            return "above"
        return "below" if self.high < 0 else "across"


def intervals_of(found: Mapping[str, Any] | None) -> list[Interval]:
    """Of SRCC under the contest's own regime, all on one axis; opponents without an interval are left out."""
    if found is None:
        return []
    rows = {name: opponent["regimes"][found["regime"]]["srcc"] for name, opponent in found["opponents"].items()}
    known = {name: row for name, row in rows.items() if row["low"] is not None}
    reach = [abs(row[end]) for row in known.values() for end in ("low", "high")]
    limit = max([NARROWEST, *reach]) * ROOM
    return [_placed(name, row, limit) for name, row in known.items()]


METRICS = {"srcc": "SRCC", "plcc": "PLCC", "mae": "MAE (lower is better)", "preferences": "Preferences told right"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A model's figure, and for an opponent by how much the new model's is higher, with the interval."""

    value: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ContestTable:
    """A contest under one regime: a column a metric, first the new model's figures, then each opponent's."""

    title: str
    n: int
    left_out: int
    n_tasks: int
    columns: list[str]
    own: list[Cell]
    others: list[tuple[str, list[Cell]]]


def tables_of(found: Mapping[str, Any] | None) -> list[ContestTable]:
    """Regime by regime, the contest's own first."""
    return [_table(found, regime) for regime in found["regimes"]] if found else []


def _table(found: Mapping[str, Any], regime: str) -> ContestTable:
    pairs = found["regimes"][regime]
    opponents = {name: opponent["regimes"][regime] for name, opponent in found["opponents"].items()}
    any_of_them = next(iter(opponents.values()))
    return ContestTable(
        title=REGIMES.get(regime, regime),
        n=pairs["n"],
        left_out=pairs["left_out"],
        n_tasks=any_of_them["preferences"]["n"],
        columns=list(METRICS.values()),
        own=[Cell(any_of_them[metric]["new"]) for metric in METRICS],
        others=[(name, [_cell(figures[metric]) for metric in METRICS]) for name, figures in opponents.items()],
    )


def _cell(row: Mapping[str, Any]) -> Cell:
    return Cell(row["other"], row["difference"], row["low"], row["high"])


def _placed(name: str, row: Mapping[str, float], limit: float) -> Interval:
    def percent(value: float) -> float:
        return round(50 + 50 * value / limit, 2)

    left = percent(row["low"])
    return Interval(
        name=name[:1].upper() + name[1:],
        difference=row["difference"],
        low=row["low"],
        high=row["high"],
        new=row["new"],
        other=row["other"],
        left=left,
        width=round(max(0.5, percent(row["high"]) - left), 2),
        place=percent(row["difference"]),
        limit=limit,
    )
