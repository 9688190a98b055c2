"""Reads of the training room: a run's curves from its event file, its report as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation_site.charts.drawings import Bins, Series
from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.artefacts import log_tail_of, read_events_of
from annotation_site.training.models import ModelVersion, TrainingRun

PROTOCOLS = {
    "unseen-both": "New painting, new track",
    "unseen-painting": "New painting",
    "unseen-track": "New track",
    "pair": "New combination",
}
METRICS = {"mae": "MAE", "srcc": "SRCC", "plcc": "PLCC", "accuracy": "Accuracy at 0.5"}


@dataclass(frozen=True, slots=True)
class Curves:
    """What the run's page draws: losses by step, and agreement on the validation split."""

    losses: list[Series]
    validation: list[Series]
    pairs_per_s: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its interval; all None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    cells: list[Cell]
    is_model: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One protocol's figures: the model, the trivial predictors, the raters' noise."""

    title: str
    n: int
    columns: list[str]
    rows: list[Row]


def snapshots_ready() -> QuerySet[Snapshot]:
    """Sealed snapshots, newest first."""
    return Snapshot.objects.filter(state=JobState.DONE).order_by("-pk")


def runs_on(snapshot: Snapshot) -> QuerySet[TrainingRun]:
    """The runs on a snapshot, newest first, each with the model version that it may have become."""
    return snapshot.runs.select_related("version").order_by("-pk")


def versions() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.select_related("run__snapshot").order_by("-is_active", "-number")


def test_srcc(run: TrainingRun) -> float | None:
    """The headline figure: SRCC on the test pairs of the regime that the run was trained under."""
    return srcc_of(run.report or {})


def srcc_of(report: Mapping[str, Any]) -> float | None:
    """The headline figure of a report, or of a version's `metrics`."""
    figure = report.get("protocols", {}).get(report.get("trained_under", "unseen-both"), {}).get("srcc") or {}
    value: float | None = figure.get("value")
    return value


def run_curves(run: TrainingRun) -> Curves:
    """The curves so far. A run that was resumed repeats steps: the later one counts."""
    events = read_events_of(run)
    steps = {event["step"]: event for event in events if event.get("event") == "step"}
    checks = {event["step"]: event for event in events if event.get("event") == "validation"}
    last = steps[max(steps)] if steps else {}
    return Curves(
        losses=_series(steps, {"loss": "All", "loss_reg": "Scores", "loss_dpo": "Preferences"}),
        validation=_series(checks, {"mae": "MAE", "srcc": "SRCC", "plcc": "PLCC"}),
        pairs_per_s=last.get("pairs_per_s"),
    )


def _series(events: Mapping[int, Mapping[str, Any]], names: Mapping[str, str]) -> list[Series]:
    found = []
    for field, name in names.items():
        points = [
            (float(step), float(event[field])) for step, event in sorted(events.items()) if _is_number(event, field)
        ]
        if points:
            found.append(Series(name, points))
    return found


def _is_number(event: Mapping[str, Any], field: str) -> bool:
    return isinstance(event.get(field), int | float)


def run_tables(run: TrainingRun) -> list[Table]:
    """The report's metrics by protocol, with the rows that keep everybody honest."""
    report = run.report or {}
    return [_table(title, name, report) for name, title in PROTOCOLS.items() if report.get("protocols", {}).get(name)]


def _table(title: str, protocol: str, report: Mapping[str, Any]) -> Table:
    model = report["protocols"][protocol]
    rows = [Row("MPJudge", _cells(model), is_model=True)]
    rows += [Row(name.capitalize(), _cells(table[protocol])) for name, table in report.get("trivial", {}).items()]
    ceiling = report.get("noise_ceiling", {}).get(protocol, {})
    rows.append(Row("Noise of the raters", [Cell(ceiling.get(name), None, None) for name in METRICS]))
    return Table(title, int(model["n"]), list(METRICS.values()), rows)


def _cells(row: Mapping[str, Any]) -> list[Cell]:
    return [
        Cell(figure.get("value"), figure.get("low"), figure.get("high"))
        for figure in (row.get(name) or {} for name in METRICS)
    ]


def run_identity(run: TrainingRun) -> dict[str, str]:
    """What the run is: its four identities, and what it ran on."""
    report = run.report or {}
    facts = {
        "Snapshot": f"{run.snapshot.name} · {run.snapshot.digest[:16]}",
        "Recipe": run.recipe,
        "Overrides": ", ".join(f"{name} = {value}" for name, value in sorted(run.overrides.items())) or "none",
        "Seed": str(run.seed),
        "Code": run.code_version[:16] or "known when done",
    }
    if report:
        facts |= {
            "Device": str(report.get("device", "")),
            "Training pairs": str(report.get("training_pairs", "")),
            "Training preferences": str(report.get("training_preferences", "")),
            "Training time": f"{report.get('training_seconds', 0):.1f} s",
        }
    return facts


def run_log(run: TrainingRun, *, lines: int = 12) -> str:
    return log_tail_of(run, lines=lines)


def histogram_bins(histogram: Mapping[str, Sequence[float]]) -> Bins | None:
    """A stored histogram as the chart wants it; None where there is none."""
    if not histogram:
        return None
    return Bins(tuple(histogram["edges"]), tuple(int(count) for count in histogram["counts"]))
