"""A figure with its confidence interval, and the arithmetic on reliabilities that keeps intervals intact."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mpd_builder.codes import Floats
from mpd_builder.reliability.sums import jackknife_error
from mpd_builder.student_t import quantile


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its confidence interval; None where it, or a bound of it, is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def width(self) -> float | None:
        """How wide the interval is."""
        return None if self.low is None or self.high is None else self.high - self.low


def jackknifed(value: float, replicates_B: Floats, *, confidence: float, highest: float = 1.0) -> Estimate:
    """The estimate of a statistic from its values without each block in turn (NaN: undefined), cut at `highest`."""
    if not math.isfinite(value):
        return Estimate(None)
    error = jackknife_error(np.asarray(replicates_B))
    if error is None:
        return Estimate(value)
    margin = quantile(0.5 + confidence / 2.0, len(replicates_B) - 1) * error
    return Estimate(value, value - margin, min(highest, value + margin))


def spearman_brown(reliability: float | None, k: float) -> float | None:
    """The reliability of the mean of k ratings from that of one (Spearman 1910, Brown 1910): k r / (1 + (k - 1) r).

    None where there is none: one rating's is undefined, or so far below zero that the formula has no meaning.
    """
    if reliability is None or 1.0 + (k - 1.0) * reliability <= 0.0:
        return None
    return k * reliability / (1.0 + (k - 1.0) * reliability)


def stepped_up(single: Estimate, k: float) -> Estimate:
    """One rating's reliability turned into that of the mean of k, bound by bound: the formula only ever rises."""
    return Estimate(*(spearman_brown(bound, k) for bound in (single.value, single.low, single.high)))
