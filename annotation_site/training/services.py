"""Writes of the training room: start and resume runs, make and activate model versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max

from annotation_site.accounts.models import User
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_enqueue
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.artefacts import folder_of
from annotation_site.training.models import MOST_PROCESSES, Activation, ModelVersion, TrainingRun
from annotation_site.training.versions import facts_of_run
from model import recipes
from model.config import ConfigError

DEVICES = ("auto", "cpu", "cuda")
WAITING = "Waiting for a worker"
_TRIES = 5


class TrainingError(Exception):
    """What was asked for cannot be done; the text says why in a person's words."""


def run_folder(run: TrainingRun) -> Path:
    """The run's folder on this machine, which another one's need not be (see `artefacts`)."""
    return folder_of(run.folder)


def run_start(
    *,
    snapshot: Snapshot,
    recipe: str,
    seed: int,
    now: datetime,
    device: str = "auto",
    processes: int = 1,
    overrides: Mapping[str, Any] | None = None,
    note: str = "",
    user: User | None = None,
    request_key: UUID | None = None,
) -> TrainingRun:
    """Queue a training on a sealed snapshot, on `processes` of the worker's devices.

    The same `request_key` again starts nothing and gives the run that it started. Raises `TrainingError` for a snapshot
    or a setting that cannot be used.
    """
    if request_key and (first := TrainingRun.objects.filter(request_key=request_key).first()):
        return first
    _require_trainable(snapshot, recipe, device, processes, overrides or {})
    run = TrainingRun(
        snapshot=snapshot,
        recipe=recipe,
        overrides=dict(overrides or {}),
        seed=seed,
        device=device,
        processes=processes,
        note=note,
        request_key=request_key,
        words=WAITING,
        created_by=user,
        created_at=now,
    )
    try:
        with transaction.atomic():
            run.save()
            run.folder = f"run-{run.pk:06d}"
            run.save(update_fields=["folder"])
            job_enqueue(job=run, now=now)
    except IntegrityError:  # another request with the same key came first
        won = TrainingRun.objects.filter(request_key=request_key).first() if request_key else None
        if won is None:
            raise
        return won
    return run


def _require_trainable(
    snapshot: Snapshot, recipe: str, device: str, processes: int, overrides: Mapping[str, Any]
) -> None:
    if snapshot.state != JobState.DONE:
        raise TrainingError(f"{snapshot} is not sealed yet: wait until its export is done.")
    try:
        chosen = recipes.get(recipe)
    except ConfigError:
        raise TrainingError(f"There is no recipe {recipe!r}; there are {', '.join(recipes.NAMES)}.") from None
    if device not in DEVICES:
        raise TrainingError(f"There is no device {device!r}; there are {', '.join(DEVICES)}.")
    if not 1 <= processes <= MOST_PROCESSES:
        raise TrainingError(f"A training has 1 to {MOST_PROCESSES} processes on a machine, not {processes}.")
    try:
        batch = chosen.with_overrides(overrides).optim.batch
    except ConfigError as error:
        raise TrainingError(f"The settings do not fit: {error}") from None
    together = processes * settings.TRAINING_NODES
    if batch % together:
        raise TrainingError(f"optim.batch {batch} cannot be shared by {together} processes: it must be a multiple.")


@transaction.atomic
def run_resume(*, run: TrainingRun, now: datetime) -> None:
    """Queue an ended run again; it goes on from its last checkpoint. Asked twice, it starts once."""
    ended = TrainingRun.objects.filter(pk=run.pk, state__in=[JobState.FAILED, JobState.CANCELLED])
    if not ended.update(
        state=JobState.QUEUED,
        cancel_requested=False,
        error="",
        reason="",
        attempts=0,
        sent_at=None,
        finished_at=None,
        words=WAITING,
    ):
        raise TrainingError(f"{run} has not stopped: only a failed or cancelled run can be resumed.")
    run.refresh_from_db()
    job_enqueue(job=run, now=now)


def version_promote(*, run: TrainingRun, note: str, user: User | None, now: datetime) -> ModelVersion:
    """Make a finished run the active model version. Promoting it again makes its version active again."""
    if run.state != JobState.DONE:
        raise TrainingError(f"{run} is not done: only a finished run can be promoted.")
    facts = facts_of_run(run)

    def promote() -> ModelVersion:
        version = ModelVersion.objects.filter(run=run).first()
        if version is None:
            version = ModelVersion.objects.create(
                run=run, number=next_number(), note=note, promoted_by=user, promoted_at=now, **facts
            )
        return _activate(version, note=note, user=user, now=now)

    return once_of_many(promote)


def version_activate(*, version: ModelVersion, note: str, user: User | None, now: datetime) -> ModelVersion:
    """Let a version answer for the site, an earlier one too (roll back). The one that does already stays as it is."""
    return once_of_many(lambda: _activate(version, note=note, user=user, now=now))


def _activate(version: ModelVersion, *, note: str, user: User | None, now: datetime) -> ModelVersion:
    current = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if current.is_active:
        return current
    ModelVersion.objects.filter(is_active=True).update(is_active=False)
    current.is_active = True
    current.save(update_fields=["is_active"])
    Activation.objects.create(version=current, activated_at=now, by=user, note=note)
    return current


def next_number() -> int:
    return (ModelVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def once_of_many(write: Callable[[], ModelVersion]) -> ModelVersion:
    """Write in a transaction. Of several at the same moment the constraints let one through; the others look again."""
    for _ in range(_TRIES - 1):
        try:
            with transaction.atomic():
                return write()
        except IntegrityError:
            continue
    with transaction.atomic():
        return write()
