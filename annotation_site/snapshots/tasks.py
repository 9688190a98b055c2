"""The export's task. A second delivery finds the row claimed and returns."""

from __future__ import annotations

from celery import shared_task

from annotation_site.jobs.running import job_run
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.models import Snapshot


@shared_task(name=Snapshot.task_name, ignore_result=True)
def export(snapshot_id: int) -> str:
    return job_run(model=Snapshot, job_id=snapshot_id, work=snapshot_export)
