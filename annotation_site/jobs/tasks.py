"""The sweep that Celery beat rings: the only cure that lost messages and dead workers need."""

from __future__ import annotations

from celery import shared_task
from django.apps import apps
from django.utils import timezone

from annotation_site.jobs.models import Job
from annotation_site.jobs.services import jobs_sweep


def job_models() -> list[type[Job]]:
    return [model for model in apps.get_models() if issubclass(model, Job)]


@shared_task(name="jobs.sweep", ignore_result=True)
def sweep() -> int:
    return sum(jobs_sweep(model=model, now=timezone.now()) for model in job_models())
