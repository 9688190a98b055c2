"""Long work as a row: the row is the truth, Celery only carries its id.

A message that is lost, doubled or delivered to a worker that dies changes nothing: `services.job_claim` lets one worker
win, the heartbeat says that it lives, and the sweep (`tasks.jobs_sweep`) queues again what stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(models.Model):
    """The abstract base of every long job. A concrete job names the Celery task that does its work."""

    task_name: ClassVar[str]
    queue: ClassVar[str] = "default"
    max_attempts: ClassVar[int] = 3
    when_lost: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What else a job's row says once its workers died too often."""
    when_broken: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What else it says after an error that nobody foresaw."""
    is_in_overview: ClassVar[bool] = True
    """Whether admins see it among the work in progress."""

    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED, db_index=True)
    done = models.PositiveBigIntegerField(default=0, help_text="Steps done so far.")
    total = models.PositiveBigIntegerField(default=0, help_text="Steps in all; 0 while unknown.")
    words = models.CharField(max_length=200, blank=True, help_text="What is being done now.")
    error = models.TextField(blank=True, help_text="Why it failed, and what to do.")
    cancel_requested = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When the doorbell was last rung.")
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.state in ENDED

    @property
    def percent(self) -> int:
        if self.state == JobState.DONE:
            return 100
        return int(100 * self.done / self.total) if self.total else 0
