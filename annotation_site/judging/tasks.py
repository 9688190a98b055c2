"""The tasks of this room. Those of the queue `judge` keep a model warm in their worker."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.utils import timezone

from annotation_site.jobs.running import job_run
from annotation_site.judging.models import Judging
from annotation_site.judging.services import judgings_sweep
from annotation_site.judging.warm import WARM
from annotation_site.judging.work import judge as work


@shared_task(name=Judging.task_name, ignore_result=True)
def judge(judging_id: int) -> str:
    return job_run(model=Judging, job_id=judging_id, work=work)


@shared_task(name="judging.sweep", ignore_result=True)
def sweep() -> int:
    return judgings_sweep(now=timezone.now())


@worker_process_shutdown.connect
def leave(**_: object) -> None:
    WARM.close()
