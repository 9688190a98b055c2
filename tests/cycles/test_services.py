"""The loop's rows: when a cycle begins, what each look does, what a failure, a retry and a cancellation leave."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from random import Random
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation_site.cycles import services, starting
from annotation_site.cycles.machine import CycleState, StepKind, StepState
from annotation_site.cycles.models import Contest, Cycle, Schedule
from annotation_site.cycles.selectors import trigger_of
from annotation_site.cycles.services import (
    CycleError,
    cycle_advance,
    cycle_begin,
    cycle_cancel,
    cycle_retry,
    schedule_look,
)
from annotation_site.cycles.tasks import turn
from annotation_site.jobs.models import JobState
from annotation_site.rescoring.models import Proposal, Rescoring
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.services import run_resume
from model.contest import Verdict
from tests.conftest import NOON
from tests.cycles.rounds import begun, counts, end, end_all, found, job_of, look, make_schedule, make_version, step_of
from tests.factories import make_admin, make_pair

pytestmark = pytest.mark.django_db

EXPORT, TRAIN, CONTEST, PROMOTE, RESCORE, PROPOSE = StepKind
LATER = NOON + timedelta(hours=30)


def complete(schedule: Schedule, n: int, at: Any) -> None:
    for _ in range(n):
        make_pair(campaign=schedule.campaign, completed_at=at, rating_count=5, score=0.5)


# --- When one begins --------------------------------------------------------------------------------------------------
def test_a_cycle_begins_once_enough_pairs_are_new() -> None:
    schedule = make_schedule(every_pairs=3)
    assert schedule_look(schedule=schedule, now=NOON) is None
    complete(schedule, 2, NOON)
    cycle = schedule_look(schedule=schedule, now=NOON + timedelta(minutes=1))
    assert cycle is not None
    assert (cycle.number, cycle.new_pairs, cycle.is_asked) == (1, 3, False)
    Cycle.objects.update(state=CycleState.DONE)
    complete(schedule, 2, LATER - timedelta(hours=1))
    assert trigger_of(schedule=schedule, now=LATER).words == "2 of 3 new complete pairs."
    assert schedule_look(schedule=schedule, now=LATER) is None
    complete(schedule, 1, LATER - timedelta(hours=1))
    cycle = schedule_look(schedule=schedule, now=LATER)
    assert cycle is not None
    assert (cycle.number, cycle.new_pairs) == (2, 3)


def test_a_schedule_that_is_off_begins_nothing_and_is_off_until_somebody_turns_it_on() -> None:
    assert not Schedule().is_enabled
    schedule = make_schedule(is_enabled=False)
    assert schedule_look(schedule=schedule, now=NOON) is None
    assert turn() == 0


def test_only_so_many_cycles_begin_in_a_day() -> None:
    schedule = make_schedule(most_per_day=1)
    assert schedule_look(schedule=schedule, now=NOON)
    Cycle.objects.update(state=CycleState.DONE)
    complete(schedule, 5, NOON + timedelta(hours=1))
    assert schedule_look(schedule=schedule, now=NOON + timedelta(hours=23)) is None
    assert "as many cycles as a day may have" in trigger_of(schedule=schedule, now=NOON + timedelta(hours=23)).words
    assert schedule_look(schedule=schedule, now=NOON + timedelta(hours=25))


@pytest.mark.parametrize(("state", "words"), [("running", "is under way"), ("failed", "waits to be retried")])
def test_while_one_is_open_no_other_begins(state: str, words: str) -> None:
    schedule = make_schedule()
    cycle_begin(schedule=schedule, now=NOON)
    Cycle.objects.update(state=state)
    complete(schedule, 5, LATER)
    assert schedule_look(schedule=schedule, now=LATER) is None
    with pytest.raises(CycleError, match=words):
        cycle_begin(schedule=schedule, now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Cycle.objects.create(schedule=schedule, number=9, plan={}, new_pairs=0, started_at=NOON)


def test_changing_the_schedule_does_not_change_a_cycle_that_has_begun() -> None:
    schedule = make_schedule(seed=5)
    cycle = begun(schedule)
    Schedule.objects.update(seed=6, recipe="small")
    end(cycle, EXPORT)
    run = TrainingRun.objects.get()
    assert (run.seed, run.recipe) == (5, "tiny")


# --- A whole turn -----------------------------------------------------------------------------------------------------
def test_a_better_run_is_promoted_and_rescores() -> None:
    schedule = make_schedule(set_by=make_admin("ada"))
    old = make_version(schedule.campaign)
    cycle = end_all(begun(schedule), EXPORT, TRAIN, CONTEST, RESCORE, PROPOSE)
    assert (cycle.state, cycle.words) == (CycleState.DONE, "A batch of pairs waits for an admin's approval.")
    version = ModelVersion.objects.get(is_active=True)
    assert (version.number, version.run, version.note) == (2, TrainingRun.objects.last(), f"{cycle}. It is better.")
    assert version.promoted_by == schedule.set_by
    assert Contest.objects.get().against == old
    assert Rescoring.objects.get().version == version
    assert step_of(cycle, EXPORT).figures == {"digest": "a" * 64, "pairs": 200, "ratings": 1000}
    assert step_of(cycle, CONTEST).figures["n"] == 80
    assert step_of(cycle, PROPOSE).figures == {"proposed": 3, "to_ask": 2, "control": 1}
    proposal = Proposal.objects.get()
    assert (proposal.standing, proposal.method, proposal.count) == ("draft", schedule.method, 40)
    assert Rescoring.objects.get().ask_for == 0  # the step proposes, not the rescoring by itself
    assert [step.state for step in cycle.steps.order_by("pk")] == [StepState.DONE] * 6


@pytest.mark.parametrize("verdict", [Verdict.NOT_TOLD_APART, Verdict.WORSE])
def test_what_is_not_better_is_not_promoted_and_the_active_version_rescores(verdict: Verdict) -> None:
    schedule = make_schedule()
    old = make_version(schedule.campaign)
    cycle = end_all(begun(schedule), EXPORT, TRAIN, CONTEST, contest={"found": found(verdict)})
    promote = step_of(cycle, PROMOTE)
    assert (promote.state, promote.words) == (StepState.SKIPPED, f"{verdict.capitalize()}. Version 1 stays.")
    assert ModelVersion.objects.get() == old
    assert Rescoring.objects.get().version == old


def test_the_first_cycle_promotes_what_beats_the_trivial_rows_else_it_stops_in_words() -> None:
    cycle = end_all(begun(), EXPORT, TRAIN, CONTEST, contest={"found": found(Verdict.NOT_TOLD_APART)})
    assert Contest.objects.get().against is None
    assert (cycle.state, ModelVersion.objects.count(), Rescoring.objects.count()) == (CycleState.DONE, 0, 0)
    assert cycle.words == "Not told apart. No version is active, so nothing is rescored."
    second = end_all(begun(make_schedule()), EXPORT, TRAIN, CONTEST)
    assert ModelVersion.objects.get().is_active
    assert second.state == CycleState.RUNNING
    assert Rescoring.objects.get().version.number == 1


def test_with_promotion_by_hand_a_better_run_is_named_and_the_active_version_rescores() -> None:
    schedule = make_schedule(promotes=False)
    old = make_version(schedule.campaign)
    cycle = end_all(begun(schedule), EXPORT, TRAIN, CONTEST)
    assert "waits for an admin to promote it" in step_of(cycle, PROMOTE).words
    assert ModelVersion.objects.get() == old
    assert Rescoring.objects.get().version == old


def test_a_version_that_was_promoted_meanwhile_is_not_replaced() -> None:
    schedule = make_schedule()
    make_version(schedule.campaign)
    cycle = end_all(begun(schedule), EXPORT, TRAIN)
    ModelVersion.objects.update(is_active=False)
    run = TrainingRun.objects.first()
    assert run is not None
    other = TrainingRun.objects.create(snapshot=run.snapshot, recipe="tiny", state=JobState.DONE, created_at=NOON)
    newer = ModelVersion.objects.create(run=other, number=7, is_active=True, promoted_at=NOON)
    end(cycle, CONTEST)
    assert ModelVersion.objects.get(is_active=True) == newer
    assert "Version 7 was promoted while this run was compared with version 1" in step_of(cycle, PROMOTE).words
    assert Rescoring.objects.get().version == newer


# --- Failure, retry, cancellation -------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [EXPORT, TRAIN, CONTEST, RESCORE])
@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELLED])
def test_a_failed_step_stops_the_cycle_in_its_words_and_is_retried_in_its_own_job(
    kind: StepKind, ended: JobState
) -> None:
    before_it = [EXPORT, TRAIN, CONTEST, RESCORE]
    cycle = end_all(begun(), *before_it[: before_it.index(kind)])
    end(cycle, kind, ended)
    words = f"{kind} broke." if ended == JobState.FAILED else "was cancelled."
    assert cycle.state == CycleState.FAILED
    assert words in cycle.words
    before = counts()
    assert turn() == 0
    assert counts() == before
    cycle_retry(cycle=cycle, now=NOON)
    look(cycle)
    step = step_of(cycle, kind)
    assert (cycle.state, step.state, step.attempts, step.words) == (CycleState.RUNNING, StepState.RUNNING, 2, "")
    assert job_of(cycle, kind).state == JobState.QUEUED
    assert counts() == before
    end(cycle, kind)
    assert step_of(cycle, kind).state == StepState.DONE


def test_a_failed_proposal_is_begun_anew() -> None:
    cycle = end_all(begun(), EXPORT, TRAIN, CONTEST, RESCORE)
    end(cycle, PROPOSE, JobState.FAILED, error="The scores of this rescoring were deleted.")
    assert cycle.words == "The scores of this rescoring were deleted."
    cycle_retry(cycle=cycle, now=NOON)
    look(cycle)
    assert (Rescoring.objects.count(), Proposal.objects.count()) == (1, 2)
    assert step_of(cycle, PROPOSE).proposal == Proposal.objects.order_by("-pk")[0]


def test_cancelling_stops_a_rescoring_with_its_shards() -> None:
    cycle = end_all(begun(), EXPORT, TRAIN, CONTEST)
    Rescoring.objects.update(state=JobState.RUNNING, stage="scoring", worker="")
    shard = Rescoring.objects.get().shards.create(index=0, created_at=NOON)
    cycle_cancel(cycle=cycle, now=NOON)
    shard.refresh_from_db()
    assert (Rescoring.objects.get().state, shard.state) == (JobState.CANCELLED, JobState.CANCELLED)


def test_a_step_that_is_refused_fails_in_the_words_of_its_room() -> None:
    schedule = make_schedule(recipe="no-such-recipe")
    cycle = end_all(begun(schedule), EXPORT)
    assert cycle.state == CycleState.FAILED
    assert "no-such-recipe" in cycle.words
    assert not TrainingRun.objects.exists()


def test_a_retry_follows_a_job_that_somebody_resumed_already() -> None:
    cycle = end_all(begun(), EXPORT)
    end(cycle, TRAIN, JobState.FAILED)
    run = TrainingRun.objects.get()
    run_resume(run=run, now=NOON)
    cycle_retry(cycle=cycle, now=NOON)
    assert step_of(cycle, TRAIN).state == StepState.RUNNING
    with pytest.raises(CycleError, match="has not failed"):
        cycle_retry(cycle=cycle, now=NOON)


def test_cancelling_stops_the_job_and_nothing_begins_afterwards() -> None:
    cycle = end_all(begun(), EXPORT)
    cycle_cancel(cycle=cycle, now=NOON, user=make_admin("ada"))
    run = TrainingRun.objects.get()
    assert run.state == JobState.CANCELLED
    look(cycle)
    assert (cycle.state, cycle.words) == (CycleState.CANCELLED, "Cancelled by ada.")
    assert step_of(cycle, TRAIN).state == StepState.CANCELLED
    with pytest.raises(CycleError, match="is over already"):
        cycle_cancel(cycle=cycle, now=NOON)
    assert cycle_begin(schedule=cycle.schedule, now=NOON).number == 2


def test_a_failed_cycle_can_be_given_up() -> None:
    cycle = end(begun(), EXPORT, JobState.FAILED)
    cycle_cancel(cycle=cycle, now=NOON)
    assert cycle_begin(schedule=cycle.schedule, now=NOON).number == 2


# --- Crashes and races ------------------------------------------------------------------------------------------------
def test_a_crash_between_a_job_and_its_step_leaves_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies after the run's row is made and before the step is saved: the next look starts it, once."""
    cycle = begun()
    real = starting.step_begin

    def die(*arguments: Any) -> None:
        real(*arguments)
        raise SystemExit

    monkeypatch.setattr(services, "step_begin", die)
    with pytest.raises(SystemExit):
        end(cycle, EXPORT)
    assert step_of(cycle, EXPORT).state == StepState.DONE
    assert not TrainingRun.objects.exists()
    monkeypatch.setattr(services, "step_begin", real)
    look(cycle)
    look(cycle)
    assert step_of(cycle, TRAIN).run == TrainingRun.objects.get()


@pytest.mark.parametrize("seed", range(10))
def test_no_order_of_ends_failures_and_crashes_starts_a_step_twice(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the rows themselves what `test_machine` says of the machine: forty events in an order of their own."""
    draw, real = Random(seed), services.step_begin
    schedule = make_schedule()
    make_version(schedule.campaign)
    verdict = draw.choice(list(Verdict))
    cycle, was_failed = cycle_begin(schedule=schedule, now=NOON), 0

    def crash(*arguments: Any) -> None:
        real(*arguments)
        raise SystemExit

    for _ in range(40):
        event = draw.choice(["look", "crash", "end", "end", "fail", "retry"])
        waiting = cycle.steps.filter(state=StepState.RUNNING).first()
        begun_before = cycle.steps.count()
        with monkeypatch.context() as patched, suppress(SystemExit, CycleError):
            if event == "crash":
                patched.setattr(services, "step_begin", crash)
            if event == "retry":
                cycle_retry(cycle=cycle, now=NOON)
            elif event in ("end", "fail") and waiting and waiting.job and waiting.job.state == JobState.QUEUED:
                left = {"found": found(verdict)} if event == "end" and waiting.kind == CONTEST else {}
                end(cycle, StepKind(waiting.kind), JobState.DONE if event == "end" else JobState.FAILED, **left)
            else:
                look(cycle)
        cycle.refresh_from_db()
        was_failed += event == "fail" and cycle.state == CycleState.FAILED
        if cycle.state == CycleState.FAILED:
            assert cycle.steps.filter(state=StepState.FAILED).count() == 1
            assert cycle.steps.count() == begun_before
        assert Snapshot.objects.exclude(name="before").count() <= 1
        assert TrainingRun.objects.exclude(folder="before").count() <= 1
        assert Contest.objects.count() <= 1
        assert Rescoring.objects.count() <= 1
        assert Proposal.objects.count() <= 1 + was_failed  # one that failed is begun anew
        assert ModelVersion.objects.count() == 1 or (verdict is Verdict.BETTER and Contest.objects.get().found)


def together(*calls: Any) -> list[Any]:
    """Do all at once, each in a thread with a connection of its own; what they gave, or raised."""
    barrier, given = Barrier(len(calls)), []

    def work(call: Any) -> None:
        try:
            barrier.wait(timeout=20)
            given.append(call())
        except (CycleError, IntegrityError) as error:
            given.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(given) == len(calls)
    return given


@pytest.mark.django_db(transaction=True)
def test_two_beats_and_a_click_at_once_begin_one_cycle_with_one_export() -> None:
    schedule = make_schedule()

    def click() -> Cycle:
        cycle = cycle_begin(schedule=schedule, now=NOON)
        cycle_advance(cycle=cycle, now=NOON)
        return cycle

    together(turn, turn, click)
    turn()  # where one lost the race after it had begun, the next beat goes on
    assert (Cycle.objects.count(), Snapshot.objects.count()) == (1, 1)
    assert list(Cycle.objects.get().steps.values_list("kind", flat=True)) == [EXPORT]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_see_a_job_end_start_the_next_step_once() -> None:
    schedule = make_schedule()
    make_version(schedule.campaign)
    cycle = end_all(begun(schedule), EXPORT, TRAIN)
    Contest.objects.update(state=JobState.DONE, found=found())
    together(*[lambda: cycle_advance(cycle=cycle, now=NOON)] * 3)
    assert list(cycle.steps.order_by("pk").values_list("kind", flat=True)) == [EXPORT, TRAIN, CONTEST, PROMOTE, RESCORE]
    assert (ModelVersion.objects.count(), Rescoring.objects.count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_cancelling_while_a_step_begins_leaves_no_job_at_work() -> None:
    cycle = begun()
    Snapshot.objects.update(state=JobState.DONE, digest="a" * 64)
    together(lambda: cycle_advance(cycle=cycle, now=NOON), lambda: cycle_cancel(cycle=cycle, now=NOON))
    cycle.refresh_from_db()
    assert cycle.state == CycleState.CANCELLED
    assert not TrainingRun.objects.filter(state=JobState.QUEUED).exists()
