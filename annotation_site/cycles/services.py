"""Writes of the loop: begin a cycle, advance it, try a failed step again, cancel.

Each is one transaction that holds the row of the cycle (or of its schedule) first, so that of two who come at once the
second finds what the first did. The jobs' rows are made in the same transaction as the step that names them.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from annotation_site.accounts.models import User
from annotation_site.cycles.contests import contest_again
from annotation_site.cycles.machine import (
    OPEN,
    CycleState,
    End,
    Look,
    Move,
    Settle,
    Start,
    StepKind,
    StepState,
    Wait,
    advance,
)
from annotation_site.cycles.models import Cycle, CycleStep, Schedule
from annotation_site.cycles.plan import Plan
from annotation_site.cycles.selectors import trigger_of
from annotation_site.cycles.settling import figures_of, words_of
from annotation_site.cycles.starting import step_begin
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_cancel
from annotation_site.rescoring.services import rescoring_cancel, rescoring_resume
from annotation_site.snapshots.services import snapshot_resume
from annotation_site.training.services import run_resume

JOBS = ("snapshot", "run", "contest", "rescoring", "proposal")
MOST_MOVES = 3 * len(StepKind)
"""More moves than this a cycle never has at once: each step begins, settles and leads on."""


class CycleError(Exception):
    """What was asked for cannot be done; the text says why in a person's words."""


def schedule_look(*, schedule: Schedule, now: datetime) -> Cycle | None:
    """Begin a cycle if the schedule says so now; None if it does not."""
    if not trigger_of(schedule=schedule, now=now).is_due:
        return None
    with transaction.atomic():
        held = Schedule.objects.select_for_update().get(pk=schedule.pk)
        trigger = trigger_of(schedule=held, now=now)
        return _begin(held, new_pairs=trigger.new_pairs, user=None, now=now) if trigger.is_due else None


@transaction.atomic
def cycle_begin(*, schedule: Schedule, now: datetime, user: User | None = None) -> Cycle:
    """Begin a cycle now, whatever the schedule says. Raises `CycleError` while another one is open."""
    held = Schedule.objects.select_for_update().get(pk=schedule.pk)
    if (going := held.cycles.filter(state__in=OPEN).first()) is not None:
        what = "failed and waits to be retried or given up" if going.state == CycleState.FAILED else "is under way"
        raise CycleError(f"Cycle {going.number} {what}: only one goes round at a time.")
    return _begin(held, new_pairs=trigger_of(schedule=held, now=now).new_pairs, user=user, now=now, is_asked=True)


def _begin(schedule: Schedule, *, new_pairs: int, user: User | None, now: datetime, is_asked: bool = False) -> Cycle:
    last = schedule.cycles.aggregate(last=Max("number"))["last"] or 0
    return Cycle.objects.create(
        schedule=schedule,
        number=last + 1,
        plan=Plan.of(schedule).to_dict(),
        new_pairs=new_pairs,
        is_asked=is_asked,
        created_by=user,
        started_at=now,
    )


def cycle_advance(*, cycle: Cycle, now: datetime) -> int:
    """Do all that a cycle needs now, until a job is at work or the cycle has ended; returns how many moves it took."""
    for moves in range(MOST_MOVES):
        if not _one_move(cycle.pk, now):
            return moves
    return MOST_MOVES


def _one_move(cycle_id: int, now: datetime) -> bool:
    """Look without a lock first: most looks find a job at work and nothing to do."""
    if not _wanted(Cycle.objects.get(pk=cycle_id)):
        return False
    with transaction.atomic():
        cycle = Cycle.objects.select_for_update().get(pk=cycle_id)
        match _wanted(cycle):
            case Settle(kind, state):
                _settle(cycle.steps.select_related(*JOBS).get(kind=kind), state, now)
            case Start(kind):
                _start(cycle, kind, now)
            case End(state):
                _end(cycle, state, now)
            case _:
                return False
    return True


def _wanted(cycle: Cycle) -> Move | None:
    """The next move of a running cycle; None where there is nothing to do."""
    if cycle.state != CycleState.RUNNING:
        return None
    move = advance([_look(step) for step in cycle.steps.select_related(*JOBS)])
    return None if isinstance(move, Wait) else move


def _look(step: CycleStep) -> Look:
    job = step.job
    return Look(StepKind(step.kind), StepState(step.state), JobState(job.state) if job else None, step.is_last)


def _start(cycle: Cycle, kind: StepKind, now: datetime) -> None:
    step = step_begin(cycle, kind, now)
    step.cycle, step.kind, step.started_at = cycle, kind, now
    step.finished_at = None if step.state == StepState.RUNNING else now
    step.save()


def _settle(step: CycleStep, state: StepState, now: datetime) -> None:
    step.state, step.words, step.figures = state, words_of(step), figures_of(step, now=now)
    step.finished_at = (step.job.finished_at if step.job else None) or now
    step.save(update_fields=["state", "words", "figures", "finished_at"])


def _end(cycle: Cycle, state: CycleState, now: datetime) -> None:
    last = cycle.steps.order_by("-started_at", "-pk").first()
    cycle.state, cycle.finished_at = state, now
    cycle.words = last.words if last else ""
    cycle.save(update_fields=["state", "finished_at", "words"])


@transaction.atomic
def cycle_retry(*, cycle: Cycle, now: datetime) -> None:
    """Try the failed step of a cycle again: its job goes on where it can, else it is begun anew."""
    held = Cycle.objects.select_for_update().get(pk=cycle.pk)
    if held.state != CycleState.FAILED:
        raise CycleError(f"{held} has not failed: there is nothing to try again.")
    step = held.steps.select_related(*JOBS).get(state__in=[StepState.FAILED, StepState.CANCELLED])
    if _job_again(step, now):
        step.state, step.words, step.finished_at, step.attempts = StepState.RUNNING, "", None, step.attempts + 1
        step.save(update_fields=["state", "words", "finished_at", "attempts"])
    else:
        step.delete()
    held.state, held.words, held.finished_at = CycleState.RUNNING, "", None
    held.save(update_fields=["state", "words", "finished_at"])


def _job_again(step: CycleStep, now: datetime) -> bool:
    """Queue the step's job again if it stopped; False where there is none that could go on."""
    job = step.job
    if job is None:
        return False
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        return True  # somebody resumed it from its own page
    if step.snapshot is not None:
        snapshot_resume(snapshot=step.snapshot, now=now)
    elif step.run is not None:
        run_resume(run=step.run, now=now)
    elif step.contest is not None:
        contest_again(contest=step.contest, now=now)
    elif step.rescoring is not None:
        rescoring_resume(rescoring=step.rescoring, now=now)
    else:
        return False
    return True


@transaction.atomic
def cycle_cancel(*, cycle: Cycle, now: datetime, user: User | None = None) -> None:
    """Stop a cycle for good, with the job that it waits for. What its steps made stays. Raises `CycleError`."""
    held = Cycle.objects.select_for_update().get(pk=cycle.pk)
    if held.state not in OPEN:
        raise CycleError(f"{held} is over already.")
    for step in held.steps.select_related(*JOBS).filter(state=StepState.RUNNING):
        if step.rescoring is not None:
            rescoring_cancel(rescoring=step.rescoring, now=now)
        elif step.job is not None:
            job_cancel(job=step.job, now=now)
        step.state, step.finished_at = StepState.CANCELLED, now
        step.save(update_fields=["state", "finished_at"])
    held.state, held.finished_at = CycleState.CANCELLED, now
    held.words = f"Cancelled by {user}." if user else "Cancelled."
    held.save(update_fields=["state", "finished_at", "words"])
