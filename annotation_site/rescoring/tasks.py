"""The tasks of this room, on the queue `gpu`. A second delivery finds the row claimed and returns."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from annotation_site.jobs.running import job_run
from annotation_site.rescoring.models import Proposal, Rescoring, RescoringShard
from annotation_site.rescoring.proposing import propose
from annotation_site.rescoring.services import rescoring_follow, rescorings_sweep
from annotation_site.rescoring.working import rescore, shard_score


@shared_task(name=Rescoring.task_name, ignore_result=True)
def run(rescoring_id: int) -> str:
    return job_run(model=Rescoring, job_id=rescoring_id, work=rescore)


@shared_task(name=RescoringShard.task_name, ignore_result=True)
def score_shard(shard_id: int) -> str:
    """Score a shard, then see what comes of its rescoring now."""
    state = job_run(model=RescoringShard, job_id=shard_id, work=shard_score)
    of = RescoringShard.objects.filter(pk=shard_id).values_list("rescoring_id", flat=True).first()
    if of is not None:
        rescoring_follow(rescoring_id=of, now=timezone.now())
    return state


@shared_task(name=Proposal.task_name, ignore_result=True)
def choose(proposal_id: int) -> str:
    return job_run(model=Proposal, job_id=proposal_id, work=propose)


@shared_task(name="rescoring.sweep", ignore_result=True)
def sweep() -> None:
    rescorings_sweep(now=timezone.now())
