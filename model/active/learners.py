"""Whoever learns from the labelled pairs of a study: the whole model anew, or its last layer alone.

Shapes: N pairs asked about, L labelled pairs, K inputs of the head with its bias, E members of an ensemble.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from model import checkpoints
from model.active.plan import WARM, Plan
from model.config import Config, replaced
from model.data import Dataset, Ints, Media
from model.events import EventWriter
from model.scoring import Floats, Posterior, score_pairs
from model.state import State
from model.training import train

MEMBER_STRIDE = 1000
RIDGES = np.logspace(-4, 4, 33)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a learner says of N pairs: score (N,) and the features (N, K) that its posterior speaks of."""

    score: Floats
    features: Floats


class Learner(Protocol):
    """Learns from pairs by their rows in the dataset, and then answers."""

    def learn(self, labelled: Ints, *, members: int) -> None:
        """From these alone; `members` above 1 makes an ensemble beside it, whose first member is the learner itself."""

    def answer(self, rows: Ints) -> Answer: ...

    def posterior(self) -> Posterior:
        """What the labelled pairs leave open of the weights that the answers' features go with."""

    def opinions(self, rows: Ints) -> Floats:
        """(E, N): the members' scores."""


class Retrained:
    """The whole model, trained by the training loop itself: from scratch on the `shared` pairs, then warm.

    After each training its last layer is fitted anew by `ridge` to what it sees: in so few steps the loop's own head is
    mostly chance, and one round's model would differ from the next by more than the pairs between them can tell.
    The same seed gives the same initial weights and the same shuffling, whatever the method. Members of an ensemble
    differ in their seed. Models of the shared pairs, with which every method begins, are trained once and kept.
    """

    def __init__(
        self, plan: Plan, dataset: Dataset, media: Media, *, seed: int, clock: Callable[[], float], shared: Ints
    ) -> None:
        self._plan, self._dataset, self._media, self._seed, self._clock = plan, dataset, media, seed, clock
        self._shared = shared
        self._kept: dict[int, State] = {}
        self._states: list[State] = []
        self._heads: list[tuple[Floats, Posterior]] = []

    def learn(self, labelled: Ints, *, members: int = 1) -> None:
        seeds = [self._seed + MEMBER_STRIDE * number for number in range(members)]
        if np.array_equal(labelled, self._shared):
            self._kept |= {seed: self._trained(labelled, seed, None) for seed in seeds if seed not in self._kept}
            self._states = [self._kept[seed] for seed in seeds]
        else:
            pairs = zip(seeds, self._states, strict=True)
            self._states = [self._trained(labelled, seed, before) for seed, before in pairs]
        score_L = self._dataset.pairs.score[labelled]
        self._heads = [ridge(self.inputs(labelled, number), score_L) for number in range(members)]

    def posterior(self) -> Posterior:
        return self._heads[0][1]

    def answer(self, rows: Ints) -> Answer:
        inputs_NK = self.inputs(rows)
        return Answer(inputs_NK @ self._heads[0][0], inputs_NK)

    def opinions(self, rows: Ints) -> Floats:
        return np.stack([self.inputs(rows, number) @ weights for number, (weights, _) in enumerate(self._heads)])

    def inputs(self, rows: Ints, member: int = 0) -> Floats:
        """What the head of a member sees of pairs, with a 1 for its bias (N, K)."""
        module, pairs = self._states[member].judge.eval(), self._dataset.pairs.take(rows)
        batch = self._plan.config.run.evaluation_batch
        scored = score_pairs(module, self._media, pairs.painting, pairs.clip, batch=batch)
        return scored.features / scored.features[:, -1:]

    def _trained(self, labelled: Ints, seed: int, before: State | None) -> State:
        """From scratch with the plan's steps, or with the config's from the weights of `before`, which are kept."""
        config, identity = self._plan.config, checkpoints.Identity(self._dataset.digest, seed, "")
        changes = {"regression_steps": self._plan.steps} if before is None else {"lr": WARM * config.optim.lr}
        config = replaced(config, optim=changes)
        mask = np.zeros(len(self._dataset.pairs), dtype=bool)
        mask[labelled] = True
        seen = replace(self._dataset, train=mask, validation=np.zeros_like(mask))
        with (
            tempfile.TemporaryDirectory(prefix="simulate-al-") as scratch,
            EventWriter(Path(scratch, "events.jsonl"), clock=self._clock) as events,
        ):
            if before is not None:
                _save_as_new(before, config, Path(scratch), identity)
            return train(
                config,
                seen,
                identity=identity,
                out_dir=Path(scratch),
                device=self._media.device,
                events=events,
                clock=self._clock,
                resume=before is not None,
            )


def _save_as_new(before: State, config: Config, folder: Path, identity: checkpoints.Identity) -> None:
    """The weights of a trained state as a state before its first step, for the loop to take up."""
    state = State.fresh(config, before.module.head.weight.device)
    for mine, other in ((state.module, before.judge), (state.average, before.judge)):
        if mine is not None:
            mine.load_state_dict(other.state_dict())
    state.save(folder, identity)


class HeadOnly:
    """Ridge regression of the human score on frozen features (all pairs', (N, K)), in closed form.

    The ridge is the one of `RIDGES` with the least generalised cross-validation error. Members of an ensemble are
    fitted to bootstrap resamples of the labelled pairs.
    """

    def __init__(self, features_of: Callable[[Ints], Floats], score: Floats, *, seed: int) -> None:
        self._features_of, self._score, self._seed = features_of, score, seed

    def learn(self, labelled: Ints, *, members: int = 1) -> None:
        features_LK, score_L = self._features_of(labelled), self._score[labelled]
        weights, self._posterior = ridge(features_LK, score_L)
        generator = np.random.default_rng(self._seed)
        draws = (generator.integers(0, len(labelled), len(labelled)) for _ in range(members - 1))
        self._weights_EK = np.stack([weights, *(ridge(features_LK[drawn], score_L[drawn])[0] for drawn in draws)])

    def posterior(self) -> Posterior:
        return self._posterior

    def answer(self, rows: Ints) -> Answer:
        features_NK = self._features_of(rows)
        return Answer(features_NK @ self._weights_EK[0], features_NK)

    def opinions(self, rows: Ints) -> Floats:
        return self._weights_EK @ self._features_of(rows).T


def ridge(features_LK: Floats, score_L: Floats) -> tuple[Floats, Posterior]:
    """Weights (K,) and their posterior, the ridge chosen by generalised cross-validation (Golub, Heath, Wahba 1979)."""
    left_LR, singular_R, right_RK = np.linalg.svd(features_LK, full_matrices=False)
    projected_R, count = left_LR.T @ score_L, len(score_L)
    lost = float(np.square(score_L - left_LR @ projected_R).sum()) if count > len(singular_R) else 0.0

    def fit(strength: float) -> tuple[float, float]:
        """Generalised cross-validation error, and the residual variance."""
        left_out_R = strength / (singular_R**2 + strength)
        residual = lost + float(np.square(left_out_R * projected_R).sum())
        free = count - len(singular_R) + float(left_out_R.sum())
        return count * residual / free**2, residual / free

    strength = min(RIDGES, key=lambda candidate: fit(candidate)[0])
    weights_K = right_RK.T @ (singular_R / (singular_R**2 + strength) * projected_R)
    noise = fit(strength)[1]
    precision_KK = (features_LK.T @ features_LK + strength * np.eye(features_LK.shape[1])) / noise
    return weights_K, Posterior(np.linalg.inv(precision_KK), noise)
