"""Whether a new model is better than the one in use: the same pairs, the same resamples, one verdict. Loads no torch.

Shapes: N measured pairs, T preference tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np

from model import metrics
from model.metrics import Floats, Rows
from model.regimes import Mask
from mpd_builder.sides import Regime

CONFIDENCE = 0.95
RESAMPLES = 2000
LEAST_PAIRS = 20
OF_PAIRS = ("srcc", "plcc", "mae")

Figure = Callable[[Rows], float | None]
"""A figure of one model on some rows; None where it is not defined."""


class Verdict(StrEnum):
    """What the interval of the difference in SRCC says of the new model."""

    BETTER = "better"
    WORSE = "worse"
    NOT_TOLD_APART = "not told apart"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the new model, of the other one, and new less other with its interval; None where undefined."""

    n: int
    new: float | None
    other: float | None
    difference: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model says: of the measured pairs (N,), and of both pairs of each task (T,), the preferred one first."""

    score_N: Floats
    preferred_T: Floats
    other_T: Floats


def differences(
    new: Predictions,
    other: Predictions,
    score_N: Floats,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """`srcc`, `plcc`, `mae` by a paired bootstrap over pairs, `preferences` (accuracy) by one over tasks.

    `score_N` are the human scores. Each resample is measured with both models. The correlation of a model that says the
    same of every pair counts as 0, for it orders nothing. MAE is an error: there, below 0 is the better side.
    """

    def of_pairs(name: str, model: Predictions) -> Figure:
        return lambda rows: _of_pairs(name, model.score_N[rows], score_N[rows])

    def of_tasks(model: Predictions) -> Figure:
        return lambda rows: metrics.preference_accuracy(model.preferred_T[rows], model.other_T[rows])

    compared = partial(_compared, resamples=resamples, seed=seed)
    return {
        **{name: compared(of_pairs(name, new), of_pairs(name, other), len(score_N)) for name in OF_PAIRS},
        "preferences": compared(of_tasks(new), of_tasks(other), len(new.preferred_T)),
    }


def _compared(new: Figure, other: Figure, n: int, *, resamples: int, seed: int) -> Difference:
    def gain(rows: Rows) -> float | None:
        first, second = new(rows), other(rows)
        return None if first is None or second is None else first - second

    estimate = metrics.bootstrapped(gain, n, resamples=resamples, seed=seed, confidence=CONFIDENCE)
    everything = slice(None)
    return Difference(n, new(everything), other(everything), estimate.value, estimate.low, estimate.high)


def _of_pairs(name: str, predicted: Floats, score: Floats) -> float | None:
    value = metrics.METRICS[name](predicted, score)
    orders_nothing = value is None and name != "mae" and metrics.plcc(score, score) is not None
    return 0.0 if orders_nothing else value


def verdict(srcc: Difference, *, least: int = LEAST_PAIRS) -> Verdict:
    """Better or worse only where the whole interval lies on one side of 0, from `least` pairs on."""
    if srcc.n < least or srcc.low is None or srcc.high is None:
        return Verdict.NOT_TOLD_APART
    if srcc.low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if srcc.high < 0 else Verdict.NOT_TOLD_APART


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Better if it is better than every one, worse if it is worse than any."""
    found = set(verdicts)
    if found == {Verdict.BETTER}:
        return Verdict.BETTER
    return Verdict.WORSE if Verdict.WORSE in found else Verdict.NOT_TOLD_APART


def shared(first: Mapping[Regime, Mask], second: Mapping[Regime, Mask]) -> dict[Regime, Mask]:
    """(N,) by regime, the pairs on which both may be measured; empty where they have no regime in common."""
    return {regime: mask & second[regime] for regime, mask in first.items() if regime in second}


def words(found: Mapping[str, Any]) -> str:
    """A contest's result in a few sentences; of several opponents the nearest is named, on which the verdict hangs."""
    n, left_out = found["n"], found["left_out"]
    if n < found["least"]:
        few = "1 held-out pair" if n == 1 else f"{n} held-out pairs"
        return f"Not told apart: only {few} that neither has seen, and {found['least']} are needed."
    rows = {name: opponent["regimes"][found["regime"]]["srcc"] for name, opponent in found["opponents"].items()}
    nearest = min(rows, key=lambda name: -np.inf if rows[name]["low"] is None else rows[name]["low"])
    given = Verdict(found["opponents"][nearest]["verdict"])
    others = f"Better than each of {len(rows)}. " if given is Verdict.BETTER and len(rows) > 1 else ""
    rest = f"; {left_out} more were left out" if left_out else ""
    return f"{others}{_told(nearest, rows[nearest], given)} {n} held-out pairs that neither has seen{rest}."


def _told(name: str, srcc: Mapping[str, Any], given: Verdict) -> str:
    if srcc["low"] is None:
        return f"Not told apart from {name}: the difference in SRCC is not defined on these pairs."
    than = f"from {name}" if given is Verdict.NOT_TOLD_APART else f"than {name}"
    return (
        f"{given.capitalize()} {than}: SRCC {srcc['new']:.3f} against {srcc['other']:.3f}, "
        f"a difference of {srcc['difference']:+.3f} ({srcc['low']:+.3f} to {srcc['high']:+.3f})."
    )
