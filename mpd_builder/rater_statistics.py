"""How each rater stands to the others who scored the same pairs, and to themselves on pairs that came back.

A rater is compared with the mean of the *other* ratings of each pair, so that nobody is measured against themselves.
Everything is a few sums a unit: O(ratings).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_FOR_AGREEMENT = 3


@dataclass(frozen=True, slots=True)
class RaterStatistics:
    """One rater's ratings in numbers.

    `n_compared` of the `n_ratings` are of units that somebody else rated too; `bias` is the mean of this rater's value
    minus the others' mean over them, `agreement` the Pearson correlation of the two. None where it is undefined: nobody
    to compare with; for the agreement also fewer than three units, or no variation on either side.
    """

    rater: int
    n_ratings: int
    mean: float
    n_compared: int
    bias: float | None
    agreement: float | None


# Shapes: N ratings, U units, R raters.
def rater_statistics(units: npt.ArrayLike, raters: npt.ArrayLike, values: npt.ArrayLike) -> list[RaterStatistics]:
    """Statistics of each rater, in the order of their numbers.

    `units` and `raters` (N,) are whole numbers that name what was rated and by whom, `values` (N,) the ratings. Raises
    ValueError for unequal lengths or a value that is not finite.
    """
    value_N = np.asarray(values, dtype=np.float64)
    names_R, rater_N = np.unique(np.asarray(raters, dtype=np.int64), return_inverse=True)
    _, unit_N = np.unique(np.asarray(units, dtype=np.int64), return_inverse=True)
    if not len(unit_N) == len(rater_N) == len(value_N):
        raise ValueError(f"{len(unit_N)} units, {len(rater_N)} raters, {len(value_N)} values: not one a rating")
    if not np.isfinite(value_N).all():
        raise ValueError("a value is not a finite number")
    if not len(value_N):
        return []
    n_R, mean_R = _means(rater_N, value_N, len(names_R))
    others_N, is_compared_N = _others(unit_N, value_N)
    rater_C, mine_C, others_C = rater_N[is_compared_N], value_N[is_compared_N], others_N[is_compared_N]
    compared_R, bias_R = _means(rater_C, mine_C - others_C, len(names_R))
    agreement_R = _correlations(rater_C, mine_C, others_C, len(names_R))
    return [
        RaterStatistics(
            rater=int(name),
            n_ratings=int(n),
            mean=float(mean),
            n_compared=int(compared),
            bias=float(bias) if compared else None,
            agreement=float(agreement) if math.isfinite(agreement) else None,
        )
        for name, n, mean, compared, bias, agreement in zip(
            names_R, n_R, mean_R, compared_R, bias_R, agreement_R, strict=True
        )
    ]


def _others(unit_N: Ints, value_N: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The mean of the other ratings of each rating's unit, and whether there are any."""
    n_N = np.bincount(unit_N)[unit_N]
    sum_N = np.bincount(unit_N, weights=value_N)[unit_N]
    is_compared_N = n_N >= 2
    return (sum_N - value_N) / np.maximum(n_N - 1, 1), is_compared_N


def _means(group_N: Ints, value_N: Floats, n_groups: int) -> tuple[Ints, Floats]:
    """Size and mean of each group; the mean of an empty group is 0 and must not be used."""
    n_G = np.bincount(group_N, minlength=n_groups)
    sum_G = np.bincount(group_N, weights=value_N, minlength=n_groups)
    return n_G.astype(np.int64), sum_G / np.maximum(n_G, 1)


def _correlations(group_N: Ints, x_N: Floats, y_N: Floats, n_groups: int) -> Floats:
    """Pearson correlation within each group, NaN where it is undefined."""
    n_G, mean_x_G = _means(group_N, x_N, n_groups)
    _, mean_y_G = _means(group_N, y_N, n_groups)
    dx_N, dy_N = x_N - mean_x_G[group_N], y_N - mean_y_G[group_N]
    xx_G, yy_G, xy_G = (
        np.bincount(group_N, weights=product_N, minlength=n_groups)
        for product_N in (dx_N * dx_N, dy_N * dy_N, dx_N * dy_N)
    )
    is_defined_G = (n_G >= LEAST_FOR_AGREEMENT) & (xx_G > 1e-12 * n_G) & (yy_G > 1e-12 * n_G)
    spread_G = np.sqrt(np.where(is_defined_G, xx_G * yy_G, 1.0))
    return np.where(is_defined_G, np.clip(xy_G / spread_G, -1.0, 1.0), np.nan)


@dataclass(frozen=True, slots=True)
class RetestStatistics:
    """How one rater agrees with themselves on the pairs that came back to them.

    `difference` is the mean of |second - first|, `correlation` the Pearson correlation of the two (test-retest
    reliability): None for fewer than three repeats, or without variation on either side. `shift` is the mean of
    second - first: whether the rater's scale moved meanwhile.
    """

    rater: int
    n_repeats: int
    difference: float
    shift: float
    correlation: float | None


def retest_statistics(raters: npt.ArrayLike, firsts: npt.ArrayLike, seconds: npt.ArrayLike) -> list[RetestStatistics]:
    """Statistics of each rater with repeats, in the order of their numbers.

    All three have shape (N,), one entry a repeat: who, the rating at first, the rating when it came back. Raises
    ValueError for unequal lengths or a value that is not finite.
    """
    first_N, second_N = np.asarray(firsts, dtype=np.float64), np.asarray(seconds, dtype=np.float64)
    names_R, rater_N = np.unique(np.asarray(raters, dtype=np.int64), return_inverse=True)
    if not len(rater_N) == len(first_N) == len(second_N):
        raise ValueError(
            f"{len(rater_N)} raters, {len(first_N)} first and {len(second_N)} second ratings: not in pairs"
        )
    if not (np.isfinite(first_N).all() and np.isfinite(second_N).all()):
        raise ValueError("a value is not a finite number")
    if not len(first_N):
        return []
    n_R, difference_R = _means(rater_N, np.abs(second_N - first_N), len(names_R))
    _, shift_R = _means(rater_N, second_N - first_N, len(names_R))
    correlation_R = _correlations(rater_N, first_N, second_N, len(names_R))
    return [
        RetestStatistics(
            rater=int(name),
            n_repeats=int(n),
            difference=float(difference),
            shift=float(shift),
            correlation=float(correlation) if math.isfinite(correlation) else None,
        )
        for name, n, difference, shift, correlation in zip(
            names_R, n_R, difference_R, shift_R, correlation_R, strict=True
        )
    ]
