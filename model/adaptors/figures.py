"""The figures of published data sets, and what a table of training answers reaches without seeing or hearing anything.

Shapes: N pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import metrics
from model.adaptors.records import Matches
from model.metrics import THRESHOLD, Floats, Rows

Bools = NDArray[np.bool_]
MATCHING = ("srcc", "plcc", "mae")


def matching(predicted: Floats, score: Floats, *, resamples: int, seed: int) -> dict[str, Any]:
    """IMEMNet's figures: SRCC, PLCC and MAE with bootstrap intervals over pairs."""
    figures = {
        name: metrics.estimate(name, predicted, score, resamples=resamples, seed=seed).to_dict() for name in MATCHING
    }
    return {"n": len(score), **figures}


def correspondence(predicted: Floats, matches: Bools, *, resamples: int, seed: int) -> dict[str, Any]:
    """IMAC's figures at the threshold 0.5, with bootstrap intervals, and what they must be read against.

    `prior`: the share of pairs that correspond. `constant`: the accuracy of giving all pairs the likelier answer.
    `balanced_accuracy`: the mean of both classes' recalls, 0.5 for any constant. `auroc`: 0.5 by chance, free of the
    threshold.
    """
    figures = {
        "precision": _precision,
        "recall": _recall,
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced,
        "auroc": auroc,
    }
    prior = float(matches.mean()) if len(matches) else None

    def drawn(name: str) -> dict[str, float | None]:
        def figure(rows: Rows) -> float | None:
            return figures[name](predicted[rows], matches[rows])

        return metrics.bootstrapped(figure, len(matches), resamples=resamples, seed=seed).to_dict()

    return {
        "n": len(matches),
        "prior": prior,
        "constant": None if prior is None else max(prior, 1 - prior),
        **{name: drawn(name) for name in figures},
    }


def auroc(predicted: Floats, matches: Bools) -> float | None:
    """The chance that a pair that corresponds is scored above one that does not; ties count half."""
    positive, negative = int(matches.sum()), int((~matches).sum())
    if not positive or not negative:
        return None
    above = metrics.ranks(predicted)[matches].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def overlaps(items: Mapping[str, Mapping[str, Collection[Any]]]) -> list[dict[str, Any]]:
    """How many of one split's items (by kind) are in another one too, for every two splits in both directions."""
    return [
        {
            "of": first,
            "in": second,
            **{
                kind: {"shared": len(set(names) & set(items[second][kind])), "all": len(set(names))}
                for kind, names in items[first].items()
            },
        }
        for first in items
        for second in items
        if first != second
    ]


def look_up(known: Matches, asked: Matches, *, resamples: int, seed: int) -> dict[str, Any]:
    """Means by image, and by clip, of one split's scores, asked about the pairs of another that are not in the first.

    Items that the table does not have get the mean of all. No pixel and no sound is used: what this reaches says how
    much the split gives away.
    """
    there = set(known.pairs())
    new = asked.take([row for row, pair in enumerate(asked.pairs()) if pair not in there])
    tables = {"image mean": (known.images, new.images), "clip mean": (known.clips, new.clips)}
    return {
        "pairs": len(new),
        "in_both": len(asked) - len(new),
        **{
            name: matching(_means(learned, known.score, wanted), new.score, resamples=resamples, seed=seed)
            for name, (learned, wanted) in tables.items()
        },
    }


def look_up_labels(images: Mapping[str, str], songs: Mapping[str, str], asked: Matches) -> Floats:
    """(N,) 1 where a table of training labels knows both items and they agree, else 0: most pairs do not correspond."""
    return np.array(
        [float(image in images and images[image] == songs.get(song)) for image, song in asked.pairs()],
        dtype=np.float64,
    )


def _means(items: tuple[str, ...], scores: Floats, wanted: tuple[str, ...]) -> Floats:
    of: defaultdict[str, list[float]] = defaultdict(list)
    for item, score in zip(items, scores.tolist(), strict=True):
        of[item].append(score)
    means, every = {item: float(np.mean(values)) for item, values in of.items()}, float(scores.mean())
    return np.array([means.get(item, every) for item in wanted], dtype=np.float64)


def _precision(predicted: Floats, matches: Bools) -> float | None:
    chosen = predicted >= THRESHOLD
    return float(matches[chosen].mean()) if chosen.any() else None


def _recall(predicted: Floats, matches: Bools) -> float | None:
    return float((predicted[matches] >= THRESHOLD).mean()) if matches.any() else None


def _accuracy(predicted: Floats, matches: Bools) -> float | None:
    return float(((predicted >= THRESHOLD) == matches).mean()) if len(matches) else None


def _balanced(predicted: Floats, matches: Bools) -> float | None:
    if not matches.any() or matches.all():
        return None
    sensitivity, specificity = (predicted[matches] >= THRESHOLD).mean(), (predicted[~matches] < THRESHOLD).mean()
    return float((sensitivity + specificity) / 2)
