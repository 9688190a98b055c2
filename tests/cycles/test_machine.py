"""The loop's state machine alone: in whatever order jobs end, fail and are cancelled, however often somebody looks."""

from __future__ import annotations

from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation_site.cycles.machine import CycleState, End, Look, Settle, Start, StepKind, StepState, Wait, advance
from annotation_site.cycles.promotion import Decision, Outcome, decide
from annotation_site.jobs.models import JobState
from model.contest import Verdict

INSTANT = (StepKind.PROMOTE, StepKind.PROPOSE)
BETTER, APART, WORSE = Verdict.BETTER, Verdict.NOT_TOLD_APART, Verdict.WORSE


def done(*kinds: StepKind) -> list[Look]:
    return [Look(kind, StepState.DONE, JobState.DONE) for kind in kinds]


def test_the_steps_come_in_their_order_and_then_it_is_over() -> None:
    kinds = list(StepKind)
    for number, kind in enumerate(kinds):
        assert advance(done(*kinds[:number])) == Start(kind)
    assert advance(done(*kinds)) == End(CycleState.DONE)


@pytest.mark.parametrize("job", [JobState.QUEUED, JobState.RUNNING])
def test_a_job_at_work_is_waited_for(job: JobState) -> None:
    assert advance([Look(StepKind.EXPORT, StepState.RUNNING, job)]) == Wait()


@pytest.mark.parametrize(
    ("job", "state"),
    [
        (JobState.DONE, StepState.DONE),
        (JobState.FAILED, StepState.FAILED),
        (JobState.CANCELLED, StepState.FAILED),  # cancelled from its own page: the cycle cannot go on without it
        (None, StepState.FAILED),
    ],
)
def test_an_ended_job_is_written_down(job: JobState | None, state: StepState) -> None:
    assert advance([Look(StepKind.EXPORT, StepState.RUNNING, job)]) == Settle(StepKind.EXPORT, state)


def test_a_failure_ends_the_cycle_whatever_else_there_is() -> None:
    steps = [*done(StepKind.EXPORT), Look(StepKind.TRAIN, StepState.FAILED, JobState.FAILED)]
    assert advance(steps) == End(CycleState.FAILED)


def test_a_last_step_ends_it_well() -> None:
    steps = [*done(StepKind.EXPORT, StepKind.TRAIN, StepKind.CONTEST)]
    assert advance([*steps, Look(StepKind.PROMOTE, StepState.SKIPPED)]) == Start(StepKind.RESCORE)
    assert advance([*steps, Look(StepKind.PROMOTE, StepState.SKIPPED, is_last=True)]) == End(CycleState.DONE)


class Simulation:
    """A cycle whose jobs do what a drawn list of events says, with the rows in a dictionary."""

    def __init__(self, verdict: Verdict, active: int | None, is_automatic: bool) -> None:
        self.outcome = Outcome(verdict, active)
        self.active, self.is_automatic = active, is_automatic
        self.steps: dict[StepKind, Look] = {}
        self.started: list[StepKind] = []
        self.state = CycleState.RUNNING
        self.promoted = False

    def look(self) -> None:
        """One move, as the services make it."""
        if self.state != CycleState.RUNNING:
            return
        match advance(list(self.steps.values())):
            case Start(kind):
                self.started.append(kind)
                self.steps[kind] = self.begun(kind)
            case Settle(kind, state):
                self.steps[kind] = Look(kind, state, self.steps[kind].job)
            case End(state):
                self.state = state

    def begun(self, kind: StepKind) -> Look:
        if kind is StepKind.PROMOTE:
            decision = decide(self.outcome, active=self.active, is_automatic=self.is_automatic)
            self.promoted |= decision.promotes
            state = StepState.DONE if decision.promotes else StepState.SKIPPED
            return Look(kind, state, is_last=decision.is_last)
        return Look(kind, StepState.DONE) if kind in INSTANT else Look(kind, StepState.RUNNING, JobState.QUEUED)

    def job(self, state: JobState) -> None:
        """The job at work changes its state; a job that has ended keeps it."""
        for kind, step in self.steps.items():
            if step.job in (JobState.QUEUED, JobState.RUNNING):
                self.steps[kind] = Look(kind, step.state, state)

    def retry(self) -> None:
        if self.state != CycleState.FAILED:
            return
        kind = next(kind for kind, step in self.steps.items() if step.state is StepState.FAILED)
        self.steps[kind] = Look(kind, StepState.RUNNING, JobState.QUEUED)
        self.state = CycleState.RUNNING

    def cancel(self) -> None:
        if self.state in (CycleState.RUNNING, CycleState.FAILED):
            self.state = CycleState.CANCELLED


EVENTS = st.lists(st.sampled_from(["look", "look", "look", "retry", "cancel", *JobState]), max_size=60)


@given(events=EVENTS, verdict=st.sampled_from(Verdict), active=st.sampled_from([None, 3]), is_automatic=st.booleans())
def test_no_order_of_events_starts_a_step_twice_or_goes_on_after_a_failure(
    events: list[str], verdict: Verdict, active: int | None, is_automatic: bool
) -> None:
    cycle = Simulation(verdict, active, is_automatic)
    for event in events:
        before = list(cycle.started)
        had_failed = any(step.state is StepState.FAILED for step in cycle.steps.values())
        was_over = cycle.state is not CycleState.RUNNING
        if event in JobState.values:
            cycle.job(JobState(event))
        else:
            getattr(cycle, event)()
        assert len(set(cycle.started)) == len(cycle.started)  # none twice
        assert cycle.started == list(StepKind)[: len(cycle.started)]  # in their order
        if had_failed or was_over:
            assert cycle.started == before  # nothing begins after a failure or an end
        working = [step for step in cycle.steps.values() if step.state is StepState.RUNNING]
        assert len(working) <= 1
        finished = list(takewhile(lambda step: step.state is not StepState.RUNNING, cycle.steps.values()))
        assert len(cycle.steps) - len(finished) <= 1
    assert not cycle.promoted or (verdict is BETTER and is_automatic)
    if StepKind.RESCORE in cycle.started:
        assert active is not None or cycle.promoted


@given(
    verdict=st.sampled_from(Verdict),
    against=st.sampled_from([None, 1, 2]),
    active=st.sampled_from([None, 1, 2]),
    is_automatic=st.booleans(),
)
def test_nothing_is_promoted_that_is_not_better_than_what_is_active_now(
    verdict: Verdict, against: int | None, active: int | None, is_automatic: bool
) -> None:
    decision = decide(Outcome(verdict, against), active=active, is_automatic=is_automatic)
    assert decision.promotes == (verdict is BETTER and against == active and is_automatic)
    assert decision.is_last == (active is None and not decision.promotes)


@pytest.mark.parametrize(
    ("outcome", "active", "is_automatic", "words"),
    [
        (Outcome(BETTER, 3), 3, True, "Better beyond its interval."),
        (Outcome(APART, 3), 3, True, "Not told apart. Version 3 stays."),
        (
            Outcome(WORSE, None), None, True,
            "Worse. No version is active, so nothing is rescored.",
        ),
        (
            Outcome(BETTER, 3), 3, False,
            "Better beyond its interval. It waits for an admin to promote it. Version 3 stays.",
        ),
        (
            Outcome(BETTER, 3), 4, True,
            "Version 4 was promoted while this run was compared with version 3. Version 4 stays.",
        ),
        (
            Outcome(BETTER, None), 1, True,
            "Version 1 was promoted while this run was compared with predictors that know nothing. Version 1 stays.",
        ),
        (
            Outcome(BETTER, 3), None, True,
            "The active version was taken back while this run was compared with version 3. No version is active, so "
            "nothing is rescored.",
        ),
    ],
)  # fmt: skip
def test_each_decision_is_told_in_words(outcome: Outcome, active: int | None, is_automatic: bool, words: str) -> None:
    decision: Decision = decide(outcome, active=active, is_automatic=is_automatic)
    assert decision.words == words
