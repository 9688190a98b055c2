"""Trained models on disk as a run leaves them, small and quickly made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from annotation_site.jobs.models import JobState
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_folder, run_start
from model import checkpoints
from model.judge import build
from tests.conftest import NOON
from tests.model.factories import micro_config
from tests.training.test_services import make_snapshot

CODE = "0.1.0-test"


def write_model(folder: Path, *, seed: int = 3) -> dict[str, Any]:
    """A sealed checkpoint with its config and report; returns the report."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    config = micro_config()
    identity = checkpoints.Identity("d" * 64, seed=seed, code_version=CODE)
    posterior = {"noise": torch.tensor(0.5)}
    checkpoints.save(folder, build(config), identity=identity, step=12, posterior=posterior)
    report = {
        "format": 1,
        "snapshot_digest": "d" * 64,
        "seed": seed,
        "code_version": CODE,
        "config": config.to_dict(),
        "steps": 12,
        "trained_under": "pair",
        "protocols": {"pair": {"n": 9, "srcc": {"value": 0.41, "low": 0.3, "high": 0.5}}},
    }
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=2))
    (folder / "report.json").write_text(json.dumps(report, indent=2))
    (folder / "events.jsonl").write_text('{"event": "end", "step": 12}\n')
    return report


def finished_run(*, seed: int = 3) -> TrainingRun:
    """A run that is done, with its files."""
    run = run_start(snapshot=make_snapshot(), recipe="tiny", seed=seed, now=NOON)
    report = write_model(run_folder(run), seed=seed)
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.DONE, report=report, code_version=CODE)
    run.refresh_from_db()
    return run
