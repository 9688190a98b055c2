"""Whom to leave out, as a proposal with its reason: the screening of ITU-R BT.500 (annex 1, 2.3.1).

Of each unit the mean and the standard deviation S over its raters are taken, and its kurtosis m4 / m2^2. A rating lies
far above (below) if it is at least 2 S above (below) the mean where the kurtosis is between 2 and 4, as a normal
distribution's, else at least sqrt(20) S. A rater with P ratings far above and Q far below of N is proposed if

    (P + Q) / N > 0.05   and   |P - Q| / (P + Q) < 0.3

so that who is erratic is left out, and who is only shifted stays.

The Recommendation asks for fifteen raters and more. With few the rule is blind: of n ratings none lies more than
(n - 1) / sqrt(n) standard deviations from their mean, which is 1.79 for five. For such campaigns the same rule is
applied with one spread for all units: that of the median rater around the units' means, so that erratic raters do not
widen what they are judged by, and always 2 S, since a unit's few ratings have no kurtosis to speak of. Normal errors
alone are far in 4.6 % of the ratings then, and a campaign's raters have thousands: the line is 0.1 there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mpd_builder.codes import Flags, Floats, Ints, Name, totals
from mpd_builder.statistics.grouped import means
from mpd_builder.statistics.ratings import RatingTable

LEAST_RATERS = 15
"""What a unit needs for a spread of its own."""
SHARE_LINE = 0.05
COMMON_SHARE_LINE = 0.1
BALANCE_LINE = 0.3
FAR = 2.0
FAR_IF_NOT_NORMAL = math.sqrt(20.0)
NORMAL_KURTOSIS = (2.0, 4.0)


class Method(StrEnum):
    BT500 = "BT.500, spread of each pair"
    COMMON = "BT.500, one spread for all pairs"


@dataclass(frozen=True, slots=True)
class Screened:
    """How one rater fared: `far_above` and `far_below` of `n_judged` ratings. `reason` is in words, or None."""

    rater: Name
    n_judged: int
    far_above: int
    far_below: int
    reason: str | None

    @property
    def is_proposed(self) -> bool:
        """Whether the rule proposes to leave this rater out."""
        return self.reason is not None


@dataclass(frozen=True, slots=True)
class Screening:
    """Every rater with a judged rating, in the raters' order, and by which method."""

    method: Method
    raters: tuple[Screened, ...]

    @property
    def proposed(self) -> tuple[Screened, ...]:
        """Those whom the rule proposes to leave out."""
        return tuple(rater for rater in self.raters if rater.is_proposed)


def screen(table: RatingTable, *, method: Method | None = None) -> Screening:
    """Screen all raters. Without a method: by each pair's own spread where most ratings are of pairs with fifteen."""
    size_N = np.bincount(table.unit_N, minlength=table.n_units)[table.unit_N]
    if method is None:
        has_many = 2 * np.count_nonzero(size_N >= LEAST_RATERS) > len(table)
        method = Method.BT500 if has_many else Method.COMMON
    is_judged_N = size_N >= (LEAST_RATERS if method is Method.BT500 else 2)
    judged = table.kept(is_judged_N)
    above_J, below_J = _far(judged, method)
    n_R, above_R, below_R = (
        np.bincount(judged.rater_N[which], minlength=table.n_raters) for which in (slice(None), above_J, below_J)
    )
    names = table.raters_R.tolist()
    return Screening(
        method,
        tuple(
            Screened(
                rater=names[code],
                n_judged=int(n_R[code]),
                far_above=int(above_R[code]),
                far_below=int(below_R[code]),
                reason=_reason(int(n_R[code]), int(above_R[code]), int(below_R[code]), method),
            )
            for code in np.flatnonzero(n_R).tolist()
        ),
    )


# Shapes: J judged ratings, U units, R raters.
def _far(judged: RatingTable, method: Method) -> tuple[Flags, Flags]:
    """Which ratings lie far above and far below the others of their unit."""
    n_U = np.bincount(judged.unit_N, minlength=judged.n_units)
    mean_U = totals(judged.unit_N, judged.value_N, judged.n_units) / np.maximum(n_U, 1)
    off_J = judged.value_N - mean_U[judged.unit_N]
    square_U = totals(judged.unit_N, off_J * off_J, judged.n_units)
    if method is Method.BT500:
        line_J = _lines(judged, n_U, off_J, square_U)[judged.unit_N]
    else:
        line_J = FAR * _common_lines(judged, n_U, off_J)
    can_be_far_J = square_U[judged.unit_N] > 0.0  # where all agree, nobody is far
    return can_be_far_J & (off_J >= line_J), can_be_far_J & (off_J <= -line_J)


def _lines(judged: RatingTable, n_U: Ints, off_J: Floats, square_U: Floats) -> Floats:
    """How far from its mean is far, (U,): by each unit's own spread and kurtosis."""
    fourth_U = totals(judged.unit_N, off_J**4, judged.n_units)
    has_spread_U = square_U > 0.0
    kurtosis_U = np.where(has_spread_U, n_U * fourth_U / np.where(has_spread_U, square_U**2, 1.0), 0.0)
    low, high = NORMAL_KURTOSIS
    is_normal_U = (kurtosis_U >= low) & (kurtosis_U <= high)
    return np.asarray(np.where(is_normal_U, FAR, FAR_IF_NOT_NORMAL) * np.sqrt(square_U / np.maximum(n_U - 1, 1)))


def _common_lines(judged: RatingTable, n_U: Ints, off_J: Floats) -> Floats:
    """The median rater's spread, for a deviation from a mean that the rating itself is part of, (J,)."""
    left_J = (1.0 - 1.0 / np.maximum(n_U, 1))[judged.unit_N]  # of a rating's variance, around that mean
    n_R, variance_R = means(judged.rater_N, off_J * off_J / left_J, judged.n_raters)
    variance = float(np.median(variance_R[n_R > 0])) if len(off_J) else 0.0
    return np.asarray(np.sqrt(variance * left_J))


def _reason(n: int, above: int, below: int, method: Method) -> str | None:
    far = above + below
    line = SHARE_LINE if method is Method.BT500 else COMMON_SHARE_LINE
    if far <= line * n or abs(above - below) >= BALANCE_LINE * far:
        return None
    share = f"{100 * far / n:.0f} % of {n} ratings"
    return (
        f"{share} lie far from the others of their pair ({above} above, {below} below; the line is {100 * line:.0f} %)"
    )
