"""Intraclass correlation of the one-way random design: units are a sample, and so is whoever rated each of them.

This is the design of a campaign: every pair has its own few raters, some pairs more than others. With U units, m_u
ratings each, N in all, the analysis of variance gives

    MSB = sum_u m_u (mean_u - mean)^2 / (U - 1),    MSW = sum_u SS_u / (N - U),    k0 = (N - sum_u m_u^2 / N) / (U - 1)
    ICC(1) = (MSB - MSW) / (MSB + (k0 - 1) MSW)

which is Shrout and Fleiss's ICC(1,1) (1979) where all m_u are equal, and for unequal m_u the classical estimator with
k0 for the number of ratings a unit (Donner, International Statistical Review 54, 1986). The interval is a jackknife
over units in closed form, as for alpha: it holds for unequal m_u and asks for no normal distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mpd_builder.codes import Floats
from mpd_builder.reliability import UnitSums
from mpd_builder.statistics.estimates import Estimate, jackknifed, stepped_up


@dataclass(frozen=True, slots=True)
class Icc:
    """Intraclass correlations, over units with at least two ratings.

    `single` is ICC(1), the reliability of one rating; `average` is ICC(k), that of the mean of `k` (Spearman-Brown).
    `k0` is the effective number of ratings a unit, `within_sd` the spread of ratings of one unit (the root of MSW) and
    `between_sd` that of the units' true values. All are None where they are undefined: fewer than two units, or no
    variation at all.
    """

    single: Estimate
    average: Estimate
    k: int
    k0: float | None
    within_sd: float | None
    between_sd: float | None
    n_units: int
    n_ratings: int


# Shapes: U units, K samples of units.
def icc(units: UnitSums, *, k: int, confidence: float = 0.95) -> Icc:
    """ICC(1) and ICC(k) of the units' sums. `k` is a number of raters, at least 1."""
    if k < 1:
        raise ValueError(f"the mean of {k} ratings has no reliability")
    units = units.pairable()
    rows_U6 = _rows(units)
    total_6 = rows_U6.sum(axis=0)
    undefined = Icc(Estimate(None), Estimate(None), k, None, None, None, len(units), int(total_6[1]))
    if len(units) < 2 or units.is_constant:
        return undefined
    value = float(_icc(total_6[np.newaxis])[0])
    single = jackknifed(value, _icc(total_6 - rows_U6), confidence=confidence)
    between, within, k0 = (float(figure[0]) for figure in _mean_squares(total_6[np.newaxis]))
    return Icc(
        single=single,
        average=stepped_up(single, k),
        k=k,
        k0=k0,
        within_sd=math.sqrt(within),
        between_sd=math.sqrt(max(0.0, between - within) / k0),
        n_units=len(units),
        n_ratings=int(total_6[1]),
    )


def _rows(units: UnitSums) -> Floats:
    """Per unit (U, 6): 1, m, m^2, the sum and the sum of squares of means weighted by m, the sum of squares within."""
    size_U = units.size.astype(np.float64)
    centred_U = units.mean - units.centre
    sum_U = size_U * centred_U
    return np.stack([np.ones(len(units)), size_U, size_U * size_U, sum_U, sum_U * centred_U, units.within], axis=1)


def _mean_squares(sums_K6: Floats) -> tuple[Floats, Floats, Floats]:
    """MSB, MSW and k0 of each sample of units."""
    n_units, n, squared_sizes, total, squares, within = sums_K6.T
    degrees = np.maximum(n_units - 1.0, 1.0)
    safe_n = np.maximum(n, 1.0)
    between = np.maximum(squares - total * total / safe_n, 0.0) / degrees
    return between, within / np.maximum(n - n_units, 1.0), (n - squared_sizes / safe_n) / degrees


def _icc(sums_K6: Floats) -> Floats:
    """ICC(1) of each sample of units, NaN where it is undefined."""
    between, within, k0 = _mean_squares(sums_K6)
    spread = between + (k0 - 1.0) * within
    is_defined = (sums_K6[:, 0] > 1.5) & (spread > 0.0)
    return np.where(is_defined, (between - within) / np.where(is_defined, spread, 1.0), np.nan)
