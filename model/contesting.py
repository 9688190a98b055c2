"""A contest from checkpoints to its result: who may be measured on which pairs, and what each says of them.

Shapes: N pairs of the snapshot.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from model import contest, evaluation, regimes
from model.checkpoints import Checkpoint
from model.contest import Predictions
from model.data import Dataset, Preferences
from model.events import EventWriter
from model.metrics import Floats
from model.regimes import Mask
from model.scoring import score_pairs
from mpd_builder.sides import Regime

FORMAT = 1


class ContestError(Exception):
    """The two cannot be compared; the message says why."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A model, and the snapshot as it looks to it: `dataset.protocols` are the pairs that are honestly new to it."""

    checkpoint: Checkpoint
    dataset: Dataset

    def identity(self) -> dict[str, Any]:
        return {"recipe": self.checkpoint.config.recipe, **asdict(self.checkpoint.identity)}


def hold(
    new: Contestant,
    against: Contestant | None,
    *,
    device: torch.device,
    least: int,
    resamples: int,
    seed: int,
    events: EventWriter,
) -> dict[str, Any]:
    """Measure both on the pairs that neither has seen; without an opponent, against rows that know nothing.

    Both datasets are of one snapshot. Returns JSON values: `verdict`, `words`, `regime` (the first that both share),
    `n`, `left_out`; `regimes`: pairs by regime; `opponents`: for each, its verdict and the differences by regime.
    Raises ContestError.
    """
    dataset = new.dataset
    masks = contest.shared(dataset.protocols, against.dataset.protocols if against else dataset.protocols)
    if not masks:
        assert against is not None
        raise ContestError(_apart(dataset.regime, against.dataset.regime))
    union = np.logical_or.reduce(list(masks.values()))
    total = int(union.sum()) * (2 if against else 1)
    events.write("start", total=total, snapshot_digest=dataset.digest, device=str(device))
    own = _scores(new, union, device=device, events=events, done=0, total=total)
    if against is not None:
        others = {
            "the active model": _scores(against, union, device=device, events=events, done=total // 2, total=total)
        }
    else:
        train = dataset.pairs.take(dataset.train)
        others = {
            f"“{name}”": evaluation.trivial_predictor(name, train)(dataset.pairs) for name in evaluation.TRIVIAL_ROWS
        }
    opponents = {
        name: _opponent(own, theirs, dataset, masks, least=least, resamples=resamples, seed=seed)
        for name, theirs in others.items()
    }
    found = _found(new, against, masks, opponents) | {"least": least, "resamples": resamples, "seed": seed}
    found["words"] = contest.words(found)
    events.write("end", verdict=found["verdict"])
    return found


def _found(
    new: Contestant, against: Contestant | None, masks: dict[Regime, Mask], opponents: dict[str, Any]
) -> dict[str, Any]:
    rows = {regime.value: _pairs_of(new.dataset, regime, mask) for regime, mask in masks.items()}
    headline = next(iter(rows))
    return {
        "format": FORMAT,
        "snapshot_digest": new.dataset.digest,
        "new": new.identity(),
        "against": against.identity() if against else None,
        "confidence": contest.CONFIDENCE,
        "regime": headline,
        **rows[headline],
        "verdict": contest.overall(contest.Verdict(row["verdict"]) for row in opponents.values()).value,
        "regimes": rows,
        "opponents": opponents,
    }


def _pairs_of(dataset: Dataset, regime: Regime, mask: Mask) -> dict[str, Any]:
    """How many pairs are measured, which they are, and how many held-out ones had to be left out."""
    held_out = int(dataset.protocols[regime].sum()) + dataset.left_out.get(regime, 0)
    n = int(mask.sum())
    return {"which": regimes.WHICH[dataset.regime, regime], "n": n, "left_out": held_out - n}


def _opponent(
    own_N: Floats,
    their_N: Floats,
    dataset: Dataset,
    masks: dict[Regime, Mask],
    *,
    least: int,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    by_regime = {}
    for regime, mask in masks.items():
        tasks = dataset.preferences_within(mask)
        by_regime[regime] = contest.differences(
            _predictions(own_N, mask, tasks),
            _predictions(their_N, mask, tasks),
            dataset.pairs.score[mask],
            resamples=resamples,
            seed=seed,
        )
    headline = next(iter(by_regime.values()))
    return {
        "verdict": contest.verdict(headline["srcc"], least=least).value,
        "regimes": {
            regime.value: {name: row.to_dict() for name, row in rows.items()} for regime, rows in by_regime.items()
        },
    }


def _predictions(predicted_N: Floats, mask: Mask, tasks: Preferences) -> Predictions:
    return Predictions(predicted_N[mask], predicted_N[tasks.preferred], predicted_N[tasks.other])


def _scores(who: Contestant, mask: Mask, *, device: torch.device, events: EventWriter, done: int, total: int) -> Floats:
    """(N,) what a model says of the pairs in the mask; NaN of the others, which nobody may look at."""
    config, rows = who.checkpoint.config, np.flatnonzero(mask)
    pairs = who.dataset.pairs.take(rows)
    scored = score_pairs(
        who.checkpoint.module,
        who.dataset.media(config, device),
        pairs.painting,
        pairs.clip,
        batch=config.run.evaluation_batch,
        progress=lambda now, _: events.write("progress", done=done + now, total=total),
    )
    predicted_N = np.full(len(mask), np.nan)
    predicted_N[rows] = scored.score
    return predicted_N


def _apart(new: Regime, against: Regime) -> str:
    return (
        f"the new model was trained under {new} and the other under {against}: no pair is new to both in the same way, "
        "so they cannot be compared; train one under the other's regime"
    )
