"""How each rater stands to the others who scored the same pairs, and to themselves on pairs that came back.

A rater is compared with the mean of the *other* ratings of each pair, so that nobody is measured against themselves.
Everything is a few sums a unit: O(ratings).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.statistics.grouped import means, moments
from mpd_builder.statistics.peers import compared


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
    n_R, mean_R = means(rater_N, value_N, len(names_R))
    peers = compared(unit_N, rater_N, value_N)
    compared_R, bias_R = means(peers.rater, peers.difference, len(names_R))
    agreement_R = moments(peers.rater, peers.mine, peers.others, len(names_R)).correlation
    return [
        RaterStatistics(
            rater=int(name),
            n_ratings=int(n),
            mean=float(mean),
            n_compared=int(n_compared),
            bias=float(bias) if n_compared else None,
            agreement=float(agreement) if math.isfinite(agreement) else None,
        )
        for name, n, mean, n_compared, bias, agreement in zip(
            names_R, n_R, mean_R, compared_R, bias_R, agreement_R, strict=True
        )
    ]


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
    n_R, difference_R = means(rater_N, np.abs(second_N - first_N), len(names_R))
    _, shift_R = means(rater_N, second_N - first_N, len(names_R))
    correlation_R = moments(rater_N, first_N, second_N, len(names_R)).correlation
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
