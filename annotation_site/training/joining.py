"""The other machines of a training: each joins what the worker of the queue `gpu` has started (`TRAINING_NODES`)."""

from __future__ import annotations

import socket

from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import JobLost
from annotation_site.training.artefacts import folder_of
from annotation_site.training.following import follow
from annotation_site.training.models import TrainingRun
from annotation_site.training.runs import command_of, meeting_name, require_snapshot


def run_to_join(*, but: set[str]) -> TrainingRun | None:
    """A run that is under way and whose meeting is not among `but`, the ones that were joined already."""
    running = TrainingRun.objects.select_related("snapshot").filter(state=JobState.RUNNING).order_by("started_at")
    return next((run for run in running if meeting_name(run) not in but), None)


def join(run: TrainingRun) -> None:
    """Take part in a run to its end, whichever that is. Raises `ProcessFailed` where this machine's part fails.

    Log and lock of this machine lie in a folder of its own below the run's.
    """
    require_snapshot(run)
    attempt = TrainingRun.objects.filter(pk=run.pk, state=JobState.RUNNING, attempts=run.attempts)

    def beat() -> None:
        if not attempt.exists():
            raise JobLost(f"{run} is not under way any more")

    folder = folder_of(run.folder)
    try:
        follow(
            command_of(run, folder=folder),
            folder=folder / f"joined-{socket.gethostname()}",
            on_event=lambda _: None,
            beat=beat,
            processes=run.processes,
            name=meeting_name(run),
        )
    except JobLost:
        return
