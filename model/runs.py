"""A whole training run from snapshot to report: what `python -m model train` does, without the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model import checkpoints, costs, evaluation, examples
from model.board import open_board
from model.config import Config
from model.data import Dataset, Media
from model.events import EventWriter
from model.failures import is_disk_full, is_out_of_memory
from model.files import CONFIG_NAME, EVENTS_NAME, REPORT_NAME
from model.interface import Judge
from model.processes import ALONE, Processes
from model.scoring import Posterior, fit_posterior, score_pairs
from model.training import Interrupted, TrainingFailed, micro_batches, train

__all__ = ["CONFIG_NAME", "REPORT_NAME", "RunExists", "finished_report", "posterior_of", "run"]

FORMAT = 1


class RunExists(Exception):
    """The folder already holds a run."""


def run(
    config: Config,
    dataset: Dataset,
    *,
    out_dir: Path,
    identity: checkpoints.Identity,
    device: torch.device,
    wall_clock: Callable[[], float],
    clock: Callable[[], float],
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Train, evaluate, save; returns the report that is also written. With `resume` a run goes on where it stopped.

    `wall_clock` stamps events (seconds since the epoch), `clock` measures. Of several processes, which share `out_dir`,
    the first writes, and evaluates while the others wait. Raises what `train` raises, and RunExists.
    """
    micro_batches(config, dataset, processes)  # a batch that cannot be shared is refused before anything is written
    _claim_folder(out_dir, resume=resume)
    processes.wait()
    if not processes.leads:
        return _follow(config, dataset, out_dir, identity, device, clock, resume, should_stop, processes)
    checkpoints.replace_text(out_dir / CONFIG_NAME, json.dumps(config.to_dict(), indent=2) + "\n")
    with EventWriter(out_dir / EVENTS_NAME, clock=wall_clock, also=open_board(out_dir)) as events:
        try:
            return _run(config, dataset, out_dir, identity, device, events, clock, resume, should_stop, processes)
        except (Interrupted, TrainingFailed, checkpoints.CheckpointError, OSError, MemoryError, RuntimeError) as error:
            _tell(events, error)
            raise


def finished_report(out_dir: Path) -> dict[str, Any] | None:
    """The report of a run that is done, None of one that is not."""
    path = out_dir / REPORT_NAME
    if not path.exists() or not (out_dir / checkpoints.SEAL_NAME).exists():
        return None
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def posterior_of(config: Config, module: Judge, dataset: Dataset, media: Media) -> Posterior:
    """The last layer's posterior from the snapshot's training pairs."""
    pairs = dataset.pairs.take(dataset.train)
    scored = score_pairs(module, media, pairs.painting, pairs.clip, batch=config.run.evaluation_batch)
    return fit_posterior(scored, pairs.score)


def _tell(events: EventWriter, error: Exception) -> None:
    """Leave an error event, if there is room for one. What nobody foresaw is told by its traceback alone."""
    if isinstance(error, RuntimeError) and not is_out_of_memory(error):
        return
    try:
        events.write("error", reason=type(error).__name__, message=str(error))
    except OSError as unwritten:
        if not is_disk_full(unwritten):
            raise


def _run(
    config: Config,
    dataset: Dataset,
    out_dir: Path,
    identity: checkpoints.Identity,
    device: torch.device,
    events: EventWriter,
    clock: Callable[[], float],
    resume: bool,
    should_stop: Callable[[], bool],
    processes: Processes,
) -> dict[str, Any]:
    started = clock()
    state = train(
        config,
        dataset,
        identity=identity,
        out_dir=out_dir,
        device=device,
        events=events,
        clock=clock,
        resume=resume,
        should_stop=should_stop,
        processes=processes,
    )
    trained = clock()
    module, media = state.judge.eval(), dataset.media(config, device)
    measured = evaluation.evaluate(config, module, dataset, media, seed=identity.seed)
    report = {
        "format": FORMAT,
        **asdict(identity),
        "config": config.to_dict(),
        "device": str(device),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": processes.count,
        "steps": state.step,
        "training_pairs": int(np.count_nonzero(dataset.train)),
        "training_preferences": len(dataset.preferences_within(dataset.train)),
        "training_seconds": round(trained - started, 2),
        "evaluation_seconds": round(clock() - trained, 2),
        "costs": costs.describe(config),
        **measured,
    }
    checkpoints.replace_text(out_dir / REPORT_NAME, json.dumps(report, indent=2) + "\n")
    examples.write(config, module, dataset, media, out_dir=out_dir)
    posterior = posterior_of(config, module, dataset, media).to_tensors()
    checkpoints.save(out_dir, module, identity=identity, step=state.step, posterior=posterior)
    (out_dir / checkpoints.STATE_NAME).unlink(missing_ok=True)
    events.write("metrics", **{name: measured[name] for name in ("protocols", "preferences", "noise_ceiling")})
    events.write("end", step=state.step, seconds=round(clock() - started, 2))
    processes.wait()
    return report


def _follow(
    config: Config,
    dataset: Dataset,
    out_dir: Path,
    identity: checkpoints.Identity,
    device: torch.device,
    clock: Callable[[], float],
    resume: bool,
    should_stop: Callable[[], bool],
    processes: Processes,
) -> dict[str, Any]:
    """What every process but the first does: learn with it, write nothing, wait for the report."""
    with EventWriter(Path(os.devnull), clock=clock) as nowhere:
        train(
            config,
            dataset,
            identity=identity,
            out_dir=out_dir,
            device=device,
            events=nowhere,
            clock=clock,
            resume=resume,
            should_stop=should_stop,
            processes=processes,
        )
    processes.wait()
    report = finished_report(out_dir)
    assert report is not None
    return report


def _claim_folder(out_dir: Path, *, resume: bool) -> None:
    names = (checkpoints.STATE_NAME, checkpoints.SEAL_NAME, EVENTS_NAME)
    there = [name for name in names if (out_dir / name).exists()]
    if there and not resume:
        raise RunExists(f"{out_dir} already holds a run ({', '.join(there)}): add --resume or choose another folder")
