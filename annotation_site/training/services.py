"""Writes of the training room: start, cancel and resume runs, promote one to a model version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from annotation_site.accounts.models import User
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_enqueue
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from model import recipes
from model.config import ConfigError

DEVICES = ("auto", "cpu", "cuda")


class TrainingError(Exception):
    """What was asked for cannot be done; the text says why in a person's words."""


def run_folder(run: TrainingRun) -> Path:
    return Path(settings.RUNS_ROOT) / run.folder


@transaction.atomic
def run_start(
    *,
    snapshot: Snapshot,
    recipe: str,
    seed: int,
    now: datetime,
    device: str = "auto",
    overrides: Mapping[str, Any] | None = None,
    note: str = "",
    user: User | None = None,
) -> TrainingRun:
    """Queue a training on a sealed snapshot. Raises `TrainingError` for a snapshot or a setting that cannot be used."""
    if snapshot.state != JobState.DONE:
        raise TrainingError(f"{snapshot} is not sealed yet: wait until its export is done.")
    if recipe not in recipes.NAMES:
        raise TrainingError(f"There is no recipe {recipe!r}; there are {', '.join(recipes.NAMES)}.")
    if device not in DEVICES:
        raise TrainingError(f"There is no device {device!r}; there are {', '.join(DEVICES)}.")
    try:
        recipes.get(recipe).with_overrides(overrides or {})
    except ConfigError as error:
        raise TrainingError(f"The settings do not fit: {error}") from None
    run = TrainingRun.objects.create(
        snapshot=snapshot,
        recipe=recipe,
        overrides=dict(overrides or {}),
        seed=seed,
        device=device,
        note=note,
        words="Waiting for a worker",
        created_by=user,
        created_at=now,
    )
    run.folder = f"run-{run.pk:06d}"
    run.save(update_fields=["folder"])
    job_enqueue(job=run, now=now)
    return run


@transaction.atomic
def run_resume(*, run: TrainingRun, now: datetime) -> None:
    """Queue an ended run again; it goes on from its last checkpoint. Asked twice, it starts once."""
    ended = TrainingRun.objects.filter(pk=run.pk, state__in=[JobState.FAILED, JobState.CANCELLED])
    if not ended.update(
        state=JobState.QUEUED,
        cancel_requested=False,
        error="",
        attempts=0,
        sent_at=None,
        finished_at=None,
        words="Waiting for a worker",
    ):
        raise TrainingError(f"{run} has not stopped: only a failed or cancelled run can be resumed.")
    run.refresh_from_db()
    job_enqueue(job=run, now=now)


@transaction.atomic
def version_promote(*, run: TrainingRun, note: str, user: User | None, now: datetime) -> ModelVersion:
    """Make a finished run the active model version. Promoting it again makes its version active again."""
    if run.state != JobState.DONE:
        raise TrainingError(f"{run} is not done: only a finished run can be promoted.")
    ModelVersion.objects.select_for_update().filter(is_active=True).update(is_active=False)
    version = ModelVersion.objects.filter(run=run).first()
    if version is None:
        number = (ModelVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1
        version = ModelVersion(run=run, number=number, note=note, promoted_by=user, promoted_at=now)
    version.is_active = True
    version.save()
    return version
