"""Training in two stages: regression, then regression with preferences against the frozen result of the first.

The loop is `train`; read it top to bottom. Randomness is a function of seed and step, so that N steps, a stop, a resume
and N more steps give the bits of 2N steps (on a CPU with a given number of threads).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model import checkpoints, metrics
from model.batches import Batch, Shuffle, augment, gather
from model.config import Config
from model.data import Dataset, Ints, Media, Preferences
from model.events import EventWriter
from model.interface import Judge
from model.losses import preference_loss, regression_loss
from model.scoring import score_pairs
from model.state import State


class TrainingFailed(Exception):
    """Training cannot go on; the message says at which step and what to try."""


class Interrupted(Exception):
    """Training was asked to stop; its state is saved and can be resumed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps [first, last) under one learning-rate schedule."""

    name: str
    first: int
    last: int
    lr: float
    uses_preferences: bool

    def lr_at(self, step: int, warmup: float) -> float:
        """Linear warm-up over a share of the stage, then a cosine to zero."""
        done, steps = step - self.first, self.last - self.first
        warm = max(1, round(warmup * steps))
        if done < warm:
            return self.lr * (done + 1) / warm
        return self.lr * 0.5 * (1 + math.cos(math.pi * (done - warm) / max(1, steps - warm)))


def train(
    config: Config,
    dataset: Dataset,
    *,
    identity: checkpoints.Identity,
    out_dir: Path,
    device: torch.device,
    events: EventWriter,
    clock: Callable[[], float],
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> State:
    """Train on a snapshot's training pairs and preferences, writing events and the state to resume from.

    Raises Interrupted once `should_stop` holds, TrainingFailed when the loss is no longer a number; both leave a saved
    state. Raises CheckpointError if `resume` finds the state of another run.
    """
    torch.manual_seed(identity.seed)
    state = State.fresh(config, device)
    if resume:
        state.restore(out_dir, identity)
    media = dataset.media(config, device)
    train_rows = np.flatnonzero(dataset.train)
    preferences = dataset.preferences_within(dataset.train)
    stages = plan(config, n_preferences=len(preferences))
    steps = stages[-1].last
    groups = dataset.pairs.clip[train_rows] if config.optim.group == "clip" else None
    pair_order = Shuffle(len(train_rows), seed=identity.seed, groups=groups)
    preference_order = Shuffle(len(preferences), seed=identity.seed + 1)
    events.write(
        "start",
        step=state.step,
        steps=steps,
        stages=[asdict(stage) for stage in stages],
        device=str(device),
        train_pairs=len(train_rows),
        train_preferences=len(preferences),
        recipe=config.recipe,
    )

    for stage in stages:
        if state.step >= stage.last:
            continue
        events.write("stage", stage=stage.name, step=state.step, steps=steps)
        if stage.uses_preferences and state.reference_margin is None:
            state.reference_margin = reference_margins(config, state.module, media, dataset, preferences)
        window = _Window(clock)
        for step in range(state.step, stage.last):
            rows = train_rows[pair_order.rows(step, config.optim.batch)]
            chosen = None
            if stage.uses_preferences:
                chosen = preference_order.rows(step - stage.first, config.optim.preference_batch)
                rows = np.concatenate([rows, preferences.preferred[chosen], preferences.other[chosen]])
            batch = augment(_batch(media, dataset, rows), config.augment, _generator(identity.seed, step, device))

            lr = stage.lr_at(step, config.optim.warmup)
            for group in state.optimizer.param_groups:
                group["lr"] = lr
            losses = _losses(config, state, batch, chosen)
            slope = _gradient_norm(config, state, losses["loss"])
            if not (math.isfinite(float(losses["loss"].detach())) and math.isfinite(slope)):
                state.save(out_dir, identity)
                raise TrainingFailed(
                    f"the loss is {float(losses['loss'].detach())} and its gradient {slope} at step {step + 1}; "
                    f"the state before it is saved. Train again with a lower optim.lr (now {lr:g})."
                )
            _update(state)

            window.add(losses, len(rows))
            if state.step % config.run.log_every == 0 or state.step == stage.last:
                events.write("step", step=state.step, steps=steps, stage=stage.name, lr=lr, **window.take())
            if state.step % config.run.validate_every == 0 or state.step == stage.last:
                events.write("validation", step=state.step, **validate(config, state.judge, media, dataset))
                window.restart()
            stopping = should_stop()
            if stopping or state.step % config.run.checkpoint_every == 0 or state.step == stage.last:
                state.save(out_dir, identity)
                events.write("checkpoint", step=state.step)
            if stopping:
                raise Interrupted(f"stopped after step {state.step} of {steps}; resume goes on from there")
    return state


def plan(config: Config, *, n_preferences: int) -> list[Stage]:
    """The stages of a run. Without training preferences there is no second one."""
    first = config.optim.regression_steps
    stages = [Stage("regression", 0, first, config.optim.lr, uses_preferences=False)]
    if n_preferences and config.optim.preference_steps and config.loss.preference_weight:
        last = first + config.optim.preference_steps
        stages.append(Stage("preference", first, last, config.optim.preference_lr, uses_preferences=True))
    return stages


def reference_margins(
    config: Config, module: Judge, media: Media, dataset: Dataset, preferences: Preferences
) -> Tensor:
    """f_ref(x, y+) - f_ref(x, y-) of every preference, from the frozen model in evaluation mode: (Q,)."""
    module.eval()
    sides = []
    for rows in (preferences.preferred, preferences.other):
        pairs = dataset.pairs.take(rows)
        scored = score_pairs(module, media, pairs.painting, pairs.clip, batch=config.run.evaluation_batch)
        sides.append(scored.logit if config.loss.on == "logit" else scored.score)
    return torch.as_tensor(sides[0] - sides[1], dtype=torch.float32, device=media.device)


def validate(config: Config, module: Judge, media: Media, dataset: Dataset) -> dict[str, float | int | None]:
    """MAE, SRCC and PLCC on the validation pairs."""
    pairs = dataset.pairs.take(dataset.validation)
    module.eval()
    predicted = score_pairs(module, media, pairs.painting, pairs.clip, batch=config.run.evaluation_batch).score
    found = {name: metrics.METRICS[name](predicted, pairs.score) for name in ("mae", "srcc", "plcc")}
    return {"n": len(pairs), **found}


class _Window:
    """Mean losses and pairs a second since the last step event; validation and saving are not counted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        self._since = self._clock()
        self._losses: list[dict[str, float]] = []
        self._pairs = 0

    def add(self, losses: dict[str, Tensor], pairs: int) -> None:
        self._losses.append({name: float(loss.detach()) for name, loss in losses.items()})
        self._pairs += pairs

    def take(self) -> dict[str, float | None]:
        """`loss`, `loss_reg`, `loss_dpo` (None in the first stage) and `pairs_per_s`."""
        seconds = max(self._clock() - self._since, 1e-9)
        means: dict[str, float | None] = {"loss_dpo": None}
        means |= {name: float(np.mean([losses[name] for losses in self._losses])) for name in self._losses[0]}
        pairs_per_s = self._pairs / seconds
        self.restart()
        return {**means, "pairs_per_s": round(pairs_per_s, 1)}


def _losses(config: Config, state: State, batch: Batch, chosen: Ints | None) -> dict[str, Tensor]:
    """Regression on every pair of the batch; the pairs of `chosen` preferences are its last ones, winners first."""
    module, loss = state.module.train(), config.loss
    device = batch.score.device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=_uses_bfloat16(config, device)):
        music_V = module.encode_music(batch.mels)
        features_BK = module.pooled(batch.paintings, music_V.index_select(0, batch.clip))
    logit_B = module.logit(features_BK)
    score_B = module.score_of(logit_B)
    regression = regression_loss(score_B, batch.score, loss)
    if chosen is None or state.reference_margin is None:
        return {"loss": loss.regression_weight * regression, "loss_reg": regression}
    preferred_Q, other_Q = (logit_B if loss.on == "logit" else score_B)[-2 * len(chosen) :].chunk(2)
    margin_Q = state.reference_margin[torch.as_tensor(chosen, device=device)]
    preference = preference_loss(preferred_Q, other_Q, margin_Q, loss)
    total = loss.regression_weight * regression + loss.preference_weight * preference
    return {"loss": total, "loss_reg": regression, "loss_dpo": preference}


def _gradient_norm(config: Config, state: State, loss: Tensor) -> float:
    """Leave clipped gradients in the module; their norm before clipping."""
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return float(torch.nn.utils.clip_grad_norm_(state.module.parameters(), config.optim.clip_norm or math.inf))


def _update(state: State) -> None:
    state.optimizer.step()
    state.step += 1
    state.follow()


def _batch(media: Media, dataset: Dataset, rows: Ints) -> Batch:
    pairs = dataset.pairs
    return gather(media, pairs.painting[rows], pairs.clip[rows], pairs.score[rows])


def _generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    """Randomness of one step."""
    mixed = int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(mixed % 2**63)


def _uses_bfloat16(config: Config, device: torch.device) -> bool:
    return config.run.precision == "bfloat16" and device.type == "cuda"
