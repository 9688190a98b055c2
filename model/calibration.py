"""Whether a predicted score means what it says: mean human scores by predicted score. Plain numpy, no torch.

Shapes: N pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from model.metrics import Floats, Rows, bootstrapped, is_constant

BINS = 10


def reliability(predicted: Floats, score: Floats) -> list[dict[str, Any]]:
    """The reliability curve: ten equal bins of the predicted score in [0, 1], those without pairs left out.

    Each has its bounds, `n`, the means of `predicted` and of `score`, and the `standard_error` of the latter (None for
    a single pair). A prediction outside [0, 1] is counted in the bin at that end.
    """
    place = _bin(predicted)
    curve = []
    for number in np.unique(place):
        inside = place == number
        n = int(inside.sum())
        curve.append(
            {
                "low": number / BINS,
                "high": (number + 1) / BINS,
                "n": n,
                "predicted": float(predicted[inside].mean()),
                "score": float(score[inside].mean()),
                "standard_error": float(score[inside].std(ddof=1) / np.sqrt(n)) if n > 1 else None,
            }
        )
    return curve


def expected_error(predicted: Floats, score: Floats) -> float | None:
    """Expected calibration error: how far the two means of a bin lie apart, on average over pairs, in score units.

    Noise of the human scores alone keeps it above zero where bins are small.
    """
    if not len(score):
        return None
    gaps = np.bincount(_bin(predicted), weights=predicted - score, minlength=BINS)
    return float(np.abs(gaps).sum() / len(score))


def slope(predicted: Floats, score: Floats) -> float | None:
    """Of the regression of human on predicted scores; 1 where a step of the prediction is worth what it says.

    Below 1 the predictions spread too far, above 1 not far enough.
    """
    centred = predicted - predicted.mean() if len(score) > 1 else predicted
    if len(score) < 2 or is_constant(predicted, centred):
        return None
    return float(centred @ (score - score.mean()) / (centred @ centred))


def intercept(predicted: Floats, score: Floats) -> float | None:
    """The human score that the same regression gives to a prediction of 0."""
    found = slope(predicted, score)
    return None if found is None else float(score.mean() - found * predicted.mean())


def calibration(predicted: Floats, score: Floats, *, resamples: int, seed: int) -> dict[str, Any]:
    """All of it, with bootstrap intervals over pairs; `n`, `expected_error`, `slope`, `intercept`, `curve`."""
    figures = {"expected_error": expected_error, "slope": slope, "intercept": intercept}

    def drawn(name: str) -> dict[str, float | None]:
        def figure(rows: Rows) -> float | None:
            return figures[name](predicted[rows], score[rows])

        return bootstrapped(figure, len(score), resamples=resamples, seed=seed).to_dict()

    return {"n": len(score), **{name: drawn(name) for name in figures}, "curve": reliability(predicted, score)}


def _bin(predicted: Floats) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.clip(np.floor(predicted * BINS), 0, BINS - 1).astype(np.int64)
