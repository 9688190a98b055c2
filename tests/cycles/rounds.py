"""Schedules and cycles for the tests of this room, and jobs that end as a test says, without their work."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from annotation_site.cycles.machine import StepKind
from annotation_site.cycles.models import Contest, Cycle, CycleStep, Schedule
from annotation_site.cycles.services import cycle_advance, cycle_begin
from annotation_site.jobs.models import Job, JobState
from annotation_site.rescoring.models import CONTROL, Proposal, ProposedPair, Rescoring, Route
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from model.contest import Verdict
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair

SRCC = {"n": 80, "new": 0.61, "other": 0.48, "difference": 0.13, "low": 0.04, "high": 0.22}
FACTS = {"pairs": {"train": 120, "validation": 30, "test": 50, "cross": 0}, "ratings": 1000}


def make_schedule(**fields: Any) -> Schedule:
    """A schedule whose campaign has one complete pair."""
    campaign = fields.pop("campaign", None) or make_campaign()
    if not Pair.objects.filter(campaign=campaign).exists():
        make_pair(campaign=campaign, rating_count=5, score=0.5, completed_at=NOON)
    told = {"is_enabled": True, "every_pairs": 1, "snapshot_recipe": "demo", "recipe": "tiny", "set_at": NOON}
    return Schedule.objects.create(**told | {"campaign": campaign} | fields)


def make_version(campaign: Campaign, number: int = 1) -> ModelVersion:
    """An active version, trained on a snapshot of the campaign."""
    snapshot = Snapshot.objects.create(
        campaign=campaign, name="before", recipe={}, folder="before", state=JobState.DONE, digest="b" * 64,
        created_at=NOON,
    )  # fmt: skip
    run = TrainingRun.objects.create(
        snapshot=snapshot, recipe="tiny", folder="before", state=JobState.DONE, created_at=NOON
    )
    return ModelVersion.objects.create(run=run, number=number, is_active=True, promoted_at=NOON)


def found(verdict: Verdict = Verdict.BETTER, **srcc: float) -> dict[str, Any]:
    """A contest's result as far as the site reads it."""
    row = {"srcc": SRCC | srcc, "mae": SRCC, "plcc": SRCC, "preferences": SRCC}
    return {
        "verdict": verdict.value, "words": f"It is {verdict}.", "regime": "unseen-both", "n": 80, "left_out": 3,
        "least": 50, "regimes": {"unseen-both": {"n": 80, "left_out": 3}},
        "opponents": {"the active model": {"verdict": verdict.value, "regimes": {"unseen-both": row}}},
    }  # fmt: skip


def begun(schedule: Schedule | None = None) -> Cycle:
    """A cycle that has begun and started its export."""
    cycle = cycle_begin(schedule=schedule or make_schedule(), now=NOON)
    look(cycle)
    return cycle


def look(cycle: Cycle) -> Cycle:
    cycle_advance(cycle=cycle, now=timezone.now())
    cycle.refresh_from_db()
    return cycle


def step_of(cycle: Cycle, kind: StepKind) -> CycleStep:
    return cycle.steps.get(kind=kind)


def job_of(cycle: Cycle, kind: StepKind) -> Job:
    job = step_of(cycle, kind).job
    assert job is not None
    return job


WORK: dict[StepKind, dict[str, Any]] = {
    StepKind.EXPORT: {"digest": "a" * 64, "facts": FACTS},
    StepKind.TRAIN: {"report": {"trained_under": "unseen-both", "training_pairs": 120, "training_seconds": 61.5}},
    StepKind.CONTEST: {"found": found()},
    StepKind.RESCORE: {"summary": {"scored": 900, "ambiguous_percent": 31.0}},
    StepKind.PROPOSE: {},
}


def end(cycle: Cycle, kind: StepKind, state: JobState = JobState.DONE, **fields: Any) -> Cycle:
    """The job of a step ends, with what its work would have left in its rows; then somebody looks."""
    job = job_of(cycle, kind)
    if isinstance(job, Proposal) and state == JobState.DONE:
        fill(job)
    left = {**WORK[kind], **fields} if state == JobState.DONE else {"error": f"{kind} broke.", **fields}
    type(job)._default_manager.filter(pk=job.pk).update(state=state, finished_at=NOON, **left)
    return look(cycle)


def fill(proposal: Proposal) -> None:
    """Three pairs: one that the model is unsure of, one of the control arm, one to be left."""
    for rank, (reason, route) in enumerate(
        [("variance", Route.RATINGS), (CONTROL, Route.RATINGS), ("variance", Route.LEAVE)]
    ):
        ProposedPair.objects.create(
            proposal=proposal, rank=rank, painting=make_painting(), clip=make_clip(), score=0.5, reason=reason,
            route=route,
        )  # fmt: skip


def end_all(cycle: Cycle, *kinds: StepKind, **results: dict[str, Any]) -> Cycle:
    for kind in kinds:
        end(cycle, kind, **results.get(kind.value, {}))
    return cycle


def counts() -> tuple[int, ...]:
    """How many rows there are of all that a cycle starts."""
    tables = (Cycle, CycleStep, Snapshot, TrainingRun, Contest, ModelVersion, Rescoring, Proposal)
    return tuple(table._default_manager.count() for table in tables)
