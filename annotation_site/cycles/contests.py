"""Contests: queued once, held by `python -m model contest` in a process of its own, kept in the row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from annotation_site.accounts.models import User
from annotation_site.cycles.models import Contest
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.jobs.services import JobLost, job_enqueue
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder
from annotation_site.training import artefacts
from annotation_site.training.following import follow
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.services import TrainingError
from annotation_site.training.versions import CheckpointMissing, checkpoint_folder

RESULT_NAME = "contest.json"
WAITING = "Waiting for a worker"


@transaction.atomic
def contest_start(
    *,
    run: TrainingRun,
    against: ModelVersion | None,
    least_pairs: int,
    seed: int,
    now: datetime,
    user: User | None = None,
) -> Contest:
    """Queue the measuring of a finished run beside a version, or beside predictors that know nothing.

    Raises `TrainingError` for a run that is not done, and for a version of which nobody here knows what it has seen.
    """
    if run.state != JobState.DONE:
        raise TrainingError(f"{run} is not done: only a finished run can be compared.")
    if against is not None and training_snapshot(against) is None:
        raise TrainingError(
            f"{against} was brought in, and the snapshot that it was trained on is not here: nobody can say which "
            "pairs are new to it. Bring that snapshot here, or promote another version by hand."
        )
    contest = Contest.objects.create(
        run=run,
        against=against,
        least_pairs=least_pairs,
        seed=seed,
        words=WAITING,
        created_by=user,
        created_at=now,
    )
    contest.folder = f"contest-{contest.pk:06d}"
    contest.save(update_fields=["folder"])
    job_enqueue(job=contest, now=now)
    return contest


@transaction.atomic
def contest_again(*, contest: Contest, now: datetime) -> None:
    """Queue a contest that failed or was cancelled again. One that did not is left as it is."""
    ended = Contest.objects.filter(pk=contest.pk, state__in=[JobState.FAILED, JobState.CANCELLED])
    if ended.update(
        state=JobState.QUEUED,
        cancel_requested=False,
        error="",
        attempts=0,
        sent_at=None,
        finished_at=None,
        words=WAITING,
    ):
        contest.refresh_from_db()
        job_enqueue(job=contest, now=now)


def training_snapshot(version: ModelVersion) -> Snapshot | None:
    """The snapshot that a version was trained on; None where it is not on this site."""
    if version.run is not None:
        return version.run.snapshot
    digest = version.identity.get("snapshot_digest", "")
    return Snapshot.objects.filter(state=JobState.DONE, digest=digest).order_by("pk").first()


def contest_folder(contest: Contest) -> Path:
    return artefacts.folder_of(contest.folder)


def command_of(contest: Contest) -> list[str]:
    """The arguments of `python -m model`: the run's own snapshot, and the one that the other was trained on.

    Fetches the checkpoints that are not on this machine. Raises `StorageUnreachable` and `CheckpointMissing`.
    """
    run, against = contest.run, contest.against
    own = artefacts.fetch(run.folder, artefacts.CHECKPOINT_NAMES)
    arguments = ["contest", "--checkpoint", str(own), "--snapshot", str(snapshot_folder(run.snapshot))]
    if against is not None:
        trained_on = training_snapshot(against)
        assert trained_on is not None
        arguments += ["--against", str(checkpoint_folder(against))]
        arguments += ["--against-trained-on", str(snapshot_folder(trained_on))]
    arguments += ["--least", str(contest.least_pairs), "--seed", str(contest.seed), "--device", run.device]
    return [*arguments, "--out", str(contest_folder(contest) / RESULT_NAME)]


def contest_hold(contest: Contest, report: Reporter) -> None:
    """Hold the contest of a job's row and keep what is found."""
    folder = contest_folder(contest)
    report(words="Opening the models and the snapshot")

    def on_event(event: Mapping[str, Any]) -> None:
        if event.get("event") == "progress":
            report(int(event["done"]), int(event["total"]), "Both models score the pairs that neither has seen")

    try:
        command = command_of(contest)
    except (artefacts.StorageUnreachable, CheckpointMissing) as error:
        raise JobFailed(str(error)) from None
    follow(command, folder=folder, on_event=on_event, beat=report)
    try:
        found = json.loads((folder / RESULT_NAME).read_text())
    except (OSError, ValueError) as error:
        raise JobFailed(f"The comparison ended but left no result that can be read ({error}).") from None
    held = Contest.objects.filter(pk=contest.pk, state=JobState.RUNNING, worker=contest.worker)
    if not held.update(found=found):
        raise JobLost(f"Contest {contest.pk} is no longer held by {contest.worker}")
