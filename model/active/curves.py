"""What label-efficiency curves say: areas, and differences to choosing at random, with intervals over paired seeds.

Shapes: S seeds, R points of a curve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model.acquisition import Method
from model.active.study import Curve
from model.metrics import Estimate, Floats
from mpd_builder.student_t import quantile

FIGURES = ("srcc", "rmse")


def summary(curves: Sequence[Curve]) -> dict[str, Any]:
    """Everything that a report says, as JSON values; only seeds that every method has finished count.

    `seeds`; `votes`: by round, equal for all methods; `methods`: for each, `curve` (by figure, an estimate a point),
    `area` (the figure's mean over votes, an estimate) and, but for random, `gain` (area less random's, paired by seed)
    and `gain_curve` (the same point by point);
    `beats_random`: the methods whose gain in SRCC lies above zero with its whole interval, best first.
    """
    methods = sorted({curve.method for curve in curves}, key=list(Method).index)
    found = {(curve.method, curve.seed): curve for curve in curves}
    seeds = sorted({curve.seed for curve in curves})
    seeds = [seed for seed in seeds if all((method, seed) in found for method in methods)]
    if not seeds:
        return {"seeds": [], "votes": [], "methods": {}, "beats_random": []}
    votes_R = np.array([point.votes for point in found[methods[0], seeds[0]].points], dtype=np.float64)
    tables = {
        method: {name: _table([found[method, seed] for seed in seeds], name) for name in FIGURES} for method in methods
    }
    rows = {method.value: _row(tables[method], votes_R) for method in methods}
    if Method.RANDOM in tables:
        for method in methods:
            if method is not Method.RANDOM:
                rows[method.value] |= _gains(tables[method], tables[Method.RANDOM], votes_R)
    winners = [name for name, row in rows.items() if "gain" in row and (row["gain"]["srcc"]["low"] or 0.0) > 0.0]
    return {
        "seeds": seeds,
        "votes": [int(count) for count in votes_R],
        "methods": rows,
        "beats_random": sorted(winners, key=lambda name: -rows[name]["gain"]["srcc"]["value"]),
    }


def area(votes_R: Floats, values: Floats) -> Floats:
    """The mean of a figure over the votes spent, by trapezia: of one curve (R,), or of each row of (S, R)."""
    if len(votes_R) < 2:
        return values[..., 0]
    whole: Floats = np.trapezoid(values, votes_R, axis=-1) / (votes_R[-1] - votes_R[0])
    return whole


def estimate(values_S: Floats, *, confidence: float = 0.95) -> Estimate:
    """The mean over seeds with Student's interval; without one for a single seed."""
    mean, count = float(values_S.mean()), len(values_S)
    if count < 2:
        return Estimate(mean)
    half = quantile((1 + confidence) / 2, count - 1) * float(values_S.std(ddof=1)) / np.sqrt(count)
    return Estimate(mean, mean - half, mean + half)


def _table(curves: Sequence[Curve], name: str) -> Floats:
    return np.array([[getattr(point, name) for point in curve.points] for curve in curves])


def _row(tables: Mapping[str, Floats], votes_R: Floats) -> dict[str, Any]:
    return {
        "curve": {name: [estimate(column).to_dict() for column in table.T] for name, table in tables.items()},
        "area": {name: estimate(area(votes_R, table)).to_dict() for name, table in tables.items()},
    }


def _gains(mine: Mapping[str, Floats], random: Mapping[str, Floats], votes_R: Floats) -> dict[str, Any]:
    less = {name: mine[name] - random[name] for name in FIGURES}
    return {
        "gain": {name: estimate(area(votes_R, table)).to_dict() for name, table in less.items()},
        "gain_curve": {name: [estimate(column).to_dict() for column in table.T] for name, table in less.items()},
    }
