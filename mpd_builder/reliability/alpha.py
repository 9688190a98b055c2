"""Krippendorff's alpha of ratings in long form, with a jackknife or a bootstrap interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mpd_builder.codes import Floats, Ints, codes, dense, flat
from mpd_builder.draws import Stream
from mpd_builder.reliability.sums import (
    Sums,
    UnitSums,
    blocks_of_units,
    bootstrap_alphas,
    interval_sums,
    jackknife_error,
    midranks,
    nominal_sums,
    unit_sums,
)
from mpd_builder.student_t import quantile


class Level(StrEnum):
    """How far apart two values are: their squared difference, that of their ranks, or simply whether they differ."""

    INTERVAL = "interval"
    NOMINAL = "nominal"
    ORDINAL = "ordinal"


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
    at the interval and the ordinal level, anything at the nominal one. A NaN is a missing answer. The interval is alpha
    -/+ Student's t times the jackknife error (Hughes, arXiv 2210.13265: it covers better than the bootstrap), cut at 1;
    at the ordinal level the ranks in it stay those among all the ratings. `clusters` (N,), say the painting of each
    rating's pair, leaves out whole clusters instead of single units: the honest interval where units share their
    material. Raises ValueError for unequal lengths, infinite values, or a unit in two clusters.
    """
    return _jackknifed(_sums(units, values, level, clusters), confidence)


def unit_alpha(units: UnitSums, *, confidence: float = 0.95) -> Alpha:
    """The same at the interval level from the units' sums alone, in O(units)."""
    return _jackknifed(interval_sums(units), confidence)


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
    sums = _sums(units, values, level, clusters)
    alphas = np.empty(0)
    if math.isfinite(sums.whole()) and len(sums) > 1:
        alphas = bootstrap_alphas(sums, resamples=resamples, stream=Stream(seed, "bootstrap"))
    return bootstrapped(sums, alphas, confidence=confidence)


def bootstrapped(sums: Sums, alphas_K: Floats, *, confidence: float = 0.95) -> Alpha:
    """Alpha with the percentile interval of its values in resamples; undefined ones (NaN) are left out."""
    tail = (1.0 - _checked(confidence)) / 2.0
    value, alphas = _defined(sums.whole()), alphas_K[np.isfinite(alphas_K)]
    if value is None or not len(alphas) or len(sums) < 2:
        return Alpha(value, None, None, sums.n_units, sums.n_ratings)
    low, high = np.quantile(alphas, [tail, 1.0 - tail]).tolist()
    return Alpha(value, low, high, sums.n_units, sums.n_ratings)


def _jackknifed(sums: Sums, confidence: float) -> Alpha:
    probability = 0.5 + _checked(confidence) / 2.0
    value = _defined(sums.whole())
    error = None if value is None else jackknife_error(sums.without_each())
    if value is None or error is None:
        return Alpha(value, None, None, sums.n_units, sums.n_ratings)
    margin = quantile(probability, len(sums) - 1) * error
    return Alpha(value, value - margin, min(1.0, value + margin), sums.n_units, sums.n_ratings)


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


# Shapes: N ratings, U units.
def _sums(units: npt.ArrayLike, values: npt.ArrayLike, level: str, clusters: npt.ArrayLike | None) -> Sums:
    if level not in set(Level):
        raise ValueError(f"the level is 'interval', 'nominal' or 'ordinal', not '{level}'")
    is_nominal = level == Level.NOMINAL
    unit_N = codes(units)
    value_N = _categories(values) if is_nominal else _numbers(values)
    cluster_N = unit_N if clusters is None else codes(clusters)
    if not len(unit_N) == len(value_N) == len(cluster_N):
        raise ValueError(f"{len(unit_N)} units, {len(value_N)} values, {len(cluster_N)} clusters: not one a rating")
    is_missing_N = value_N < 0 if is_nominal else np.isnan(value_N)
    if is_missing_N.any():
        unit_N, cluster_N, value_N = unit_N[~is_missing_N], cluster_N[~is_missing_N], value_N[~is_missing_N]
    size_U = np.bincount(unit_N)
    if (size_U == 1).any():
        is_pairable_N = (size_U > 1)[unit_N]
        unit_N, cluster_N, value_N = unit_N[is_pairable_N], cluster_N[is_pairable_N], value_N[is_pairable_N]
    unit_N = dense(unit_N)[0]
    block_U = None if clusters is None else blocks_of_units(unit_N, cluster_N)
    if is_nominal:
        return nominal_sums(unit_N, value_N.astype(np.int64, copy=False), block_U)
    floats_N = value_N.astype(np.float64, copy=False)
    return interval_sums(unit_sums(unit_N, midranks(floats_N) if level == Level.ORDINAL else floats_N), block_U)


def _checked(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence lies between 0 and 1, unlike {confidence}")
    return confidence


def _numbers(values: npt.ArrayLike) -> Floats:
    value_N = np.asarray(values, dtype=np.float64)
    if value_N.ndim != 1:
        raise ValueError(f"values must be one flat list, not of shape {value_N.shape}")
    if np.isinf(value_N).any():
        raise ValueError("a value is infinite")
    return value_N


def _categories(values: npt.ArrayLike) -> Ints:
    """Any labels -> codes from 0 on; a missing answer (NaN or None) is -1."""
    labels = flat(values)
    is_missing = np.fromiter((label is None or label != label for label in labels.tolist()), np.bool_, len(labels))
    return np.where(is_missing, -1, codes(values))
