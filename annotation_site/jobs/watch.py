"""Sweeps where nobody else does: a thread in the main process of every worker, whatever its queues.

Beat's sweep is a task: where all workers of its queue are in long jobs it waits until one is free, and a worker that
died meanwhile would be noticed as late. A worker's main process is never in a job.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import DatabaseError, connections
from django.utils import timezone
from redis.exceptions import RedisError

from annotation_site.jobs.services import jobs_sweep
from annotation_site.jobs.tasks import SWEPT_AT, job_models

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
PATIENCE = timedelta(seconds=20)
"""Beat's sweep comes every 10 s; one that is later than this has no worker."""

_TURN = "jobs:watch"


def sweep_if_due(*, now: datetime) -> bool:
    """Sweep all jobs unless a sweep came lately, or another worker has just seen to it. True where it did."""
    swept_at = cache.get(SWEPT_AT)
    if swept_at is not None and now - swept_at < PATIENCE:
        return False
    if not cache.add(_TURN, 1, timeout=EVERY.total_seconds()):
        return False
    for model in job_models():
        jobs_sweep(model=model, now=now)
    return True


class Watch(threading.Thread):
    """Looks every ten seconds until it is told to stop. No failure ends it: a database that is away comes back."""

    def __init__(self, *, every: timedelta = EVERY) -> None:
        super().__init__(name="jobs-watch", daemon=True)
        self._every = every
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        self._stop_asked.set()

    def run(self) -> None:
        while not self._stop_asked.wait(self._every.total_seconds()):
            try:
                sweep_if_due(now=timezone.now())
            except (DatabaseError, RedisError, OSError) as error:
                log.warning("jobs were not looked at, it is tried again: %s", error)
            finally:
                connections.close_all()
