"""Training in two stages: regression, then regression with preferences against the frozen result of the first.

The loop is `train`; read it top to bottom. Randomness is a function of seed and step, so that N steps, a stop, a resume
and N more steps give the bits of 2N steps (on a CPU with a given number of threads). Of several processes each goes
through the same steps with its share of the same batches; the first writes events and saves.
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
from model.batches import Shuffle
from model.config import Config
from model.data import Dataset, Ints, Media, Preferences
from model.events import EventWriter
from model.interface import Judge
from model.processes import ALONE, Processes, running_statistics
from model.scoring import score_pairs
from model.state import State
from model.stepping import GlobalBatch, Scorer, Stepper, parts_of
from model.throughput import Window, matrix_rate


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
    processes: Processes = ALONE,
) -> State:
    """Train on a snapshot's training pairs and preferences, writing events and the state to resume from.

    Raises Interrupted once `should_stop` holds in any process, TrainingFailed when the loss is no longer a number; both
    leave a saved state. Raises CheckpointError if `resume` finds the state of another run, ConfigError if the batch
    cannot be shared by the processes.
    """
    torch.manual_seed(identity.seed)
    preferences = dataset.preferences_within(dataset.train)
    stages = plan(config, n_preferences=len(preferences))
    parts = micro_batches(config, dataset, processes)
    state = State.fresh(config, device)
    if resume:
        state.restore(out_dir, identity)
    _require_same_step(state, out_dir, processes)
    media = dataset.media(config, device)
    scorer = _scorer(config, state, device, processes)
    stepper = Stepper(config, state.module, scorer, media, dataset, processes, parts)
    train_rows = np.flatnonzero(dataset.train)
    steps = stages[-1].last
    groups = dataset.pairs.clip[train_rows] if config.optim.group == "clip" else None
    orders = (
        Shuffle(len(train_rows), seed=identity.seed, groups=groups),
        Shuffle(len(preferences), seed=identity.seed + 1),
    )
    rate = matrix_rate(device, clock)
    events.write(
        "start",
        step=state.step,
        steps=steps,
        stages=[asdict(stage) for stage in stages],
        device=str(device),
        processes=processes.count,
        micro_batch=config.optim.batch // (processes.count * parts),
        accumulation=parts,
        matrix_rate=rate,
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
        window = Window(config, device, clock, rate=rate, processes=processes.count)
        for step in range(state.step, stage.last):
            whole = _batch(config, stage, step, orders, train_rows, preferences)
            lr = stage.lr_at(step, config.optim.warmup)
            for group in state.optimizer.param_groups:
                group["lr"] = lr
            state.optimizer.zero_grad(set_to_none=True)
            state.module.train()
            margin = state.reference_margin if stage.uses_preferences else None
            losses, clips = stepper.gradient(whole, margin, _generator(identity.seed, step, device))
            # Clipped gradients stay in the module; this is their norm before, the same in every process.
            slope = float(torch.nn.utils.clip_grad_norm_(state.module.parameters(), config.optim.clip_norm or math.inf))
            *means, encoded, stop = processes.mean([*losses.values(), clips, should_stop()], device)
            losses = dict(zip(losses, means, strict=True))
            if not (math.isfinite(losses["loss"]) and math.isfinite(slope)):
                _save(state, out_dir, identity, processes)
                raise TrainingFailed(
                    f"the loss is {losses['loss']} and its gradient {slope} at step {step + 1}; "
                    f"the state before it is saved. Train again with a lower optim.lr (now {lr:g})."
                )
            _update(state, processes)

            window.add(losses, pairs=len(whole.rows), clips=round(encoded * processes.count))
            if state.step % config.run.log_every == 0 or state.step == stage.last:
                events.write("step", step=state.step, steps=steps, stage=stage.name, lr=lr, **window.take())
            if processes.leads and (state.step % config.run.validate_every == 0 or state.step == stage.last):
                events.write("validation", step=state.step, **validate(config, state.judge, media, dataset))
                window.restart()
            if stop or state.step % config.run.checkpoint_every == 0 or state.step == stage.last:
                _save(state, out_dir, identity, processes)
                events.write("checkpoint", step=state.step)
            if stop:
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


def micro_batches(config: Config, dataset: Dataset, processes: Processes) -> int:
    """How many parts of a batch each process goes through before a step. Raises ConfigError if they do not come out."""
    stages = plan(config, n_preferences=len(dataset.preferences_within(dataset.train)))
    return parts_of(config, processes, with_preferences=len(stages) > 1)


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


def _save(state: State, out_dir: Path, identity: checkpoints.Identity, processes: Processes) -> None:
    """The first process saves; none goes on before that is done."""
    if processes.leads:
        state.save(out_dir, identity)
    processes.wait()


def _update(state: State, processes: Processes) -> None:
    """One step of the optimiser; batch norm's running statistics become the processes' mean."""
    state.optimizer.step()
    state.step += 1
    processes.average(running_statistics(state.module))
    state.follow()


def _batch(
    config: Config, stage: Stage, step: int, orders: tuple[Shuffle, Shuffle], train_rows: Ints, preferences: Preferences
) -> GlobalBatch:
    """What all processes learn from in one step."""
    rows = train_rows[orders[0].rows(step, config.optim.batch)]
    if not stage.uses_preferences:
        return GlobalBatch(rows)
    chosen = orders[1].rows(step - stage.first, config.optim.preference_batch)
    return GlobalBatch(np.concatenate([rows, preferences.preferred[chosen], preferences.other[chosen]]), chosen)


def _scorer(config: Config, state: State, device: torch.device, processes: Processes) -> torch.nn.Module:
    """The module as the loop calls it: compiled where asked for, its gradients averaged over the processes."""
    scorer = Scorer(state.module, config)
    if config.run.compile:
        scorer.compile()
    return processes.parallel(scorer, device)


def _require_same_step(state: State, out_dir: Path, processes: Processes) -> None:
    if processes.mean([state.step], state.module.head.weight.device)[0] != state.step:
        raise checkpoints.CheckpointError(
            f"the processes see different states in {out_dir}: it must be one shared folder"
        )


def _generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    """Randomness of one step."""
    mixed = int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(mixed % 2**63)
