"""What a model's scores are worth: by protocol, beside trivial predictors and the noise of the raters themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model import metrics, regimes
from model.calibration import calibration
from model.config import Config
from model.data import Dataset, Media, Pairs
from model.interface import Judge
from model.metrics import Floats
from model.regimes import Mask
from model.scoring import Progress, score_pairs
from mpd_builder.sides import Regime
from mpd_builder.student_t import quantile

TRIVIAL_ROWS = ("constant", "painting mean", "clip mean", "additive")
_SHRINKAGE = 1.0
_SWEEPS = 50
POINTS = 500
SHOWN_GROUPS = 12


def evaluate(
    config: Config, module: Judge, dataset: Dataset, media: Media, *, seed: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Everything a report says about a model on a snapshot, as JSON values.

    `trained_under`, `regimes`: what the model was trained on, and for every regime which pairs it is measured on and
    how many, or why not. `protocols`: by regime, metrics with bootstrap intervals; `ambiguous`: the same on pairs in
    the ambiguous band alone; `calibration`, `plots`: curve, points and residuals; `trivial`: metrics of predictors that
    know nothing of pixels or sound; `noise_ceiling`: what a perfect model would reach; `train`, `validation`: the fit,
    without intervals; `preferences`: accuracy by direction on 2AFC tasks whose two pairs are both measured,
    `preferences_by_regime` where both are measured under that regime.
    """
    pairs, resamples = dataset.pairs, config.run.bootstrap
    scored = score_pairs(
        module, media, pairs.painting, pairs.clip, batch=config.run.evaluation_batch, progress=progress
    )
    trivial = {name: trivial_predictor(name, pairs.take(dataset.train))(pairs) for name in TRIVIAL_ROWS}
    within = (pairs.score >= dataset.band[0]) & (pairs.score <= dataset.band[1])

    def table(predicted: Floats, only: Mask | None = None) -> dict[str, Any]:
        masks = {name: mask if only is None else mask & only for name, mask in dataset.protocols.items()}
        return {
            name.value: _row(predicted[mask], pairs.score[mask], resamples=resamples, seed=seed)
            for name, mask in masks.items()
        }

    by_regime = {name.value: mask for name, mask in dataset.protocols.items()}
    measured = np.logical_or.reduce(list(dataset.protocols.values()))
    return {
        "trained_under": dataset.regime.value,
        "regimes": regime_rows(dataset),
        "protocols": table(scored.score),
        "trivial": {name: table(predicted) for name, predicted in trivial.items()},
        "noise_ceiling": {
            name: noise_ceiling(pairs.take(mask), dataset.ratings, trim=dataset.trim).to_dict()
            for name, mask in by_regime.items()
        },
        "ambiguous": {"band": list(dataset.band), "protocols": table(scored.score, within)},
        "calibration": {
            name: calibration(scored.score[mask], pairs.score[mask], resamples=resamples, seed=seed)
            for name, mask in by_regime.items()
        },
        "preferences": _preference_rows(scored.score, dataset, measured),
        "preferences_by_regime": {
            name: _preference_rows(scored.score, dataset, mask) for name, mask in by_regime.items()
        },
        "plots": {name: _plots(scored.score, dataset, mask, seed=seed) for name, mask in by_regime.items()},
        "train": _plain_row(scored.score[dataset.train], pairs.score[dataset.train]),
        "validation": _plain_row(scored.score[dataset.validation], pairs.score[dataset.validation]),
    }


@dataclass(frozen=True, slots=True)
class NoiseCeiling:
    """Agreement with the consensus scores that a model would reach if it knew the pairs' true scores.

    standard_error: of a consensus score, root mean square. reliability: share of the scores' variance that is not that
    noise. The rest follows for normal errors: MAE sqrt(2 / pi) * standard_error, PLCC sqrt(reliability), SRCC from it.
    It takes raters' errors as independent; where they lean against each other within a pair the ceiling is too low.
    """

    n: int
    standard_error: float | None
    reliability: float | None
    mae: float | None
    rmse: float | None
    plcc: float | None
    srcc: float | None

    def to_dict(self) -> dict[str, float | int | None]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def noise_ceiling(pairs: Pairs, ratings: pd.DataFrame, *, trim: int) -> NoiseCeiling:
    """The ceiling on these pairs, from the ratings' spread within each."""
    values = ratings[ratings["pair_id"].isin(pairs.pair_ids)].groupby("pair_id")["value"]
    variances = [found for _, group in values if (found := _trimmed_variance(group.to_numpy(), trim)) is not None]
    spread = float(np.var(pairs.score, ddof=1)) if len(pairs) > 1 else 0.0
    if not variances or spread <= 0:
        return NoiseCeiling(len(pairs), None, None, None, None, None, None)
    noise = float(np.mean(variances))
    reliability = max(0.0, 1.0 - noise / spread)
    linear = float(np.sqrt(reliability))
    return NoiseCeiling(
        n=len(pairs),
        standard_error=float(np.sqrt(noise)),
        reliability=reliability,
        mae=float(np.sqrt(2.0 / np.pi * noise)),
        rmse=float(np.sqrt(noise)),
        plcc=linear,
        srcc=float(6.0 / np.pi * np.arcsin(linear / 2.0)),
    )


def _trimmed_variance(values: Floats, trim: int) -> float | None:
    """Variance of a trimmed mean after Tukey and McLaughlin: winsorised sample variance over n (1 - 2 trim / n)^2."""
    n, kept = len(values), len(values) - 2 * trim
    if n < 2 or kept < 1:
        return None
    ordered = np.sort(values.astype(np.float64))
    winsorised = np.clip(ordered, ordered[trim], ordered[n - 1 - trim])
    return float(np.var(winsorised, ddof=1)) * n / kept**2


def trivial_predictor(name: str, train: Pairs) -> Callable[[Pairs], Floats]:
    """A predictor without a model: a table of effects learned from training scores, zero for items it has not seen."""
    mean = float(train.score.mean())
    size_p, size_c = int(train.painting.max()) + 1, int(train.clip.max()) + 1
    effect_p, effect_c = np.zeros(size_p), np.zeros(size_c)
    residual = train.score - mean
    if name == "painting mean":
        effect_p = _item_means(train.painting, residual, size_p, shrinkage=0.0)
    elif name == "clip mean":
        effect_c = _item_means(train.clip, residual, size_c, shrinkage=0.0)
    elif name == "additive":
        for _ in range(_SWEEPS):
            effect_p = _item_means(train.painting, residual - effect_c[train.clip], size_p, shrinkage=_SHRINKAGE)
            effect_c = _item_means(train.clip, residual - effect_p[train.painting], size_c, shrinkage=_SHRINKAGE)

    def predict(pairs: Pairs) -> Floats:
        return np.clip(mean + _lookup(effect_p, pairs.painting) + _lookup(effect_c, pairs.clip), 0.0, 1.0)

    return predict


def _item_means(item: NDArray[np.int64], values: Floats, size: int, *, shrinkage: float) -> Floats:
    """Mean by item, drawn to zero as by `shrinkage` more values of zero; items without values get zero."""
    counts = np.bincount(item, minlength=size) + shrinkage
    means: Floats = np.bincount(item, weights=values, minlength=size) / np.maximum(counts, 1e-12)
    return means


def _lookup(effects: Floats, item: NDArray[np.int64]) -> Floats:
    known = item < len(effects)
    return np.where(known, effects[np.where(known, item, 0)], 0.0)


def _row(predicted: Floats, score: Floats, *, resamples: int, seed: int) -> dict[str, Any]:
    row: dict[str, Any] = {"n": len(score), "prior": _prior(score)}
    for name in metrics.METRICS:
        row[name] = metrics.estimate(name, predicted, score, resamples=resamples, seed=seed).to_dict()
    return row


def _plain_row(predicted: Floats, score: Floats) -> dict[str, Any]:
    return {"n": len(score), **{name: metric(predicted, score) for name, metric in metrics.METRICS.items()}}


def _prior(score: Floats) -> float | None:
    """Share of pairs scored 0.5 or higher: what accuracy must be read against."""
    return float((score >= metrics.THRESHOLD).mean()) if len(score) else None


def regime_rows(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """For every regime which pairs the figures speak of, or why there are none."""
    rows: dict[str, dict[str, Any]] = {}
    for measured in Regime:
        if reason := regimes.refusal(dataset.regime, measured):
            rows[measured.value] = {"refused": reason}
        else:
            rows[measured.value] = {
                "which": regimes.WHICH[dataset.regime, measured],
                "n": int(dataset.protocols[measured].sum()),
                "left_out": dataset.left_out.get(measured, 0),
            }
    return rows


def _preference_rows(predicted: Floats, dataset: Dataset, mask: Mask) -> dict[str, Any]:
    """Accuracy on tasks whose two pairs both lie in the mask, in all and by direction."""
    held_out = dataset.preferences_within(mask)
    rows = {}
    for direction in ("all", *sorted(set(held_out.direction))):
        chosen = np.array([direction in ("all", name) for name in held_out.direction], dtype=bool)
        tasks = held_out.take(chosen)
        share = metrics.preference_accuracy(predicted[tasks.preferred], predicted[tasks.other])
        rows[direction] = {"n": len(tasks), **metrics.wilson(share, len(tasks)).to_dict()}
    return rows


def _plots(predicted: Floats, dataset: Dataset, mask: Mask, *, seed: int) -> dict[str, Any]:
    """What is drawn: up to 500 pairs drawn at random as [predicted, score], and residuals by style and by genre."""
    rows = np.flatnonzero(mask)
    shown = np.sort(np.random.default_rng(seed).permutation(rows)[:POINTS])
    residual = predicted - dataset.pairs.score
    return {
        "points": [[round(float(predicted[row]), 4), round(float(dataset.pairs.score[row]), 4)] for row in shown],
        "residuals": {
            name: _residuals(dataset.items[name].to_numpy()[rows], residual[rows])
            for name in ("style", "genre")
            if name in dataset.items
        },
    }


def _residuals(labels: NDArray[np.object_], residual: Floats) -> list[dict[str, Any]]:
    """Predicted less human score by label, the most frequent first; no more than twelve.

    n, quartiles, and the mean with its 95 % interval by Student's t over the pairs (None of fewer than two).
    """
    names, counts = np.unique(labels.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:SHOWN_GROUPS]
    rows = []
    for name in names[order]:
        inside = residual[labels == name]
        low, middle, high = (float(value) for value in np.quantile(inside, [0.25, 0.5, 0.75]))
        rows.append(
            {
                "name": name or "not stated",
                "n": len(inside),
                "mean": float(inside.mean()),
                "interval": _interval(inside),
                "quartiles": [low, middle, high],
            }
        )
    return rows


def _interval(values: Floats) -> list[float] | None:
    """95 % of the mean's error, by Student's t."""
    if len(values) < 2:
        return None
    half = quantile(0.975, len(values) - 1) * float(values.std(ddof=1)) / len(values) ** 0.5
    return [float(values.mean()) - half, float(values.mean()) + half]
