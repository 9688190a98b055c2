"""Methods that rank the candidates once: by lot, by the spread of an ensemble, by the band.

Shapes: N candidates, E members of an ensemble.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_DIGITS = 9


def best_of(urgency_N: Floats, open_N: Mask) -> int:
    """The open candidate of highest urgency; of equals the first."""
    return int(np.where(open_N, urgency_N, -np.inf).argmax())


class Ranked:
    """An order that no answer changes."""

    def __init__(self, urgency_N: Floats) -> None:
        self._urgency_N = urgency_N

    def best(self, open_N: Mask) -> int:
        return best_of(self._urgency_N, open_N)

    def learn(self, row: int) -> None:
        """An answer says nothing about the others."""


def by_lot(count: int, generator: np.random.Generator) -> Floats:
    """Urgency of `count` candidates, each order of them equally likely."""
    return generator.permutation(count).astype(np.float64)


def disagreement(members_EN: Floats) -> Floats:
    """Variance of each candidate's score over the members (N,), unbiased."""
    variance_N: Floats = np.asarray(members_EN, dtype=np.float64).var(axis=0, ddof=1)
    return variance_N


def in_band(score_N: Floats, variance_N: Floats, band: tuple[float, float]) -> Floats:
    """Urgency by the band: those predicted in it before all others, the most probably in it first.

    How probable is what the variance leaves: a sure 0.55 is in [0.4, 0.6] more probably than an unsure 0.5, which the
    distance from the middle alone would put first. Where variances are equal the two orders are one; equally probable
    candidates come by their distance from the middle.
    """
    low, high = band
    outside = (score_N < low) | (score_N > high)
    likely = np.round(_probability_within(score_N, np.sqrt(np.maximum(variance_N, 0.0)), band), _DIGITS)
    order = np.lexsort((np.abs(score_N - (low + high) / 2), -likely, outside))
    urgency = np.empty(len(score_N))
    urgency[order] = -np.arange(len(score_N))
    return urgency


def _probability_within(mean_N: Floats, sd_N: Floats, band: tuple[float, float]) -> Floats:
    """The probability that a normal variable lies in the band; 0 or 1 where its deviation is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = ((end - mean_N) / sd_N for end in band)
    probability: Floats = _normal(above) - _normal(below)
    certain = (mean_N >= band[0]) & (mean_N <= band[1])
    return np.where(sd_N > 0, probability, certain)


def _normal(z_N: Floats) -> Floats:
    """The normal distribution function."""
    scaled = np.nan_to_num(z_N / math.sqrt(2.0))
    return np.array([0.5 * (1.0 + math.erf(value)) for value in scaled.tolist()])
