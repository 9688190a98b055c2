"""Imports as a Celery task. A second delivery finds the row claimed and returns."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from annotation_site.corpus.models import ImportJob
from annotation_site.corpus.services import import_do
from annotation_site.corpus.uploads import uploads_sweep
from annotation_site.jobs.running import Reporter, job_run


@shared_task(name=ImportJob.task_name, ignore_result=True)
def import_source(job_id: int) -> str:
    return job_run(model=ImportJob, job_id=job_id, work=_work)


def _work(job: ImportJob, report: Reporter) -> None:
    import_do(job=job, reporter=report)


@shared_task(name="corpus.uploads_sweep", ignore_result=True)
def sweep_uploads() -> int:
    return uploads_sweep(now=timezone.now())
