"""What is kept of a step whose job has ended: its words, and the figures that the timeline and the API show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from annotation_site.cycles.machine import StepKind
from annotation_site.cycles.models import CycleStep
from annotation_site.cycles.rescoring_step import proposal_figures, scored_figures
from annotation_site.jobs.models import JobState
from annotation_site.training.figures import test_srcc


def words_of(step: CycleStep) -> str:
    """How the step's job ended, where that has to be told."""
    job = step.job
    if job is None:
        return "The job that did this is gone."
    if job.state == JobState.CANCELLED:
        return f"{job} was cancelled."
    if job.state == JobState.FAILED:
        return job.error
    if step.contest and step.contest.found:
        return str(step.contest.found["words"])
    return "A batch of pairs waits for an admin's approval." if step.proposal else ""


def figures_of(step: CycleStep, *, now: datetime) -> dict[str, Any]:
    """The figures of a step whose job is done; none of another."""
    job = step.job
    if job is None or job.state != JobState.DONE:
        return {}
    if step.proposal is not None:
        return proposal_figures(step.proposal, now=now)
    return _FIGURES[StepKind(step.kind)](step)


def _export(step: CycleStep) -> dict[str, Any]:
    assert step.snapshot is not None
    facts = step.snapshot.facts
    return {
        "digest": step.snapshot.digest,
        "pairs": sum(facts.get("pairs", {}).values()),
        "ratings": facts.get("ratings"),
    }


def _train(step: CycleStep) -> dict[str, Any]:
    assert step.run is not None
    report = step.run.report
    return {
        "srcc": test_srcc(step.run),
        "training_pairs": report.get("training_pairs"),
        "training_seconds": report.get("training_seconds"),
    }


def _contest(step: CycleStep) -> dict[str, Any]:
    assert step.contest is not None
    found = step.contest.found or {}
    return {name: found.get(name) for name in ("verdict", "n", "left_out", "regime")}


def _rescore(step: CycleStep) -> dict[str, Any]:
    assert step.rescoring is not None
    return scored_figures(step.rescoring)


_FIGURES: Mapping[StepKind, Callable[[CycleStep], dict[str, Any]]] = {
    StepKind.EXPORT: _export,
    StepKind.TRAIN: _train,
    StepKind.CONTEST: _contest,
    StepKind.RESCORE: _rescore,
}
