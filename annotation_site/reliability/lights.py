"""Whether a target is met, and how surely: a colour, and always a sign and a word beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    MET = "met"
    UNSURE = "unsure"
    MISSED = "missed"
    UNDEFINED = "undefined"


SIGNS = {State.MET: "✓", State.UNSURE: "≈", State.MISSED: "✗", State.UNDEFINED: "–"}
NAMES = {
    State.MET: "Met",
    State.UNSURE: "Not sure yet",
    State.MISSED: "Missed",
    State.UNDEFINED: "Nothing to compare",
}


class HasInterval(Protocol):
    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Light:
    """`target` in words, and how the figure stands to it; `why` is for a person who asks."""

    state: State
    target: str
    why: str

    @property
    def sign(self) -> str:
        return SIGNS[self.state]

    @property
    def name(self) -> str:
        return NAMES[self.state]


def light_of(estimate: HasInterval, *, target: float, at_least: bool) -> Light:
    """Met (missed) where the whole interval lies on the right (wrong) side of the target, unsure where it holds it."""
    words = f"{'at least' if at_least else 'at most'} {target:g}"
    if estimate.value is None:
        return Light(State.UNDEFINED, words, "the figure is undefined")
    if estimate.low is None or estimate.high is None:
        side = "on the right side" if _is_right(estimate.value, target, at_least) else "on the wrong side"
        return Light(State.UNSURE, words, f"{side}, but there are too few pairs for an interval")
    ends = [_is_right(end, target, at_least) for end in (estimate.low, estimate.high)]
    if all(ends):
        return Light(State.MET, words, "the whole interval is on the right side")
    if not any(ends):
        return Light(State.MISSED, words, "the whole interval is on the wrong side")
    return Light(State.UNSURE, words, "the interval holds the target: more pairs will tell")


def _is_right(value: float, target: float, at_least: bool) -> bool:
    return value >= target if at_least else value <= target
