"""A cycle as one timeline: every step, begun or not, with its figures, its length and the page that says more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.urls import reverse

from annotation_site.cycles.intervals import Interval, intervals_of
from annotation_site.cycles.machine import CycleState, StepKind, StepState
from annotation_site.cycles.models import Cycle, CycleStep
from annotation_site.cycles.plan import Plan
from annotation_site.cycles.plan import words as plan_words
from annotation_site.cycles.rescoring_step import proposal_words
from annotation_site.jobs.models import Job, JobState
from annotation_site.training.curves import run_curves

TITLES = {
    StepKind.EXPORT: "Export a snapshot",
    StepKind.TRAIN: "Train on it",
    StepKind.CONTEST: "Compare with the active version",
    StepKind.PROMOTE: "Promote",
    StepKind.RESCORE: "Rescore unrated pairs",
    StepKind.PROPOSE: "Propose what to rate next",
}
LABELS = {
    StepState.RUNNING: "primary",
    StepState.DONE: "success",
    StepState.SKIPPED: "info",
    StepState.FAILED: "danger",
    StepState.CANCELLED: "warning",
}
CYCLE_LABELS = {
    CycleState.RUNNING: "primary",
    CycleState.DONE: "success",
    CycleState.FAILED: "danger",
    CycleState.CANCELLED: "warning",
}


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Station:
    """A step on the timeline. `state` is empty of one that has not begun; then `words` say what it will do."""

    kind: str
    title: str
    state: str = ""
    state_words: str = "to come"
    label: str = "default"
    words: str = ""
    began: datetime | None = None
    length: str = ""
    percent: int | None = None
    more: str = ""
    url: str = ""
    figures: list[Figure] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)


def timeline(*, cycle: Cycle, now: datetime) -> list[Station]:
    """All six steps in their order."""
    found = cycle.steps.select_related(
        "snapshot", "run", "contest__run", "contest__against", "version", "rescoring__version", "proposal"
    )
    steps = {step.kind: step for step in found}
    to_come = plan_words(Plan.from_dict(cycle.plan))
    return [
        _begun(steps[kind], now) if kind in steps else _waiting(kind, to_come[kind], is_over=cycle.is_over)
        for kind in StepKind
    ]


def _waiting(kind: StepKind, words: str, *, is_over: bool) -> Station:
    return Station(kind.value, TITLES[kind], state_words="not reached" if is_over else "to come", words=words)


def _begun(step: CycleStep, now: datetime) -> Station:
    job, kind, state = step.job, StepKind(step.kind), StepState(step.state)
    length = (step.finished_at or now) - step.started_at
    is_running = state is StepState.RUNNING and job is not None
    return Station(
        kind=kind.value,
        title=_title(step),
        state=state.value,
        state_words=_state_words(state, job),
        label=LABELS[state],
        words=step.words or (job.words if is_running and job else ""),
        began=step.started_at,
        length=_length(length) if job is not None else "",
        percent=job.percent if is_running and job and job.total else None,
        more=str(step.version if kind is StepKind.PROMOTE and state is StepState.DONE else _shown(step) or ""),
        url=_address(step),
        figures=_FIGURES[kind](step),
        loss=_loss(step),
        intervals=intervals_of(step.contest.found) if kind is StepKind.CONTEST and step.contest else [],
    )


def _title(step: CycleStep) -> str:
    if step.contest is not None and step.contest.against is None:
        return "Compare with predictors that know nothing"
    return TITLES[StepKind(step.kind)]


def _length(length: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = max(0, round(length.total_seconds()))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def _state_words(state: StepState, job: Job | None) -> str:
    waits = state is StepState.RUNNING and job is not None and job.state == JobState.QUEUED
    return "waiting for a worker" if waits else str(state.label).lower()


def _shown(step: CycleStep) -> Job | None:
    """The job whose page says more: the step's own; of a promotion the run."""
    return step.job or step.run


def _address(step: CycleStep) -> str:
    if step.kind == StepKind.PROMOTE and step.state == StepState.DONE and step.version is not None:
        return reverse("admin:training_modelversion_change", args=[step.version.pk])
    job = _shown(step)
    return reverse(f"admin:{job._meta.app_label}_{job._meta.model_name}_change", args=[job.pk]) if job else ""


def _loss(step: CycleStep) -> list[float]:
    """The training loss so far, thinned as the run's own page has it."""
    if step.run is None or step.kind != StepKind.TRAIN:
        return []
    series = run_curves(step.run).losses
    return [value for _, value in series[0].points] if series else []


def _count(name: str, value: object) -> list[Figure]:
    return [Figure(name, f"{value:,}")] if isinstance(value, int) else []


def _export(step: CycleStep) -> list[Figure]:
    told = step.figures
    digest = [Figure("Digest", str(told["digest"])[:12])] if told.get("digest") else []
    return [*_count("Pairs", told.get("pairs")), *_count("Ratings", told.get("ratings")), *digest]


def _train(step: CycleStep) -> list[Figure]:
    told = step.figures
    srcc = [Figure("SRCC, test", f"{told['srcc']:.3f}")] if told.get("srcc") is not None else []
    return [*srcc, *_count("Training pairs", told.get("training_pairs"))]


def _contest(step: CycleStep) -> list[Figure]:
    told = step.figures
    return [*_count("Test pairs new to both", told.get("n")), *_count("Left out", told.get("left_out"))]


def _promote(step: CycleStep) -> list[Figure]:
    return []


def _rescore(step: CycleStep) -> list[Figure]:
    told = step.figures
    share = told.get("ambiguous_percent")
    in_band = [Figure("In the ambiguous band", f"{share:.0f} %")] if share is not None else []
    return [*_count("Pairs scored", told.get("scored")), *in_band]


def _propose(step: CycleStep) -> list[Figure]:
    told = step.figures
    counts = [*_count("Proposed", told.get("proposed")), *_count("To be asked", told.get("to_ask"))]
    standing = [Figure("Now", proposal_words(step.proposal))] if step.proposal and told else []
    return [*counts, *_count("Of them at random", told.get("control")), *standing]


_FIGURES: Mapping[StepKind, Callable[[CycleStep], list[Figure]]] = {
    StepKind.EXPORT: _export,
    StepKind.TRAIN: _train,
    StepKind.CONTEST: _contest,
    StepKind.PROMOTE: _promote,
    StepKind.RESCORE: _rescore,
    StepKind.PROPOSE: _propose,
}
