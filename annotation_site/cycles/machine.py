"""One turn of the loop as a pure state machine: from what the steps' rows and jobs say to the one thing to do next.

Nothing here reads or writes a row. Whoever asks holds the cycle's row, so that two who ask at once do not both act.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import TextChoices

from annotation_site.jobs.models import JobState


class StepKind(TextChoices):
    """The steps of a cycle, in their order."""

    EXPORT = "export", "Export"
    TRAIN = "train", "Train"
    CONTEST = "contest", "Compare"
    PROMOTE = "promote", "Promote"
    RESCORE = "rescore", "Rescore"
    PROPOSE = "propose", "Propose"


class StepState(TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Passed over"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class CycleState(TextChoices):
    RUNNING = "running", "Running"
    FAILED = "failed", "Failed"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


OPEN = (CycleState.RUNNING, CycleState.FAILED)
"""A cycle that failed can be retried: until it is, or is given up, no other one begins."""


@dataclass(frozen=True, slots=True)
class Look:
    """A step that has begun, as its row says, and the state of the job that does it.

    is_last: nothing comes after it, and that is well.
    """

    kind: StepKind
    state: StepState
    job: JobState | None = None
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """A job is at work."""


@dataclass(frozen=True, slots=True)
class Settle:
    """The job of a step has ended: write down how."""

    kind: StepKind
    state: StepState


@dataclass(frozen=True, slots=True)
class Start:
    kind: StepKind


@dataclass(frozen=True, slots=True)
class End:
    state: CycleState


Move = Wait | Settle | Start | End


def advance(steps: Sequence[Look]) -> Move:
    """What a running cycle needs next, given the steps that have begun (at most one of a kind)."""
    begun = {step.kind: step for step in steps}
    for kind in StepKind:
        step = begun.get(kind)
        if step is None:
            return Start(kind)
        if step.state == StepState.RUNNING:
            return _of_running(step)
        if step.state in (StepState.FAILED, StepState.CANCELLED):
            return End(CycleState.FAILED)
        if step.is_last:
            break
    return End(CycleState.DONE)


def _of_running(step: Look) -> Move:
    if step.job in (JobState.QUEUED, JobState.RUNNING):
        return Wait()
    ended = StepState.DONE if step.job == JobState.DONE else StepState.FAILED
    return Settle(step.kind, ended)
