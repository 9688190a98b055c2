"""What a label-efficiency study is: which methods, seeds and rounds, with which recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from model import recipes
from model.acquisition import Method
from model.config import Config, replaced

Mode = Literal["retrain", "head"]
STUDY_RECIPE = "tiny"
SMALL: Mapping[str, Any] = {
    "music.band_pool": 4,
    "music.frame_pool": 8,
    "painting.pool": 8,
    "painting.patch": 8,
    "painting.depth": 2,
    "optim.lr": 0.003,
    "optim.batch": 32,
    "optim.regression_steps": 30,
}
"""What the default recipe changes, so that a study of a hundred trainings fits two shared cores."""
WARM = 0.1
"""A trained model that goes on at its first learning rate forgets more than a short round teaches."""
SEEDS = (0, 1, 2, 3, 4)
AMOUNTS: Mapping[str, int] = {
    "start": 800,
    "batch": 200,
    "rounds": 4,
    "pool": 3000,
    "measured": 1000,
    "members": 3,
    "steps": 300,
}


class StudyError(ValueError):
    """A study that cannot be: the message says what does not fit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One study. All counts are pairs.

    start: labelled by lot before the first round; batch: labelled in each of `rounds` rounds; pool: candidates a seed,
    drawn by lot from the unlabelled training pairs; measured: test pairs, the same for every seed; members: models of
    the ensemble. steps: of training on the start; a round takes the config's `optim.regression_steps`.

    `retrain` is warm: at every round the whole model goes on from the weights of the round before, on all labelled
    pairs, with a fresh optimiser and `WARM` of the learning rate; then its last layer is fitted in closed form. `head`
    keeps the features of the model that was trained on the start, and fits the last layer alone.
    """

    config: Config
    mode: Mode = "retrain"
    methods: tuple[Method, ...] = tuple(Method)
    seeds: tuple[int, ...] = SEEDS
    start: int = AMOUNTS["start"]
    batch: int = AMOUNTS["batch"]
    rounds: int = AMOUNTS["rounds"]
    pool: int = AMOUNTS["pool"]
    measured: int = AMOUNTS["measured"]
    members: int = AMOUNTS["members"]
    steps: int = AMOUNTS["steps"]

    def __post_init__(self) -> None:
        for name in ("start", "batch", "rounds", "pool", "measured", "steps"):
            if getattr(self, name) < 1:
                raise StudyError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if self.members < 2:
            raise StudyError(f"an ensemble needs at least two members, not {self.members}")
        if self.pool < self.batch * self.rounds:
            raise StudyError(f"{self.rounds} rounds of {self.batch} pairs want a pool of more than {self.pool}")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise StudyError("give at least one seed, and each once")

    def deciding(self) -> dict[str, Any]:
        """What must be equal for two curves to be set beside each other: all but which methods and seeds."""
        values = asdict(self) | {"config": self.config.to_dict()}
        return {name: value for name, value in values.items() if name not in ("methods", "seeds")}


def study_config(recipe: str, overrides: Mapping[str, Any]) -> Config:
    """A recipe for many short trainings: regression alone, and no figures on the way. Raises ConfigError."""
    quiet = replaced(
        recipes.get(recipe),
        optim={"preference_steps": 0},
        run={"log_every": 10**6, "validate_every": 10**6, "checkpoint_every": 10**6},
    )
    small = {} if recipe != STUDY_RECIPE else SMALL
    return quiet.with_overrides({**small, **overrides})
