"""The tasks of this room. A second delivery finds the row claimed and returns."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from annotation_site.jobs.running import job_run
from annotation_site.snapshots.comparing import snapshots_compare
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.leftovers import leftovers_sweep
from annotation_site.snapshots.models import Comparison, Snapshot, Verification
from annotation_site.snapshots.verifying import snapshot_verify


@shared_task(name=Snapshot.task_name, ignore_result=True)
def export(snapshot_id: int) -> str:
    return job_run(model=Snapshot, job_id=snapshot_id, work=snapshot_export)


@shared_task(name=Verification.task_name, ignore_result=True)
def verify(verification_id: int) -> str:
    return job_run(model=Verification, job_id=verification_id, work=snapshot_verify)


@shared_task(name=Comparison.task_name, ignore_result=True)
def compare(comparison_id: int) -> str:
    return job_run(model=Comparison, job_id=comparison_id, work=snapshots_compare)


@shared_task(name="snapshots.leftovers_sweep", ignore_result=True)
def sweep_leftovers() -> None:
    leftovers_sweep(now=timezone.now())
