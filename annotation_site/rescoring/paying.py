"""Did it pay? What people said of the asked pairs, against what the model had predicted. Pure functions.

The control arm was drawn at random from the candidates, so its error is that of the model on any of them. The chosen
arm is not a sample of anything: it is where the model was expected to be wrong. Shapes: N pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mpd_builder.statistics.estimates import Estimate
from mpd_builder.statistics.figures import mean_estimate

NORMAL_WITHIN = (0.6827, 0.9545)
"""The shares within one and two deviations that honest normal deviations would have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An asked pair with its human score: trimmed mean of all its ratings."""

    predicted: float
    sd: float | None
    human: float


@dataclass(frozen=True, slots=True)
class Arm:
    """Of one arm: how many pairs are rated of how many asked, the mean absolute error, the mean difference.

    `within_1`, `within_2`: the share of human scores within one and two deviations of the prediction; None without any.
    """

    asked: int
    rated: int
    error: Estimate
    shift: Estimate
    within_1: float | None
    within_2: float | None


def arm_of(outcomes: Sequence[Outcome], *, asked: int) -> Arm:
    """What one arm came to; intervals are 95 %, over pairs."""
    difference_N = np.array([one.human - one.predicted for one in outcomes], dtype=np.float64)
    known = [(abs(one.human - one.predicted), one.sd) for one in outcomes if one.sd is not None]
    return Arm(
        asked=asked,
        rated=len(outcomes),
        error=_from_zero(mean_estimate(np.abs(difference_N))),
        shift=mean_estimate(difference_N),
        within_1=_within(known, 1.0),
        within_2=_within(known, 2.0),
    )


def _from_zero(error: Estimate) -> Estimate:
    """No error is below 0, whatever the interval of a few pairs reaches down to."""
    return error if error.low is None else replace(error, low=max(0.0, error.low))


def _within(known: Sequence[tuple[float, float]], times: float) -> float | None:
    return sum(error <= times * sd for error, sd in known) / len(known) if known else None
