"""Label-efficiency curves: start with few labelled pairs, let a method choose more, learn, measure, and again.

The pool's human scores come from a snapshot in which all those pairs are rated; they are hidden until a method asks for
them. Every method of a seed starts from the same pairs, candidates and initial weights. What is finished is kept in a
folder, one file a seed and method, and not done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model import metrics
from model.acquisition import Known, Method, choose
from model.active.learners import HeadOnly, Learner, Retrained
from model.active.plan import Plan, StudyError
from model.checkpoints import replace_text
from model.data import Dataset, Ints, Media

PLAN_NAME = "plan.json"
CAP = 3
"""No painting or clip gets more than so many times its even share of a batch."""


@dataclass(frozen=True, slots=True)
class Point:
    """One round of a curve: labelled pairs, the human votes they cost, and what the model is worth on the test."""

    pairs: int
    votes: int
    srcc: float
    rmse: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One method with one seed."""

    method: Method
    seed: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """What a seed draws by lot, as rows of the dataset's pairs."""

    start: Ints
    pool: Ints
    test: Ints


def run(
    plan: Plan,
    dataset: Dataset,
    media: Media,
    *,
    out_dir: Path,
    clock: Callable[[], float],
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda words: None,
) -> list[Curve]:
    """All curves of the plan, seed by seed; those that `out_dir` holds already are read. Stops between two curves.

    Raises StudyError where `out_dir` holds another study's curves, or the snapshot has not enough pairs.
    """
    _claim(out_dir, plan, dataset)
    curves: list[Curve] = []
    for seed in plan.seeds:
        draw = drawn(plan, dataset, seed)
        learner: Learner | None = None
        for method in plan.methods:
            path = out_dir / f"seed-{seed}" / f"{method}.json"
            if not path.exists():
                if should_stop():
                    return curves
                learner = learner or _learner(plan, dataset, media, draw, seed, clock)
                points = list(rounds(plan, dataset, method, draw, learner, seed=seed))
                kept = {"method": method, "seed": seed, "points": [asdict(point) for point in points]}
                replace_text(path, json.dumps(kept, indent=1) + "\n")
            curves.append(read_curve(path))
            last = curves[-1].points[-1]
            say(f"seed {seed}, {method}: SRCC {last.srcc:.3f} after {last.votes} votes")
    return curves


def drawn(plan: Plan, dataset: Dataset, seed: int) -> Draw:
    """The start and the pool of a seed, from the snapshot's training pairs; the test pairs are those of every seed."""
    train = np.flatnonzero(dataset.train)
    if len(train) < plan.start + plan.pool:
        words = f"a start of {plan.start} and a pool of {plan.pool}"
        raise StudyError(f"the snapshot has {len(train)} training pairs: too few for {words}")
    order = np.random.default_rng(seed).permutation(train)
    test = np.flatnonzero(dataset.protocols[dataset.regime])
    if len(test) < 2:
        raise StudyError(f"the snapshot has {len(test)} test pairs under {dataset.regime}: too few to measure by")
    test = np.sort(np.random.default_rng(0).permutation(test)[: plan.measured])
    return Draw(np.sort(order[: plan.start]), np.sort(order[plan.start : plan.start + plan.pool]), test)


def rounds(plan: Plan, dataset: Dataset, method: Method, draw: Draw, learner: Learner, *, seed: int) -> Iterator[Point]:
    """The points of one curve: after the start, and after each round."""
    labelled, candidates = draw.start, draw.pool
    votes_of = votes(dataset)
    members = plan.members if method is Method.ENSEMBLE else 1
    for number in range(plan.rounds + 1):
        learner.learn(labelled, members=members)
        predicted, human = learner.answer(draw.test).score, dataset.pairs.score[draw.test]
        srcc, rmse = metrics.srcc(predicted, human), metrics.rmse(predicted, human)
        assert rmse is not None
        yield Point(len(labelled), int(votes_of[labelled].sum()), 0.0 if srcc is None else srcc, rmse)
        if number < plan.rounds:
            taken = _chosen(plan, dataset, method, learner, labelled, candidates, seed=seed + 7919 * number)
            labelled = np.sort(np.concatenate([labelled, candidates[taken]]))
            candidates = np.delete(candidates, taken)


def votes(dataset: Dataset) -> Ints:
    """How many ratings each pair's human score rests on (N,)."""
    counted = dataset.ratings["pair_id"].value_counts()
    return np.asarray(counted.reindex(dataset.pairs.pair_ids, fill_value=0), dtype=np.int64)


def read_curve(path: Path) -> Curve:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Curve(Method(kept["method"]), int(kept["seed"]), tuple(Point(**point) for point in kept["points"]))


def _chosen(
    plan: Plan, dataset: Dataset, method: Method, learner: Learner, labelled: Ints, candidates: Ints, *, seed: int
) -> Ints:
    """Places in `candidates` that the method asks about. Human scores of candidates are not looked at."""
    painting, clip = dataset.pairs.painting[candidates], dataset.pairs.clip[candidates]
    caps = [-(-CAP * plan.batch // len(np.unique(items))) for items in (painting, clip)]
    known = _known(method, learner, labelled, candidates)
    chosen = choose(
        method,
        known,
        painting.tolist(),
        clip.tolist(),
        count=plan.batch,
        per_painting=caps[0],
        per_clip=caps[1],
        seed=seed,
        band=dataset.band,
    )
    return np.array([choice.row for choice in chosen], dtype=np.int64)


def _known(method: Method, learner: Learner, labelled: Ints, candidates: Ints) -> Known:
    """What the method looks at, and no more: scoring the pool is most of a round's cost."""
    unknown = np.zeros(len(candidates))
    if method is Method.RANDOM:
        return Known(unknown, unknown)
    if method is Method.ENSEMBLE:
        return Known(unknown, unknown, members_EN=learner.opinions(candidates))
    answer = learner.answer(candidates)
    if method in (Method.CORESET, Method.LCMD):
        return Known(answer.score, unknown, answer.features, labelled_LK=learner.answer(labelled).features)
    posterior = learner.posterior()
    variance = posterior.variance(answer.features)
    return Known(answer.score, variance, answer.features, posterior.covariance, posterior.noise)


def _learner(plan: Plan, dataset: Dataset, media: Media, draw: Draw, seed: int, clock: Callable[[], float]) -> Learner:
    whole = Retrained(plan, dataset, media, seed=seed, clock=clock, shared=draw.start)
    if plan.mode == "retrain":
        return whole
    whole.learn(draw.start)
    needed = np.concatenate([draw.start, draw.pool, draw.test])
    place = np.full(len(dataset.pairs), -1)
    place[needed] = np.arange(len(needed))
    features = whole.inputs(needed)
    return HeadOnly(lambda rows: features[place[rows]], dataset.pairs.score, seed=seed)


def _claim(out_dir: Path, plan: Plan, dataset: Dataset) -> None:
    """Curves of one folder belong to one study."""
    path = out_dir / PLAN_NAME
    mine: dict[str, Any] = {"snapshot_digest": dataset.digest, **plan.deciding()}
    mine = json.loads(json.dumps(mine))
    if not path.exists():
        replace_text(path, json.dumps(mine, indent=2) + "\n")
        return
    other = json.loads(path.read_text(encoding="utf-8"))
    differing = sorted(name for name in mine if mine[name] != other.get(name))
    if differing:
        words = f"{out_dir} holds curves of another study (its {', '.join(differing)} differ)"
        raise StudyError(f"{words}: choose another --out")
