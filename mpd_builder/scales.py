"""From numbers to places on a chart: ranges, round ticks, labels. Pure functions; positions are percent of the plot.

The charts of the site and the figures of a snapshot stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis, in percent from its start."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of [low, high] onto 0..100 percent, with its ticks."""

    low: float
    high: float
    step: float

    def at(self, value: float) -> float:
        """Percent from the start of the axis, kept inside the plot."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 3)

    def up(self, value: float) -> float:
        """Percent from the top: what a y coordinate wants."""
        return round(100 - self.at(value), 3)

    def ticks(self) -> list[float]:
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [index * self.step for index in range(first, last + 1)]

    def label(self, value: float) -> str:
        return number_label(value, step=self.step)


def round_step(span: float, *, wanted: int = 5) -> float:
    """The step of 1, 2 or 5 times a power of ten that gives about `wanted` ticks over `span` (> 0)."""
    rough = span / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1.0, 2.0, 5.0) if rough <= factor * power * 1.0001), 10.0 * power)


def number_label(value: float, *, step: float) -> str:
    """As few decimals as tell neighbouring ticks apart; thousands are grouped."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals > 4 or abs(value) >= 1e6:
        return f"{value:.3g}"
    return f"{value + 0.0:,.{decimals}f}"  # adding zero takes the sign off a negative zero


def scale_of(
    values: Iterable[float],
    *,
    low: float | None = None,
    high: float | None = None,
    wanted: int = 5,
    whole: bool = False,
) -> Scale:
    """A scale that holds all finite values. A given end is kept as it is, the other one is rounded to a whole step.

    `whole` keeps the step at 1 or more, for counts.
    """
    finite = [value for value in values if math.isfinite(value)]
    start = low if low is not None else min(finite, default=0.0)
    end = high if high is not None else max(finite, default=1.0)
    if end <= start:
        margin = abs(start) * 0.1 or 1.0
        start, end = (start if low is not None else start - margin), start + margin
    step = round_step(end - start, wanted=wanted)
    if whole:
        step = max(step, 1.0)
    if low is None:
        start = math.floor(start / step + 1e-9) * step
    if high is None:
        end = math.ceil(end / step - 1e-9) * step
    return Scale(low=start, high=end, step=step)
