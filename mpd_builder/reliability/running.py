"""Alpha kept up to date: a new rating changes one unit, and so a handful of sums.

Whoever stores these totals beside a campaign adds the unit's totals after a rating and takes off those before it: O(5)
arithmetic, and the campaign's alpha is there at any moment without a look at its other ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mpd_builder.codes import Floats, Ints
from mpd_builder.reliability.sums import UnitSums

CENTRE = 0.5
"""Of the scale [0, 1]. Sums are of values less this, so that those of squares stay small and lose little."""
# Adding and taking off a million times leaves rounding; values 0.001 apart leave a thousand times more than this.
_ROUNDING = 1e-9
# What is left of a unit's squares when its values are equal: two that are 0.00001 apart leave more.
_ROUNDING_WITHIN = 1e-12


@dataclass(frozen=True, slots=True)
class Totals:
    """What the interval alpha needs of any set of units: sums over those with at least two ratings.

    `disagreement` is the sum of their d_u, `total` and `squares` the sums of the values and of their squares, each
    less 0.5 (see `sums`).
    """

    n_units: int = 0
    n_ratings: int = 0
    disagreement: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Totals) -> Totals:
        return self._with(other, 1)

    def __sub__(self, other: Totals) -> Totals:
        return self._with(other, -1)

    @property
    def alpha(self) -> float | None:
        """Krippendorff's alpha of all the units; None where it is undefined."""
        if self.n_ratings < 2:
            return None
        variation = self.squares - self.total * self.total / self.n_ratings
        if variation <= _ROUNDING:
            return None
        return 1.0 - (self.n_ratings - 1) * self.disagreement / (2.0 * self.n_ratings * variation)

    def _with(self, other: Totals, sign: int) -> Totals:
        return Totals(
            self.n_units + sign * other.n_units,
            self.n_ratings + sign * other.n_ratings,
            self.disagreement + sign * other.disagreement,
            self.total + sign * other.total,
            self.squares + sign * other.squares,
        )


def totals_of(values: Sequence[float]) -> Totals:
    """The totals of one unit with these ratings on [0, 1]; nothing for fewer than two."""
    n = len(values)
    if n < 2:
        return Totals()
    total, squares = centred_sums(values)
    mean = CENTRE + total / n
    within = sum((value - mean) ** 2 for value in values)
    return Totals(1, n, 2.0 * n * within / (n - 1), total, squares)


def centred_sums(values: Sequence[float]) -> tuple[float, float]:
    """The sum of a unit's values on [0, 1] and that of their squares, each value less 0.5: what a row can keep."""
    centred = [value - CENTRE for value in values]
    return sum(centred), sum(value * value for value in centred)


# Shapes: U units.
def unit_sums_of(size_U: Ints, total_U: Floats, squares_U: Floats) -> UnitSums:
    """The units' sums from what their rows kept: how many ratings, and their `centred_sums`."""
    mean_U = total_U / np.maximum(size_U, 1)
    within_U = squares_U - total_U * mean_U
    return UnitSums(size_U, mean_U, np.where(within_U > _ROUNDING_WITHIN, within_U, 0.0), CENTRE)
