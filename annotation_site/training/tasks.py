"""The tasks of the queue `gpu`. A second delivery finds the row claimed and returns."""

from __future__ import annotations

from celery import shared_task

from annotation_site.jobs.running import job_run
from annotation_site.training.models import TrainingRun
from annotation_site.training.runs import run_train


@shared_task(name=TrainingRun.task_name, ignore_result=True)
def train(run_id: int) -> str:
    return job_run(model=TrainingRun, job_id=run_id, work=run_train)
