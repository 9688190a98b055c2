"""Agreement of predicted with human scores, in plain numpy. Loads no torch.

Everywhere `predicted` and `score` are one-dimensional, of equal length, in score units. A figure that is not defined
(no rows, a constant where a correlation is asked) is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = slice | NDArray[np.int64]
THRESHOLD = 0.5
TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        return asdict(self)


def mae(predicted: Floats, score: Floats) -> float | None:
    """Mean absolute error."""
    return float(np.abs(predicted - score).mean()) if len(score) else None


def rmse(predicted: Floats, score: Floats) -> float | None:
    """Root of the mean squared error."""
    return float(np.sqrt(np.square(predicted - score).mean())) if len(score) else None


def plcc(predicted: Floats, score: Floats) -> float | None:
    """Pearson's linear correlation."""
    if len(score) < 2:
        return None
    a, b = predicted - predicted.mean(), score - score.mean()
    # Rounding leaves a constant array a little off its own mean; that is still a constant.
    if is_constant(predicted, a) or is_constant(score, b):
        return None
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def srcc(predicted: Floats, score: Floats) -> float | None:
    """Spearman's rank correlation; ties share their mean rank."""
    return plcc(ranks(predicted), ranks(score))


def accuracy(predicted: Floats, score: Floats) -> float | None:
    """Share of pairs on the same side of 0.5 (0.5 itself counts as coherent)."""
    return float(((predicted >= THRESHOLD) == (score >= THRESHOLD)).mean()) if len(score) else None


def within_tolerance(predicted: Floats, score: Floats) -> float | None:
    """Share of pairs predicted to 0.1 or better."""
    return float((np.abs(predicted - score) <= TOLERANCE).mean()) if len(score) else None


def preference_accuracy(preferred: Floats, other: Floats) -> float | None:
    """Share of preferences in which the preferred pair is scored higher; a tie counts half."""
    if not len(preferred):
        return None
    return float(((preferred > other) + 0.5 * (preferred == other)).mean())


METRICS: Mapping[str, Callable[[Floats, Floats], float | None]] = {
    "mae": mae,
    "rmse": rmse,
    "plcc": plcc,
    "srcc": srcc,
    "accuracy": accuracy,
    "within_0.1": within_tolerance,
}


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Floats = (last - (counts - 1) / 2.0)[inverse]
    return shared


def estimate(
    name: str, predicted: Floats, score: Floats, *, resamples: int, seed: int, confidence: float = 0.95
) -> Estimate:
    """A metric of METRICS with a percentile bootstrap over pairs. Resamples on which it is not defined are left out."""
    return estimate_mean(name, predicted[None], score, resamples=resamples, seed=seed, confidence=confidence)


def estimate_mean(
    name: str, predicted_SN: Floats, score: Floats, *, resamples: int, seed: int, confidence: float = 0.95
) -> Estimate:
    """The mean of a metric over S models (one recipe, S seeds) of N pairs; resampled are the pairs, alike for all."""
    return bootstrapped(
        lambda rows: _mean_of(name, predicted_SN[:, rows], score[rows]),
        len(score),
        resamples=resamples,
        seed=seed,
        confidence=confidence,
    )


def difference(
    name: str,
    first_SN: Floats,
    second_SN: Floats,
    score: Floats,
    *,
    resamples: int,
    seed: int,
    confidence: float = 0.95,
) -> Estimate:
    """How much higher a metric is for the first models than for the second, on the same resampled pairs."""

    def gain(rows: Rows) -> float | None:
        first = _mean_of(name, first_SN[:, rows], score[rows])
        second = _mean_of(name, second_SN[:, rows], score[rows])
        return None if first is None or second is None else first - second

    return bootstrapped(gain, len(score), resamples=resamples, seed=seed, confidence=confidence)


def wilson(value: float | None, n: int) -> Estimate:
    """A share of n trials with its 95 % Wilson interval."""
    if value is None or n == 0:
        return Estimate(None)
    z2 = 1.959963984540054**2
    centre = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2) / (1 + z2 / n) * np.sqrt(value * (1 - value) / n + z2 / (4 * n * n))
    return Estimate(value, float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def bootstrapped(
    figure: Callable[[Rows], float | None], n: int, *, resamples: int, seed: int, confidence: float = 0.95
) -> Estimate:
    """A figure of n pairs with the interval that resampling them gives; none where half the resamples have none."""
    value = figure(slice(None))
    if value is None or n < 2:
        return Estimate(value)
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, n, size=(resamples, n))
    found = [drawn for rows in draws if (drawn := figure(rows)) is not None]
    if len(found) < resamples / 2:
        return Estimate(value)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(found, [tail, 1.0 - tail])
    return Estimate(value, float(low), float(high))


def is_constant(values: Floats, centred: Floats) -> bool:
    """Whether values differ by no more than rounding; `centred` are the values less their mean."""
    scale = max(float(np.abs(values).max()), 1e-300)
    return float(np.abs(centred).max()) <= 1e-13 * scale


def _mean_of(name: str, predicted_SN: Floats, score: Floats) -> float | None:
    found = [METRICS[name](predicted, score) for predicted in predicted_SN]
    defined = [value for value in found if value is not None]
    return float(np.mean(defined)) if len(defined) == len(found) and found else None
