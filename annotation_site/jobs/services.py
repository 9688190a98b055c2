"""Writes of a job's life: enqueue, claim, progress, end, cancel, sweep. Each is one conditional UPDATE or one row."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError

from annotation_site.jobs.models import Job, JobState

log = logging.getLogger(__name__)

J = TypeVar("J", bound=Job)

LEASE = timedelta(seconds=30)
"""A running job whose heartbeat is older than this is taken for dead.

Heartbeats come every quarter of it: one may be missed for as long as SQLite waits for a lock (20 s), and a death is
noticed within this and the sweep's 10 s. The machines' clocks must agree to a few seconds.
"""

RESEND = timedelta(seconds=30)
"""A queued job whose message was sent longer ago than this gets another."""


class JobCancelled(Exception):
    """Someone asked for the job to stop; raised inside the work at its next progress report."""


class JobLost(Exception):
    """Another worker has taken the job meanwhile: this one must stop without writing anything."""


def job_enqueue(*, job: Job, now: datetime) -> None:
    """Ring the doorbell once the surrounding transaction is committed. The row must be saved already."""
    transaction.on_commit(partial(_send, job=job, now=now))


def _send(*, job: Job, now: datetime) -> None:
    try:
        current_app.send_task(job.task_name, args=[job.pk], queue=job.queue, ignore_result=True)
    except OperationalError as error:
        # The row says what is to be done; the sweep rings again when the broker is back.
        log.warning("broker out of reach, job stays queued: %s %s (%s)", type(job).__name__, job.pk, error)
        return
    type(job)._default_manager.filter(pk=job.pk, state=JobState.QUEUED).update(sent_at=now)


def job_claim(*, model: type[J], job_id: int, worker: str, now: datetime) -> J | None:
    """Take a queued job; None when it is not there, not queued any more, or another worker won."""
    won = model._default_manager.filter(pk=job_id, state=JobState.QUEUED).update(
        state=JobState.RUNNING,
        worker=worker,
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
        error="",
        attempts=F("attempts") + 1,
    )
    return model._default_manager.get(pk=job_id) if won else None


def job_progress(
    *, job: Job, now: datetime, done: int | None = None, total: int | None = None, words: str = ""
) -> None:
    """Write progress and heartbeat. Raises `JobCancelled` when asked to stop, `JobLost` when the row is not ours."""
    changes: dict[str, Any] = {"heartbeat_at": now}
    if done is not None:
        changes["done"] = done
    if total is not None:
        changes["total"] = total
    if words:
        changes["words"] = words[:200]
    ours = type(job)._default_manager.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker)
    if not ours.update(**changes):
        raise JobLost(f"{type(job).__name__} {job.pk} is no longer held by {job.worker}")
    if ours.filter(cancel_requested=True).exists():
        raise JobCancelled


def job_finish(*, job: Job, state: JobState, now: datetime, error: str = "", **fields: Any) -> bool:
    """End a job that this worker holds; False when it is not held any more."""
    changes: dict[str, Any] = {"state": state, "finished_at": now, "heartbeat_at": now, "error": error, **fields}
    held = type(job)._default_manager.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker)
    return bool(held.update(**changes))


def job_cancel(*, job: Job, now: datetime) -> bool:
    """Ask a job to stop: at once when still queued, at its next progress report when running. False when over."""
    model = type(job)
    if model._default_manager.filter(pk=job.pk, state=JobState.QUEUED).update(
        state=JobState.CANCELLED, cancel_requested=True, finished_at=now
    ):
        return True
    return bool(model._default_manager.filter(pk=job.pk, state=JobState.RUNNING).update(cancel_requested=True))


def jobs_sweep(*, model: type[Job], now: datetime) -> int:
    """Queue dead jobs again (fail them after `max_attempts`), resend lost messages; returns how many were sent."""
    rows = model._default_manager
    dead = rows.filter(state=JobState.RUNNING, heartbeat_at__lt=now - LEASE)
    dead.filter(cancel_requested=True).update(state=JobState.CANCELLED, finished_at=now)
    dead.filter(attempts__gte=model.max_attempts).update(
        state=JobState.FAILED,
        finished_at=now,
        error="The worker died each time that it tried this job. Its log says more; start the job again when mended.",
        **model.when_lost,
    )
    dead.update(state=JobState.QUEUED, worker="", sent_at=None, words="Its worker stopped; waiting for another")
    waiting = rows.filter(state=JobState.QUEUED).filter(Q(sent_at=None) | Q(sent_at__lt=now - RESEND))
    sent = 0
    for job in waiting.order_by("created_at")[:100]:
        _send(job=job, now=now)
        sent += 1
    return sent
