"""How a Celery task does a job: claim, work under a heartbeat, end with words. Used by every task of every room."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from django.db import OperationalError, connection, connections
from django.utils import timezone

from annotation_site.jobs.models import Job, JobState
from annotation_site.jobs.services import LEASE, JobCancelled, JobLost, job_claim, job_finish, job_progress

log = logging.getLogger(__name__)

J = TypeVar("J", bound=Job)


class JobFailed(Exception):
    """The work cannot be done; the text tells a person why and what to do."""


class Reporter:
    """Progress of a job, written at most a few times a second. Call it from the work as often as you like."""

    def __init__(self, job: Job, *, every: timedelta = timedelta(milliseconds=400)) -> None:
        self.job = job
        self.every = every.total_seconds()
        self._last = 0.0

    def __call__(self, done: int | None = None, total: int | None = None, words: str = "") -> None:
        """Report; raises `JobCancelled` or `JobLost` when the work must stop."""
        ended = done is not None and done == total
        if time.monotonic() - self._last < self.every and not ended:
            return
        self._last = time.monotonic()
        job_progress(job=self.job, now=timezone.now(), done=done, total=total, words=words)


class _Heartbeat(threading.Thread):
    """Keeps the row alive while the work is inside one long call that reports nothing."""

    def __init__(self, job: Job) -> None:
        super().__init__(daemon=True, name=f"heartbeat-{type(job).__name__}-{job.pk}")
        self.job = job
        self.stopped = threading.Event()

    def run(self) -> None:
        try:
            while not self.stopped.wait(LEASE.total_seconds() / 4):
                self.beat()
        finally:
            connections.close_all()

    def beat(self) -> None:
        held = type(self.job)._default_manager.filter(pk=self.job.pk, state=JobState.RUNNING, worker=self.job.worker)
        try:
            held.update(heartbeat_at=timezone.now())
        except OperationalError as error:  # a database that is locked or away for a moment: there is a next beat
            log.warning("a heartbeat was missed: %s %s (%s)", type(self.job).__name__, self.job.pk, error)
            connection.close()

    def stop(self) -> None:
        self.stopped.set()
        self.join(timeout=5)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 10_000}"


def job_run(*, model: type[J], job_id: int, work: Callable[[J, Reporter], None]) -> str:
    """Claim the job and do `work(job, report)`; the row ends done, failed in words, or cancelled.

    Returns the end state, or "not ours" when another worker holds the job or took it over meanwhile.
    """
    job = job_claim(model=model, job_id=job_id, worker=worker_name(), now=timezone.now())
    if job is None:
        return "not ours"
    heartbeat = _Heartbeat(job)
    heartbeat.start()
    more: Mapping[str, Any] = {}
    try:
        work(job, Reporter(job))
        state, words = JobState.DONE, ""
    except JobCancelled:
        state, words = JobState.CANCELLED, ""
    except JobLost:
        return "not ours"
    except JobFailed as error:
        state, words = JobState.FAILED, str(error)
    except Exception as error:
        log.exception("job broke: %s %s", model.__name__, job_id)
        state, words = JobState.FAILED, f"Something we did not expect: {type(error).__name__}: {error}"
        more = model.when_broken
    finally:
        if heartbeat.is_alive():
            heartbeat.stop()
    finished = job_finish(job=job, state=state, now=timezone.now(), error=words, **more)
    return str(state) if finished else "not ours"
