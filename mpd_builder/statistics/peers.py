"""Each rating beside the mean of the others of its unit, so that nobody is measured against themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.codes import Floats, Ints, totals


# Shapes: C ratings whose unit somebody else rated too.
@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Of each such rating (C,): its row in the table, its rater, its value, the mean and the number of the others."""

    row: Ints
    rater: Ints
    mine: Floats
    others: Floats
    n_others: Ints

    @property
    def difference(self) -> Floats:
        """How far above the others each rating lies."""
        return self.mine - self.others


def compared(unit_N: Ints, rater_N: Ints, value_N: Floats) -> Compared:
    """The ratings that can be compared with others', from the codes of unit and rater and the value of each, (N,)."""
    size_N = np.bincount(unit_N)[unit_N]
    sum_N = totals(unit_N, value_N)[unit_N]
    row = np.flatnonzero(size_N > 1)
    mine, n_others = value_N[row], size_N[row] - 1
    return Compared(row, rater_N[row], mine, (sum_N[row] - mine) / n_others, n_others)
