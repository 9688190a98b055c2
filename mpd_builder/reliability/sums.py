"""What alpha is made of: a few sums a unit, so that it costs O(ratings), and so do all leave-one-out alphas together.

With m ratings in unit u, n over all units with at least two, and a disagreement d_u a unit,

    alpha = 1 - D_o / D_e = 1 - (n - 1) * sum_u d_u / e,

    interval level:  d_u = 2 m SS_u / (m - 1),                   e = 2 (n Q - S^2)
    nominal level:   d_u = (m^2 - sum_c n_uc^2) / (m - 1),       e = n^2 - sum_c n_c^2

with SS the sum of squared deviations from the unit's mean, S and Q the sum and the sum of squares of all the values,
and n_c, n_uc how often category c occurs in all and in unit u. This is Krippendorff's standard estimator (Computing
Krippendorff's Alpha-Reliability, 2011), of which the paper's equations 1 and 2 are the form for many ratings.
"""

# Shapes: N ratings, U units, B blocks (units, or clusters of units), E (block, category) entries, C categories,
# K resamples.
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mpd_builder.codes import Flags, Floats, Ints, dense, totals
from mpd_builder.draws import Stream

# What is smaller than this share of the whole is rounding: of the variation, and of a value's size.
_ROUNDING = 1e-12
_ROUNDING_OF_VALUES = 1e-14
# So many multiplicities are held at once: they fit in a core's cache.
CHUNK = 2**16


@dataclass(frozen=True, slots=True, eq=False)
class UnitSums:
    """Of each unit (U,): its number of ratings, their mean less the `origin`, their sum of squares around it."""

    size: Ints
    mean: Floats
    within: Floats
    origin: float = 0.0

    def __len__(self) -> int:
        return len(self.size)

    def take(self, units: Ints | Flags | slice) -> UnitSums:
        """Those units only: indices, a mask or a slice."""
        return UnitSums(self.size[units], self.mean[units], self.within[units], self.origin)

    def pairable(self) -> UnitSums:
        """The units with at least two ratings: those in which something can agree."""
        is_pairable = self.size > 1
        return self if is_pairable.all() else self.take(is_pairable)

    @property
    def centre(self) -> float:
        """The mean of all ratings less the origin; 0 without any."""
        n = int(self.size.sum())
        return float((self.size * self.mean).sum()) / n if n else 0.0

    @property
    def is_constant(self) -> bool:
        """Whether all values are equal, but for rounding."""
        if not len(self):
            return True
        noise = _ROUNDING_OF_VALUES * float(np.abs(self.mean).max())
        spread = float(self.mean.max() - self.mean.min())
        return spread <= noise and float(self.within.max()) <= self.size.max() * noise * noise


def unit_sums(unit_N: Ints, value_N: Floats, n_units: int = 0) -> UnitSums:
    """The sums of each unit, from the unit's code and the value of each rating; a unit without ratings has zeros."""
    size_U = np.bincount(unit_N, minlength=n_units)
    if not len(value_N):
        return UnitSums(size_U, np.zeros(len(size_U)), np.zeros(len(size_U)))
    origin = float(value_N[0])
    shifted_N = value_N - origin  # exact where all are equal, and safe where all are large
    mean_U = totals(unit_N, shifted_N, n_units) / np.maximum(size_U, 1)
    shifted_N -= mean_U[unit_N]
    shifted_N *= shifted_N
    return UnitSums(size_U, mean_U, totals(unit_N, shifted_N, n_units), origin)


class Sums(Protocol):
    """Alpha's sums a block, and the alphas that follow. NaN marks an undefined one here, and leaves this file never."""

    @property
    def n_units(self) -> int: ...

    @property
    def n_ratings(self) -> int: ...

    def __len__(self) -> int: ...

    def whole(self) -> float: ...

    def resampled(self, times_KB: Floats) -> Floats: ...

    def without_each(self) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class IntervalSums:
    """Per block: number of ratings, disagreement, sum and sum of squares of the values around their mean, (B, 4).

    In Fortran's order: a resample's four totals are then four dot products over memory as it lies.
    """

    n_units: int
    n_ratings: int
    of_blocks: Floats
    is_constant: bool

    def __len__(self) -> int:
        return len(self.of_blocks)

    def whole(self) -> float:
        return float(self.of_totals(self.of_blocks.sum(axis=0)[np.newaxis])[0])

    def resampled(self, times_KB: Floats) -> Floats:
        return self.of_totals(times_KB @ self.of_blocks)

    def without_each(self) -> Floats:
        return self.of_totals(self.of_blocks.sum(axis=0) - self.of_blocks)

    def of_totals(self, sums_K4: Floats) -> Floats:
        n, disagreement, total, squares = sums_K4.T
        variation = squares - total * total / np.maximum(n, 1.0)
        least = math.inf if self.is_constant else _ROUNDING * float(self.of_blocks[:, 3].sum())
        is_defined = variation > least
        expected = np.where(is_defined, 2.0 * n * variation, 1.0)
        return np.where(is_defined, 1.0 - (n - 1.0) * disagreement / expected, np.nan)


def interval_sums(units: UnitSums, block_U: Ints | None = None) -> IntervalSums:
    """The sums of pairable units, each a block of its own unless `block_U` says to which it belongs."""
    units = units.pairable()
    size_U = units.size.astype(np.float64)
    centred_U = units.mean - units.centre
    sum_U = size_U * centred_U
    columns = [size_U, 2.0 * size_U * units.within / (size_U - 1.0), sum_U, units.within + sum_U * centred_U]
    if block_U is not None:
        columns = [totals(block_U, column) for column in columns]
    return IntervalSums(len(units), int(units.size.sum()), np.stack(columns).T, units.is_constant)


@dataclass(frozen=True, slots=True, eq=False)
class NominalSums:
    """Per block: number of ratings and disagreement; per entry: its block, its category and how often it occurs."""

    n_units: int
    n_ratings: int
    ratings: Floats
    disagreement: Floats
    block_of: Ints
    category_of: Ints
    counts: Floats

    def __len__(self) -> int:
        return len(self.ratings)

    def whole(self) -> float:
        return float(self.resampled(np.ones((1, len(self))))[0])

    def resampled(self, times_KB: Floats) -> Floats:
        n_categories = int(self.category_of.max(initial=-1)) + 1
        places_KE = np.arange(len(times_KB))[:, np.newaxis] * n_categories + self.category_of
        counts_KE = times_KB[:, self.block_of] * self.counts
        size = len(times_KB) * n_categories
        totals_KC = totals(places_KE.ravel(), counts_KE.ravel(), size).reshape(len(times_KB), n_categories)
        n = times_KB @ self.ratings
        return self._alphas(n, times_KB @ self.disagreement, n * n - np.square(totals_KC).sum(axis=1))

    def without_each(self) -> Floats:
        totals_C = totals(self.category_of, self.counts)
        # sum_c (n_c - n_bc)^2 = sum_c n_c^2 - sum_c n_bc (2 n_c - n_bc), so that only a block's own entries are walked
        lost = self.counts * (2.0 * totals_C[self.category_of] - self.counts)
        lost_B = totals(self.block_of, lost, len(self))
        n = self.n_ratings - self.ratings
        expected_B = n * n - (totals_C @ totals_C - lost_B)
        return self._alphas(n, self.disagreement.sum() - self.disagreement, expected_B)

    def _alphas(self, n: Floats, disagreement: Floats, expected: Floats) -> Floats:
        is_defined = expected > 0.5  # a whole number
        return np.where(is_defined, 1.0 - (n - 1.0) * disagreement / np.where(is_defined, expected, 1.0), np.nan)


def nominal_sums(unit_N: Ints, category_N: Ints, block_U: Ints | None = None) -> NominalSums:
    """The sums of units without gaps in their codes, all with at least two ratings; blocks as above."""
    size_U = np.bincount(unit_N)
    block_U = np.arange(len(size_U)) if block_U is None else block_U
    n_categories = int(category_N.max(initial=0)) + 1
    cells, counts = np.unique(unit_N * n_categories + category_N, return_counts=True)
    equal_U = totals(cells // n_categories, counts * counts)
    entries, counts_E = np.unique(block_U[unit_N] * n_categories + category_N, return_counts=True)
    return NominalSums(
        n_units=len(size_U),
        n_ratings=len(category_N),
        ratings=totals(block_U, size_U),
        disagreement=totals(block_U, (size_U * size_U - equal_U) / (size_U - 1)),
        block_of=entries // n_categories,
        category_of=entries % n_categories,
        counts=counts_E.astype(np.float64),
    )


def midranks(value_N: Floats) -> Floats:
    """The rank of each value among all, ties sharing the middle one: at the ordinal level, how far apart ranks are."""
    _, code_N, counts = np.unique(value_N, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - counts / 2.0
    return np.asarray(ranks[code_N], dtype=np.float64)


def blocks_of_units(unit_N: Ints, cluster_N: Ints) -> Ints:
    """Which cluster each unit lies in, (U,), from the cluster of each rating; ValueError if a unit lies in two."""
    cluster_N = dense(cluster_N)[0]
    block_U = np.zeros(int(unit_N.max(initial=-1)) + 1, dtype=np.int64)
    block_U[unit_N] = cluster_N
    if not np.array_equal(block_U[unit_N], cluster_N):
        raise ValueError("a unit's ratings lie in two clusters: a cluster holds whole units")
    return block_U


def jackknife_error(replicates_B: Floats) -> float | None:
    """The standard error of a statistic from its values without each block in turn; None where one is undefined."""
    n_blocks = len(replicates_B)
    if n_blocks < 2 or not np.isfinite(replicates_B).all():
        return None
    deviations_B = replicates_B - replicates_B.mean()
    return math.sqrt((n_blocks - 1) / n_blocks * float(np.square(deviations_B).sum()))


def bootstrap_alphas(sums: Sums, *, resamples: int, stream: Stream) -> Floats:
    """Alpha of each sample of blocks drawn with replacement, (K,); NaN where it is undefined."""
    at_once = max(1, CHUNK // max(1, len(sums)))
    found = []
    for start in range(0, resamples, at_once):
        times_KB = stream.multiplicities(len(sums), min(at_once, resamples - start))
        found.append(sums.resampled(times_KB.astype(np.float64)))
    return np.concatenate(found)
