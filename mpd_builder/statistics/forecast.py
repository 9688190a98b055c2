"""What fewer or more raters a pair would bring, before anybody is asked to rate.

The assumption behind every figure here: other raters of the same kind, erring independently of each other, on the same
pairs. Then one rating's reliability stays what it is, and the mean of k has the Spearman-Brown one. Errors that are
shared by all raters of a pair (a mistaken clip, say) are not reduced by asking more of them, and are not seen here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from mpd_builder.reliability import Alpha
from mpd_builder.statistics.estimates import Estimate, spearman_brown
from mpd_builder.statistics.icc import Icc

RATERS = (3, 4, 5, 7, 10)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What `raters` ratings a pair would bring, with as many pairs as now.

    `alpha_of_mean` is the reliability of the mean of so many ratings, with the interval that it would have then, and
    `score_width` the width of the interval of a single pair's mean, in units of the scale. None where undefined.
    """

    raters: int
    alpha_of_mean: Estimate
    score_width: float | None


def forecast(
    alpha: Alpha, icc: Icc, *, raters: Iterable[int] = RATERS, confidence: float = 0.95
) -> tuple[Forecast, ...]:
    """A forecast for each number of raters a pair, from the campaign's alpha and its analysis of variance.

    The interval's width follows the standard error of an intraclass correlation of U units with k ratings each,
    (1 - r) (1 + (k - 1) r) sqrt(2 / (k (k - 1) (U - 1))) (Fisher; Donner 1986): the width measured now, times the ratio
    of that error at k and at the present k0.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    return tuple(
        Forecast(
            raters=k,
            alpha_of_mean=_alpha_of_mean(alpha, icc.k0, k),
            score_width=None if icc.within_sd is None else 2.0 * z * icc.within_sd / math.sqrt(k),
        )
        for k in raters
    )


def _alpha_of_mean(alpha: Alpha, k0: float | None, k: int) -> Estimate:
    value = spearman_brown(alpha.value, k)
    if alpha.value is None or alpha.low is None or k0 is None or k < 2:
        return Estimate(value)
    margin = alpha.value - alpha.low
    now = _error(alpha.value, k0)
    if now > 0.0:
        margin *= _error(alpha.value, k) / now
    high = min(1.0, alpha.value + margin)
    return Estimate(value, spearman_brown(alpha.value - margin, k), spearman_brown(high, k))


def _error(reliability: float, k: float) -> float:
    """The standard error of one rating's reliability with k ratings a unit, but for the number of units."""
    r = min(max(reliability, 0.0), 1.0)
    return (1.0 - r) * (1.0 + (k - 1.0) * r) / math.sqrt(k * (k - 1.0))
