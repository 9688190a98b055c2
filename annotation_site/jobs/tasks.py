"""The sweep that Celery beat rings: the only cure that lost messages and dead workers need."""

from __future__ import annotations

from celery import shared_task
from django.apps import apps
from django.core.cache import cache
from django.utils import timezone

from annotation_site.jobs.models import Job
from annotation_site.jobs.services import jobs_sweep

SWEPT_AT = "jobs:swept_at"
"""The cache key of the last sweep's time: the sign that a worker and beat live."""


def job_models() -> list[type[Job]]:
    return [model for model in apps.get_models() if issubclass(model, Job)]


@shared_task(name="jobs.sweep", ignore_result=True)
def sweep() -> int:
    sent = sum(jobs_sweep(model=model, now=timezone.now()) for model in job_models())
    cache.set(SWEPT_AT, timezone.now(), timeout=3600)
    return sent
