"""What another aggregator, or fewer raters, would change, before anybody decides for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from mpd_builder.aggregation import BAND, UnitScores, in_band, score_units
from mpd_builder.codes import Floats, Ints, Name
from mpd_builder.reliability import unit_alpha, unit_sums
from mpd_builder.rules import Aggregator
from mpd_builder.statistics.figures import Settings
from mpd_builder.statistics.model import RaterModel
from mpd_builder.statistics.ratings import RatingTable

MOVED_LINE = 0.05
"""A pair has moved if its score differs by more than this."""
_STEPS = 1e12  # as scores are rounded, so that 0.45 - 0.4 is not more than 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to `n_pairs` scores: how many move by more than 0.05, and how many cross the ambiguous band.

    `n_into_band` were outside and come in, `n_out_of_band` leave it, `n_across_band` go from one side of it to the
    other. `largest` is the largest move, `shift` the mean one with its sign; None without a pair.
    """

    n_pairs: int
    n_moved: int
    n_into_band: int
    n_out_of_band: int
    n_across_band: int
    largest: float | None
    shift: float | None

    @property
    def n_crossing(self) -> int:
        """How many end on another side of either end of the band."""
        return self.n_into_band + self.n_out_of_band + self.n_across_band


@dataclass(frozen=True, slots=True)
class AggregatorFigures:
    """One aggregator on the complete pairs: its mean score, their standard deviation, and what it would change."""

    aggregator: Aggregator
    n_pairs: int
    n_ambiguous: int
    mean: float | None
    sd: float | None
    change: Change


@dataclass(frozen=True, slots=True)
class LeavingOut:
    """What leaving raters out would change.

    `n_short` complete pairs would need new ratings, and `n_lost` of them have too few left for a score at all; the
    change is of the others. `alpha_before` and `alpha_after` are Krippendorff's, None where undefined.
    """

    raters: tuple[Name, ...]
    n_ratings: int
    n_short: int
    n_lost: int
    change: Change
    alpha_before: float | None
    alpha_after: float | None


# Shapes: P pairs.
def change(before_P: Floats, after_P: Floats, *, band: tuple[float, float] = BAND) -> Change:
    """What it means for pairs to score `after_P` instead of `before_P`."""
    moves_P = np.rint((after_P - before_P) * _STEPS) / _STEPS
    side_before, side_after = _side(before_P, band), _side(after_P, band)
    return Change(
        n_pairs=len(before_P),
        n_moved=int(np.count_nonzero(np.abs(moves_P) > MOVED_LINE)),
        n_into_band=int(np.count_nonzero((side_before != 0) & (side_after == 0))),
        n_out_of_band=int(np.count_nonzero((side_before == 0) & (side_after != 0))),
        n_across_band=int(np.count_nonzero(side_before * side_after == -1)),
        largest=float(np.abs(moves_P).max()) if len(moves_P) else None,
        shift=float(moves_P.mean()) if len(moves_P) else None,
    )


def compare_aggregators(
    scores: UnitScores, model: RaterModel | None = None, *, band: tuple[float, float] = BAND
) -> tuple[AggregatorFigures, ...]:
    """Every aggregator on the same complete pairs, each against the trimmed mean."""
    by_aggregator: dict[Aggregator, Floats] = {
        Aggregator.TRIMMED_MEAN: scores.trimmed,
        Aggregator.MEAN: scores.mean,
        Aggregator.MEDIAN: scores.median,
    }
    if model is not None:
        by_aggregator[Aggregator.RATER_MODEL] = model.qualities[scores.units]
    return _figures(by_aggregator, band)


def compare_without(table: RatingTable, raters: Collection[Name], *, settings: Settings) -> LeavingOut:
    """What leaving these raters out would change of the trimmed means. ValueError for a rater who rated nothing."""
    left = table.without(raters)
    before = score_units(table.unit_N, table.value_N, least=settings.raters_per_pair, trim=settings.trim)
    least = max(2, 2 * settings.trim + 1)
    after = score_units(left.unit_N, left.value_N, least=least, trim=settings.trim)
    after_U = np.full(table.n_units, np.nan)
    after_U[after.units] = after.trimmed
    scored_P = after_U[before.units]
    is_left_P = np.isfinite(scored_P)
    size_U = np.bincount(left.unit_N, minlength=table.n_units)
    return LeavingOut(
        raters=tuple(table.raters_R[table.rater_codes(raters)].tolist()),
        n_ratings=len(table) - len(left),
        n_short=int(np.count_nonzero(size_U[before.units] < settings.raters_per_pair)),
        n_lost=int(np.count_nonzero(~is_left_P)),
        change=change(before.trimmed[is_left_P], scored_P[is_left_P], band=settings.band),
        alpha_before=_alpha(table),
        alpha_after=_alpha(left),
    )


def _figures(by_aggregator: Mapping[Aggregator, Floats], band: tuple[float, float]) -> tuple[AggregatorFigures, ...]:
    usual_P = by_aggregator[Aggregator.TRIMMED_MEAN]
    return tuple(
        AggregatorFigures(
            aggregator=aggregator,
            n_pairs=len(score_P),
            n_ambiguous=int(in_band(score_P, band).sum()),
            mean=float(score_P.mean()) if len(score_P) else None,
            sd=float(score_P.std()) if len(score_P) else None,
            change=change(usual_P, score_P, band=band),
        )
        for aggregator, score_P in by_aggregator.items()
    )


def _side(score_P: Floats, band: tuple[float, float]) -> Ints:
    """-1 below the band, 0 in it, 1 above it."""
    return np.where(in_band(score_P, band), 0, np.where(score_P < band[0], -1, 1))


def _alpha(table: RatingTable) -> float | None:
    return unit_alpha(unit_sums(table.unit_N, table.value_N, table.n_units)).value
