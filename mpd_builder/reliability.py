"""Krippendorff's alpha in closed form, with its uncertainty.

Everything follows from a few sums a unit, so that alpha costs O(ratings) and so do all leave-one-out alphas together.
With m ratings in unit u, n over all units with at least two, and a disagreement d_u a unit,

    alpha = 1 - D_o / D_e = 1 - (n - 1) * sum_u d_u / e,

    interval level:  d_u = 2 m SS_u / (m - 1),                   e = 2 (n Q - S^2)
    nominal level:   d_u = (m^2 - sum_c n_uc^2) / (m - 1),       e = n^2 - sum_c n_c^2

with SS the sum of squared deviations from the unit's mean, S and Q the sum and the sum of squares of all the values,
and n_c, n_uc how often category c occurs in all and in unit u. This is Krippendorff's standard estimator (Computing
Krippendorff's Alpha-Reliability, 2011), of which the paper's equations 1 and 2 are the form for many ratings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mpd_builder.draws import Ints, Stream
from mpd_builder.student_t import quantile

Floats = npt.NDArray[np.float64]

# What a leave-one-out expectation may keep of the whole one by rounding alone.
_ROUNDING = 1e-12


class Level(StrEnum):
    """How far apart two values are: their squared difference, or simply whether they differ."""

    INTERVAL = "interval"
    NOMINAL = "nominal"


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha and its confidence interval.

    `value` is None where alpha is undefined: no unit has two ratings, or all values are equal. `low` and `high` are
    None where the data leave no interval: a single unit, or one unit (cluster) that alone brings all the variation.
    `n_units` and `n_ratings` count what alpha rests on: units with at least two ratings, and their ratings.
    """

    value: float | None
    low: float | None
    high: float | None
    n_units: int
    n_ratings: int


def krippendorff_alpha(
    units: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    level: str = Level.INTERVAL,
    confidence: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> Alpha:
    """Krippendorff's alpha of ratings in long form, with a jackknife interval over units.

    `units` (N,) says which unit each rating belongs to (numbers or strings), `values` (N,) what was answered: numbers
    at the interval level, anything at the nominal one. A NaN is a missing answer. The interval is alpha -/+ Student's t
    times the jackknife error (Hughes, arXiv 2210.13265: it covers better than the bootstrap), cut at 1. `clusters`
    (N,), say the painting of each rating's pair, leaves out whole clusters instead of single units: the honest
    interval where units share their material. Raises ValueError for unequal lengths, infinite values, or a unit in two
    clusters.
    """
    probability = 0.5 + _checked(confidence) / 2.0
    sums = _sums(units, values, level, clusters)
    value = _alpha(sums)
    error = None if value is None else _jackknife_error(sums)
    if value is None or error is None:
        return Alpha(value, None, None, sums.n_units, sums.n_ratings)
    margin = quantile(probability, len(sums.ratings) - 1) * error
    return Alpha(value, value - margin, min(1.0, value + margin), sums.n_units, sums.n_ratings)


def bootstrap_interval(
    units: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    resamples: int = 1000,
    seed: int,
    level: str = Level.INTERVAL,
    confidence: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> Alpha:
    """Alpha with the percentile interval of a bootstrap over units, or over `clusters`; arguments as above.

    Resamples in which alpha is undefined (all values equal) are left out.
    """
    if resamples < 1:
        raise ValueError(f"at least one resample is needed, not {resamples}")
    tail = (1.0 - _checked(confidence)) / 2.0
    sums = _sums(units, values, level, clusters)
    value, n_blocks = _alpha(sums), len(sums.ratings)
    alphas: list[float] = []
    if value is not None and n_blocks > 1:
        stream = Stream(seed, "bootstrap")
        times = (np.bincount(stream.below(n_blocks, n_blocks), minlength=n_blocks) for _ in range(resamples))
        alphas = [alpha for alpha in (_resampled(sums, times_B) for times_B in times) if alpha is not None]
    if not alphas:
        return Alpha(value, None, None, sums.n_units, sums.n_ratings)
    low, high = np.quantile(np.array(alphas), [tail, 1.0 - tail]).tolist()
    return Alpha(value, low, high, sums.n_units, sums.n_ratings)


# Shapes: N ratings, U units, B blocks (units, or clusters of units), E (block, category) entries.
@dataclass(frozen=True, slots=True)
class _IntervalSums:
    """Per block: number of ratings, disagreement, sum and sum of squares of the centred values."""

    n_units: int
    n_ratings: int
    ratings: Floats
    disagreement: Floats
    sums: Floats
    squares: Floats

    def expected(self, times_B: Floats) -> float:
        n, total, squares = times_B @ self.ratings, times_B @ self.sums, times_B @ self.squares
        return float(2.0 * (n * squares - total * total))

    def expected_without_each(self) -> Floats:
        n = self.ratings.sum() - self.ratings
        total, squares = self.sums.sum() - self.sums, self.squares.sum() - self.squares
        return np.asarray(2.0 * (n * squares - total * total))


@dataclass(frozen=True, slots=True)
class _NominalSums:
    """Per block: number of ratings and disagreement; per entry: its block, its category and how often it occurs."""

    n_units: int
    n_ratings: int
    ratings: Floats
    disagreement: Floats
    block_of: Ints
    category_of: Ints
    counts: Floats

    def expected(self, times_B: Floats) -> float:
        totals_C = np.bincount(self.category_of, weights=self.counts * times_B[self.block_of])
        return float((times_B @ self.ratings) ** 2 - totals_C @ totals_C)

    def expected_without_each(self) -> Floats:
        totals_C = np.bincount(self.category_of, weights=self.counts)
        # sum_c (n_c - n_bc)^2 = sum_c n_c^2 - sum_c n_bc (2 n_c - n_bc), so that only a block's own entries are walked
        lost = self.counts * (2.0 * totals_C[self.category_of] - self.counts)
        lost_B = np.bincount(self.block_of, weights=lost, minlength=len(self.ratings))
        return np.asarray((self.n_ratings - self.ratings) ** 2 - (totals_C @ totals_C - lost_B))


_Sums = _IntervalSums | _NominalSums


def _alpha(sums: _Sums) -> float | None:
    return _resampled(sums, np.ones(len(sums.ratings)))


def _resampled(sums: _Sums, times_B: npt.NDArray[np.generic]) -> float | None:
    """Alpha of the sample that holds each block so many times."""
    times = times_B.astype(np.float64)
    expected = sums.expected(times)
    if expected <= _ROUNDING * sums.n_ratings:
        return None
    return float(1.0 - (times @ sums.ratings - 1.0) * (times @ sums.disagreement) / expected)


def _jackknife_error(sums: _Sums) -> float | None:
    """The jackknife standard error of alpha: its value without each block in turn, in closed form."""
    n_blocks = len(sums.ratings)
    if n_blocks < 2:
        return None
    expected = sums.expected_without_each()
    if expected.min() <= _ROUNDING * sums.n_ratings:
        return None
    n_left = sums.n_ratings - sums.ratings
    alphas_B = 1.0 - (n_left - 1.0) * (sums.disagreement.sum() - sums.disagreement) / expected
    return math.sqrt((n_blocks - 1) / n_blocks * float(np.square(alphas_B - alphas_B.mean()).sum()))


def _sums(units: npt.ArrayLike, values: npt.ArrayLike, level: str, clusters: npt.ArrayLike | None) -> _Sums:
    if level not in set(Level):
        raise ValueError(f"the level is 'interval' or 'nominal', not '{level}'")
    unit_N = _codes(units)
    value_N = _numbers(values) if level == Level.INTERVAL else _categories(values)
    cluster_N = unit_N if clusters is None else _codes(clusters)
    if not len(unit_N) == len(value_N) == len(cluster_N):
        raise ValueError(f"{len(unit_N)} units, {len(value_N)} values, {len(cluster_N)} clusters: not one a rating")
    is_missing_N = np.isnan(value_N) if level == Level.INTERVAL else value_N < 0
    if is_missing_N.any():
        unit_N, cluster_N, value_N = unit_N[~is_missing_N], cluster_N[~is_missing_N], value_N[~is_missing_N]
    size_U = np.bincount(unit_N)
    if (size_U == 1).any():
        is_pairable_N = (size_U > 1)[unit_N]
        unit_N, cluster_N, value_N = unit_N[is_pairable_N], cluster_N[is_pairable_N], value_N[is_pairable_N]
    unit_N, size_U = _dense(unit_N)
    block_U = np.arange(len(size_U)) if clusters is None else _block_of_units(unit_N, cluster_N)
    if level == Level.INTERVAL:
        return _interval_sums(unit_N, size_U, block_U, value_N.astype(np.float64, copy=False))
    return _nominal_sums(unit_N, size_U, block_U, value_N.astype(np.int64, copy=False))


def _interval_sums(unit_N: Ints, size_U: Ints, block_U: Ints, value_N: Floats) -> _IntervalSums:
    # Alpha does not change with the scale's origin and unit; centred on a range of 1, rounding stays far below 1e-10.
    lowest, highest = (value_N.min(), value_N.max()) if len(value_N) else (0.0, 0.0)
    centred_N = (value_N - lowest) / ((highest - lowest) or 1.0)
    centred_N -= centred_N.mean() if len(value_N) else 0.0
    sum_U = _totals(unit_N, centred_N)
    centred_N *= centred_N
    square_U = _totals(unit_N, centred_N)
    within_U = np.maximum(square_U - sum_U * sum_U / size_U, 0.0)
    return _IntervalSums(
        n_units=len(size_U),
        n_ratings=len(value_N),
        ratings=_totals(block_U, size_U),
        disagreement=_totals(block_U, 2.0 * size_U * within_U / (size_U - 1)),
        sums=_totals(block_U, sum_U),
        squares=_totals(block_U, square_U),
    )


def _nominal_sums(unit_N: Ints, size_U: Ints, block_U: Ints, category_N: Ints) -> _NominalSums:
    n_categories = int(category_N.max(initial=0)) + 1
    cells, counts = np.unique(unit_N * n_categories + category_N, return_counts=True)
    equal_U = _totals(cells // n_categories, counts * counts)
    entries, counts_E = np.unique(block_U[unit_N] * n_categories + category_N, return_counts=True)
    return _NominalSums(
        n_units=len(size_U),
        n_ratings=len(category_N),
        ratings=_totals(block_U, size_U),
        disagreement=_totals(block_U, (size_U * size_U - equal_U) / (size_U - 1)),
        block_of=entries // n_categories,
        category_of=entries % n_categories,
        counts=counts_E.astype(np.float64),
    )


def _checked(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence lies between 0 and 1, unlike {confidence}")
    return confidence


def _totals(codes: Ints, weights: npt.NDArray[np.generic]) -> Floats:
    """The sum of the weights of each code."""
    return np.asarray(np.bincount(codes, weights=weights.astype(np.float64, copy=False)), dtype=np.float64)


def _dense(codes_N: Ints) -> tuple[Ints, Ints]:
    """Codes without gaps, and how often each occurs."""
    counts = np.bincount(codes_N)
    if counts.all():
        return codes_N, counts
    place = np.cumsum(counts > 0) - 1
    return place[codes_N], counts[counts > 0]


def _block_of_units(unit_N: Ints, cluster_N: Ints) -> Ints:
    cluster_N = _dense(cluster_N)[0]
    block_U = np.zeros(int(unit_N.max(initial=-1)) + 1, dtype=np.int64)
    block_U[unit_N] = cluster_N
    if not np.array_equal(block_U[unit_N], cluster_N):
        raise ValueError("a unit's ratings lie in two clusters: a cluster holds whole units")
    return block_U


def _numbers(values: npt.ArrayLike) -> Floats:
    value_N = np.asarray(values, dtype=np.float64)
    if value_N.ndim != 1:
        raise ValueError(f"values must be one flat list, not of shape {value_N.shape}")
    if np.isinf(value_N).any():
        raise ValueError("a value is infinite")
    return value_N


def _categories(values: npt.ArrayLike) -> Ints:
    """Any labels -> codes from 0 on; a missing answer (NaN or None) is -1."""
    labels = _flat(values)
    is_missing = np.fromiter((label is None or label != label for label in labels.tolist()), np.bool_, len(labels))
    return np.where(is_missing, -1, _codes(values))


def _codes(labels: npt.ArrayLike) -> Ints:
    """Numbers or strings -> whole numbers from 0 on, the same for the same label, with gaps perhaps."""
    array = _flat(labels)
    if array.dtype.kind in "iu" and len(array) and int(array.max()) - int(array.min()) <= 4 * len(array):
        return np.asarray(array - array.min(), dtype=np.int64)
    code_of: dict[object, int] = {}
    return np.fromiter((code_of.setdefault(label, len(code_of)) for label in array.tolist()), np.int64, len(array))


def _flat(labels: npt.ArrayLike) -> npt.NDArray[np.generic]:
    # A list of strings stays a list of references: as an array of fixed width it would be copied and hashed slowly.
    is_strings = isinstance(labels, list) and bool(labels) and isinstance(labels[0], str)
    array: npt.NDArray[np.generic] = np.array(labels, dtype=object) if is_strings else np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"units, values and clusters must be flat lists, not of shape {array.shape}")
    return array
