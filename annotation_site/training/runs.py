"""The work of a training run: `python -m model train` on a sealed snapshot, followed into the row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.jobs.services import JobLost
from annotation_site.training import artefacts
from annotation_site.training.artefacts import StorageUnreachable, Upload
from annotation_site.training.following import ProcessFailed, follow
from annotation_site.training.models import TrainingRun
from annotation_site.training.reasons import Reason
from model.failures import is_disk_full
from model.files import EVENTS_NAME, REPORT_NAME
from mpd_builder.snapshot.manifest import SUMS_NAME

STAGES = {"regression": "Learning scores", "preference": "Learning preferences"}


def command_of(run: TrainingRun, *, folder: Path) -> list[str]:
    """The arguments of `python -m model` for a run; it goes on where an earlier attempt in its folder stopped."""
    arguments = ["train", "--recipe", run.recipe, "--snapshot", str(_snapshot_folder(run)), "--out", str(folder)]
    arguments += ["--seed", str(run.seed), "--device", run.device]
    for name, value in sorted(run.overrides.items()):
        arguments += ["--set", f"{name}={json.dumps(value)}"]
    return [*arguments, "--resume"] if (folder / EVENTS_NAME).exists() else arguments


def meeting_name(run: TrainingRun) -> str:
    """What the machines that share a training find each other by: another one for each attempt."""
    return f"{run.folder}-{run.attempts}"


def run_train(run: TrainingRun, report: Reporter) -> None:
    """Train, and keep the report in the row. A failure leaves its reason there too."""
    try:
        _train(run, report)
    except ProcessFailed as error:
        keep_reason(run, error.reason)
        raise
    except StorageUnreachable as error:
        keep_reason(run, Reason.STORAGE)
        raise JobFailed(f"{error} Mend that, then resume: what was stored before is whole.") from error
    except OSError as error:
        if not is_disk_full(error):
            raise
        keep_reason(run, Reason.DISK_FULL)
        raise JobFailed(f"The worker's disk is full: {error}. Free some room, then resume.") from error


def _train(run: TrainingRun, report: Reporter) -> None:
    require_snapshot(run)
    folder = artefacts.fetch(run.folder)
    with Upload(run.folder) as upload:

        def tell(done: int | None = None, total: int | None = None, words: str = "") -> None:
            try:
                report(done, total, words)
            except JobLost:
                upload.stop()
                raise

        follow(
            command_of(run, folder=folder),
            folder=folder,
            on_event=lambda event: _tell_step(event, tell),
            beat=tell,
            processes=run.processes,
            name=meeting_name(run),
        )
    facts = _report_of(folder)
    TrainingRun.objects.filter(pk=run.pk).update(report=facts, code_version=str(facts.get("code_version", ""))[:64])


def _tell_step(event: Mapping[str, Any], tell: Callable[[int, int, str], None]) -> None:
    if event.get("event") == "step":
        stage = str(event.get("stage", ""))
        words = f"{STAGES.get(stage, stage or 'Training')}: step {event['step']} of {event['steps']}"
        tell(int(event["step"]), int(event["steps"]), words)


def require_snapshot(run: TrainingRun) -> None:
    """Raises `ProcessFailed` unless the snapshot that the run names lies here, as it was sealed."""
    folder = _snapshot_folder(run)
    try:
        digest = hashlib.sha256((folder / SUMS_NAME).read_bytes()).hexdigest()
    except OSError as error:
        raise ProcessFailed(
            Reason.SNAPSHOT_CHANGED,
            f"{run.snapshot} cannot be read on this worker's machine ({error.strerror}: {folder}). Workers need the "
            "folder of snapshots: share or copy it, then resume.",
        ) from None
    if digest != run.snapshot.digest:
        raise ProcessFailed(
            Reason.SNAPSHOT_CHANGED,
            f"The folder of {run.snapshot} holds another snapshot than the one that was sealed: {digest[:12]}, not "
            f"{run.snapshot.digest[:12]}. Put the sealed one back, then resume.",
        )


def keep_reason(run: TrainingRun, reason: Reason) -> None:
    """Only the worker that holds the run says why it ended."""
    held = TrainingRun.objects.filter(pk=run.pk, state=JobState.RUNNING, worker=run.worker)
    held.update(reason=reason)


def _snapshot_folder(run: TrainingRun) -> Path:
    return Path(settings.SNAPSHOTS_ROOT) / run.snapshot.folder


def _report_of(folder: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((folder / REPORT_NAME).read_text())
    except (OSError, ValueError) as error:
        raise ProcessFailed(
            Reason.UNEXPECTED, f"The training ended but left no report that can be read ({error})."
        ) from None
    return facts
