"""The tasks of this room: the beat that turns the loop, and the contest on the queue `gpu`."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import Error
from django.utils import timezone

from annotation_site.cycles.contests import contest_hold
from annotation_site.cycles.models import Contest
from annotation_site.cycles.selectors import cycles_running, schedules_enabled
from annotation_site.cycles.services import cycle_advance, schedule_look
from annotation_site.jobs.running import job_run

log = logging.getLogger(__name__)


@shared_task(name=Contest.task_name, ignore_result=True)
def contest(contest_id: int) -> str:
    return job_run(model=Contest, job_id=contest_id, work=contest_hold)


@shared_task(name="cycles.turn", ignore_result=True)
def turn() -> int:
    """Begin what is due and advance what runs; how many moves it took. One cycle's trouble is not another's."""
    moves = 0
    for schedule in schedules_enabled():
        moves += schedule_look(schedule=schedule, now=timezone.now()) is not None
    for cycle in cycles_running():
        try:
            moves += cycle_advance(cycle=cycle, now=timezone.now())
        except Error as error:  # a lost race, or a database that is away for a moment: there is a next beat
            log.warning("a cycle has to wait for the next beat: %s (%s)", cycle.pk, error)
    return moves
