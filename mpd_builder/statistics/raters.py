"""Every rater in figures: against their peers, against the clock, and against themselves.

A rater is compared with the mean of the *other* ratings of each unit. That mean errs as well, most where it is of few
ratings, and an erring yardstick makes everybody's slope on it look flat. `scale_use` is the slope with that taken out:
the others' mean is first shrunk towards the grand mean by its own reliability (Spearman-Brown of ICC(1)), which is the
best guess of the unit's value from it. A rater who uses the scale as their peers do then has 1, in expectation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mpd_builder.codes import Floats, Name
from mpd_builder.rater_statistics import RetestStatistics
from mpd_builder.reliability import UnitSums, unit_alpha, unit_sums
from mpd_builder.statistics.drift import Drift, drifts
from mpd_builder.statistics.flags import LEAST_COMPARED, Flag, flags_of
from mpd_builder.statistics.grouped import means, medians, moments
from mpd_builder.statistics.icc import icc
from mpd_builder.statistics.left_out import alphas_without_each
from mpd_builder.statistics.peers import Compared, compared
from mpd_builder.statistics.ratings import RatingTable

TOO_FAST_MS = 17_000.0
"""The clip's fifteen seconds and two more, to look, to think and to place the mark."""


@dataclass(frozen=True, slots=True)
class RaterFigures:
    """One rater in figures; None where a figure is undefined or nobody kept what it needs.

    `n_compared` of the `n_ratings` are of units that somebody else rated too, and all but the first five rest on those:
    `bias` is the mean of rating minus the others' mean; `slope` and `inconsistency` are the slope of the least-squares
    line of the rating on the others' mean and the standard deviation around it, `spread` the ratio of the two standard
    deviations, `scale_use` the slope without the others' error (1: as peers do), `agreement` the correlation.
    `alpha_without` is the campaign's alpha without this rater, `alpha_gain` by how much that is more. Times are in
    milliseconds.
    """

    rater: Name
    n_ratings: int
    mean: float
    median_active_ms: float | None
    share_too_fast: float | None
    n_compared: int
    bias: float | None
    slope: float | None
    spread: float | None
    scale_use: float | None
    inconsistency: float | None
    agreement: float | None
    alpha_without: float | None
    alpha_gain: float | None
    drift: Drift | None
    retest: RetestStatistics | None
    flags: tuple[Flag, ...] = ()


# Shapes: N ratings, C compared ones, U units, R raters.
def rater_figures(
    table: RatingTable,
    *,
    retests: Sequence[RetestStatistics] = (),
    too_fast_ms: float = TOO_FAST_MS,
    units: UnitSums | None = None,
) -> tuple[RaterFigures, ...]:
    """The figures of every rater with a rating, in the raters' order.

    `retests` (by `retest_statistics`) are joined by the rater's name. `units` are the sums of the table's units, where
    they are there already.
    """
    units = units or unit_sums(table.unit_N, table.value_N, table.n_units)
    peers = compared(table.unit_N, table.rater_N, table.value_N)
    n_raters, alpha = table.n_raters, unit_alpha(units).value
    against = moments(peers.rater, peers.mine, peers.others, n_raters)
    n_R, mean_R = means(table.rater_N, table.value_N, n_raters)
    median_R, share_R = _speed(table, too_fast_ms)
    bias_R = np.where(against.n > 0, against.mean_x - against.mean_y, np.nan)
    without_R = alphas_without_each(table, units)
    drift_R = [None] * n_raters if table.time_N is None else drifts(peers, table.time_N, n_raters)
    retest_of = {one.rater: one for one in retests}
    scale_use_R = _scale_use(peers, units, n_raters)
    slope_R, spread_R, residual_R, agreement_R = (
        against.slope,
        against.spread,
        against.residual_sd,
        against.correlation,
    )
    names = table.raters_R.tolist()
    found = []
    for code in np.flatnonzero(n_R).tolist():
        without = _defined(without_R[code])
        found.append(
            RaterFigures(
                rater=names[code],
                n_ratings=int(n_R[code]),
                mean=float(mean_R[code]),
                median_active_ms=_defined(median_R[code]),
                share_too_fast=_defined(share_R[code]),
                n_compared=int(against.n[code]),
                bias=_defined(bias_R[code]),
                slope=_defined(slope_R[code]),
                spread=_defined(spread_R[code]),
                scale_use=_defined(scale_use_R[code]),
                inconsistency=_defined(residual_R[code]),
                agreement=_defined(agreement_R[code]),
                alpha_without=without,
                alpha_gain=None if without is None or alpha is None else without - alpha,
                drift=drift_R[code],
                retest=retest_of.get(names[code]),
            )
        )
    return _flagged(found)


def _speed(table: RatingTable, too_fast_ms: float) -> tuple[Floats, Floats]:
    """Median active time and share under the line of each rater; NaN where active times were not kept."""
    if table.active_ms_N is None:
        return np.full(table.n_raters, np.nan), np.full(table.n_raters, np.nan)
    _, share_R = means(table.rater_N, (table.active_ms_N < too_fast_ms).astype(np.float64), table.n_raters)
    return medians(table.rater_N, table.active_ms_N, table.n_raters), share_R


def _scale_use(peers: Compared, units: UnitSums, n_raters: int) -> Floats:
    reliability = icc(units, k=1).single.value
    if reliability is None or reliability <= 0.0:
        return np.full(n_raters, np.nan)
    trust_C = peers.n_others * reliability / (1.0 + (peers.n_others - 1.0) * reliability)
    centre = units.origin + units.pairable().centre
    return moments(peers.rater, peers.mine, centre + trust_C * (peers.others - centre), n_raters).slope


def _flagged(raters: list[RaterFigures]) -> tuple[RaterFigures, ...]:
    inconsistencies = [
        one.inconsistency for one in raters if one.inconsistency is not None and one.n_compared >= LEAST_COMPARED
    ]
    median = float(np.median(inconsistencies)) if inconsistencies else None
    return tuple(replace(one, flags=flags_of(one, median_inconsistency=median)) for one in raters)


def _defined(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
