"""How each step of a cycle begins: through the service of the room whose work it is.

A function gets the cycle and gives the step's row, not saved yet. It is called inside the transaction that saves the
step, so that a job and the step that started it are there together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from annotation_site.accounts.models import User
from annotation_site.cycles.contests import contest_start
from annotation_site.cycles.machine import StepKind, StepState
from annotation_site.cycles.models import Cycle, CycleStep
from annotation_site.cycles.plan import Plan
from annotation_site.cycles.promotion import Outcome, decide
from annotation_site.cycles.rescoring_step import proposal_begin, rescoring_begin
from annotation_site.rescoring.errors import RescoringError
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.services import snapshot_start
from annotation_site.training.models import ModelVersion
from annotation_site.training.services import TrainingError, version_promote
from annotation_site.training.services import run_start as training_start
from annotation_site.training.versions import active_version
from model.contest import Verdict

REFUSALS = (RescoringError, SnapshotError, TrainingError)
"""What the rooms' services raise in a person's words."""

NOTE_LENGTH = 400


def step_begin(cycle: Cycle, kind: StepKind, now: datetime) -> CycleStep:
    """The row of a step that has just begun; one that is refused has failed at once, in words."""
    try:
        return _BEGINNINGS[kind](cycle, now)
    except REFUSALS as error:
        return CycleStep(state=StepState.FAILED, words=str(error))


def _export(cycle: Cycle, now: datetime) -> CycleStep:
    plan, campaign = Plan.from_dict(cycle.plan), cycle.schedule.campaign
    snapshot = snapshot_start(
        campaign=campaign,
        recipe=plan.snapshot_recipe,
        overrides=plan.snapshot_overrides,
        name=f"{campaign.name[:90]}, cycle {cycle.number}",
        user=_on_behalf_of(cycle),
        now=now,
    )
    return CycleStep(snapshot=snapshot)


def _train(cycle: Cycle, now: datetime) -> CycleStep:
    plan = Plan.from_dict(cycle.plan)
    snapshot = _step(cycle, StepKind.EXPORT).snapshot
    assert snapshot is not None
    run = training_start(
        snapshot=snapshot,
        recipe=plan.recipe,
        overrides=plan.overrides,
        seed=plan.seed,
        device=plan.device,
        processes=plan.processes,
        note=str(cycle)[:200],
        user=_on_behalf_of(cycle),
        now=now,
    )
    return CycleStep(run=run)


def _contest(cycle: Cycle, now: datetime) -> CycleStep:
    plan, run = Plan.from_dict(cycle.plan), _step(cycle, StepKind.TRAIN).run
    assert run is not None
    contest = contest_start(
        run=run,
        against=active_version(),
        least_pairs=plan.least_pairs,
        seed=plan.seed,
        user=_on_behalf_of(cycle),
        now=now,
    )
    return CycleStep(contest=contest)


def _promote(cycle: Cycle, now: datetime) -> CycleStep:
    """Done in a moment: what the contest found, against the version that is active at this moment."""
    contest = _step(cycle, StepKind.CONTEST).contest
    assert contest is not None
    assert contest.found is not None
    active = _active_locked()
    decision = decide(
        Outcome(Verdict(contest.found["verdict"]), contest.against.number if contest.against else None),
        active=active.number if active else None,
        is_automatic=Plan.from_dict(cycle.plan).promotes,
    )
    if not decision.promotes:
        return CycleStep(
            state=StepState.SKIPPED, words=decision.words, is_last=decision.is_last, run=contest.run, version=active
        )
    note = f"{cycle}. {contest.found['words']}"[:NOTE_LENGTH]
    version = version_promote(run=contest.run, note=note, user=_on_behalf_of(cycle), now=now)
    words = f"{version} is active. {decision.words}"
    return CycleStep(state=StepState.DONE, words=words, run=contest.run, version=version)


def _rescore(cycle: Cycle, now: datetime) -> CycleStep:
    version = active_version()
    if version is None:
        raise TrainingError("No version is active any more: promote one, then try this step again.")
    rescoring = rescoring_begin(
        version=version,
        campaign=cycle.schedule.campaign,
        plan=Plan.from_dict(cycle.plan),
        user=_on_behalf_of(cycle),
        now=now,
    )
    return CycleStep(rescoring=rescoring, version=version)


def _propose(cycle: Cycle, now: datetime) -> CycleStep:
    rescoring = _step(cycle, StepKind.RESCORE).rescoring
    assert rescoring is not None
    proposal = proposal_begin(rescoring=rescoring, plan=Plan.from_dict(cycle.plan), user=_on_behalf_of(cycle), now=now)
    return CycleStep(proposal=proposal)


_BEGINNINGS: Mapping[StepKind, Callable[[Cycle, datetime], CycleStep]] = {
    StepKind.EXPORT: _export,
    StepKind.TRAIN: _train,
    StepKind.CONTEST: _contest,
    StepKind.PROMOTE: _promote,
    StepKind.RESCORE: _rescore,
    StepKind.PROPOSE: _propose,
}


def _step(cycle: Cycle, kind: StepKind) -> CycleStep:
    return cycle.steps.select_related("snapshot", "run", "contest__run", "contest__against", "rescoring").get(kind=kind)


def _active_locked() -> ModelVersion | None:
    """The active version, which stays so until this transaction ends."""
    locked = ModelVersion.objects.select_for_update().filter(is_active=True).first()
    return locked or active_version()  # promoted by another transaction while this one waited for the lock


def _on_behalf_of(cycle: Cycle) -> User | None:
    """Whose work a cycle is: of who began it by hand, else of who set the schedule."""
    return cycle.created_by or cycle.schedule.set_by
