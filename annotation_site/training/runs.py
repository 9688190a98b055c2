"""The work of a training run: `python -m model train` on a sealed snapshot, followed into the row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.training.following import follow
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_folder
from model.events import EVENTS_NAME

REPORT_NAME = "report.json"
STAGES = {"regression": "Learning scores", "preference": "Learning preferences"}


def command_of(run: TrainingRun, *, folder: Path) -> list[str]:
    """The arguments of `python -m model` for a run; it goes on where an earlier attempt in its folder stopped."""
    snapshot = Path(settings.SNAPSHOTS_ROOT) / run.snapshot.folder
    arguments = ["train", "--recipe", run.recipe, "--snapshot", str(snapshot), "--out", str(folder)]
    arguments += ["--seed", str(run.seed), "--device", run.device]
    for name, value in sorted(run.overrides.items()):
        arguments += ["--set", f"{name}={json.dumps(value)}"]
    return [*arguments, "--resume"] if (folder / EVENTS_NAME).exists() else arguments


def run_train(run: TrainingRun, report: Reporter) -> None:
    """Train, and keep the report in the row."""
    folder = run_folder(run)

    def on_event(event: Mapping[str, Any]) -> None:
        if event.get("event") == "step":
            stage = str(event.get("stage", ""))
            words = f"{STAGES.get(stage, stage or 'Training')}: step {event['step']} of {event['steps']}"
            report(int(event["step"]), int(event["steps"]), words)

    follow(command_of(run, folder=folder), folder=folder, on_event=on_event, beat=report)
    try:
        facts = json.loads((folder / REPORT_NAME).read_text())
    except (OSError, ValueError) as error:
        raise JobFailed(f"The training ended but left no report that can be read ({error}).") from None
    TrainingRun.objects.filter(pk=run.pk).update(report=facts, code_version=str(facts.get("code_version", ""))[:64])
