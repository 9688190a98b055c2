"""What an admin should look at in a rater's figures, in words.

A flag is a reason to look, never a verdict: nothing here leaves anybody out. All lines are in units of a scale that is
1 wide, and are constants, so that the pages, the documentation and the tests mean the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpd_builder.statistics.raters import RaterFigures

LEAST_COMPARED = 20
"""Fewer compared ratings than this say nothing about a rater yet: only their speed is looked at."""
LEAST_REPEATS = 5
BIAS_LINE = 0.08
"""About the paper's mean dispersion (0.078): a rater who is off by as much as five raters differ."""
SCALE_LOW, SCALE_HIGH = 0.7, 1.3
"""Shares of the scale that peers use."""
INCONSISTENCY_LINE = 1.5
"""Times the median rater's inconsistency."""
AGREEMENT_LINE = 0.6
TOO_FAST_SHARE = 0.1
RETEST_LINE = 0.15
"""Mean distance between two ratings of the same pair by the same rater."""
DRIFT_LINE = 0.05
"""A drift is flagged if a block lies outside the control band and at least this far from the rater's own bias."""
ALPHA_LINE = 0.01
"""By how much alpha rises without the rater."""


class FlagKind(StrEnum):
    BIAS = "bias"
    SCALE_USE = "scale use"
    INCONSISTENCY = "inconsistency"
    AGREEMENT = "agreement"
    TOO_FAST = "too fast"
    RETEST = "retest"
    DRIFT = "drift"
    ALPHA = "alpha"


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to look at, in words that go on after the rater's name: "rates 0.11 higher than peers"."""

    kind: FlagKind
    words: str


def flags_of(rater: RaterFigures, *, median_inconsistency: float | None) -> tuple[Flag, ...]:
    """The flags of one rater, given the median inconsistency of all raters with enough ratings."""
    flags = list(_of_speed(rater))
    if rater.n_compared >= LEAST_COMPARED:
        flags += _of_scale(rater)
        flags += _of_agreement(rater, median_inconsistency)
    flags += _over_time(rater)
    return tuple(flags)


def _of_speed(rater: RaterFigures) -> Iterator[Flag]:
    if rater.n_ratings >= LEAST_COMPARED and _reaches(rater.share_too_fast, TOO_FAST_SHARE):
        yield Flag(FlagKind.TOO_FAST, f"is too fast in {_percent(rater.share_too_fast)} of the ratings")


def _of_scale(rater: RaterFigures) -> Iterator[Flag]:
    if rater.bias is not None and abs(rater.bias) >= BIAS_LINE:
        side = "higher" if rater.bias > 0 else "lower"
        yield Flag(FlagKind.BIAS, f"rates {abs(rater.bias):.2f} {side} than peers")
    if rater.scale_use is not None and not SCALE_LOW < rater.scale_use < SCALE_HIGH:
        words = (
            f"uses {_percent(rater.scale_use)} of the scale"
            if rater.scale_use >= 0
            else "uses the scale the other way round"
        )
        yield Flag(FlagKind.SCALE_USE, words)


def _of_agreement(rater: RaterFigures, median_inconsistency: float | None) -> Iterator[Flag]:
    if rater.inconsistency is not None and median_inconsistency:
        times = rater.inconsistency / median_inconsistency
        if times >= INCONSISTENCY_LINE:
            yield Flag(FlagKind.INCONSISTENCY, f"is {times:.1f} times as inconsistent as the median rater")
    if rater.agreement is not None and rater.agreement < AGREEMENT_LINE:
        yield Flag(FlagKind.AGREEMENT, f"agrees little with peers (correlation {rater.agreement:.2f})")
    if _reaches(rater.alpha_gain, ALPHA_LINE):
        yield Flag(FlagKind.ALPHA, f"lowers alpha by {rater.alpha_gain:.3f}")


def _over_time(rater: RaterFigures) -> Iterator[Flag]:
    retest = rater.retest
    if retest is not None and retest.n_repeats >= LEAST_REPEATS and retest.difference >= RETEST_LINE:
        yield Flag(FlagKind.RETEST, f"is {retest.difference:.2f} away from their own first rating when a pair returns")
    if rater.drift is None:
        return
    far = [abs(block.bias - rater.drift.centre) for block in rater.drift.blocks if block.is_outside]
    if far and max(far) >= DRIFT_LINE:
        shift = rater.drift.shift
        words = f"rates {abs(shift):.2f} {'higher' if shift > 0 else 'lower'} at the end than at the start"
        steady = f"strays by up to {max(far):.2f} from their own bias for a while"
        yield Flag(FlagKind.DRIFT, words if abs(shift) >= DRIFT_LINE else steady)


def _reaches(figure: float | None, line: float) -> bool:
    return figure is not None and figure >= line


def _percent(share: float | None) -> str:
    return f"{round(100 * (share or 0.0))} %"
