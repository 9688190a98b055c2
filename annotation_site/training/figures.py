"""A run's report as a page shows it: figures with intervals beside what a model must beat and what none can pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from annotation_site.training.models import TrainingRun
from model.report import Drawing, ReportError, drawings, sections

REGIMES: Final = {
    "unseen-both": "New painting, new track",
    "unseen-painting": "New painting",
    "unseen-track": "New track",
    "pair": "New combination",
}
METRICS: Final = {"srcc": "SRCC", "plcc": "PLCC", "mae": "MAE", "rmse": "RMSE", "accuracy": "Accuracy at 0.5"}
LOWER_IS_BETTER: Final = frozenset({"mae", "rmse"})
DIRECTIONS: Final = {"all": "All", "music->painting": "Music to painting", "painting->music": "Painting to music"}
HEADLINES: Final = ("srcc", "plcc", "mae", "accuracy")


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its interval; all None where it is not defined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    cells: list[Cell]
    is_model: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One regime's figures: the model, the trivial predictors, the raters' noise."""

    title: str
    n: int
    columns: list[str]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure in large. `words`: how it stands to the best predictor without a model; `ceiling`: what none passes."""

    name: str
    cell: Cell
    ceiling: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Regime:
    """What a report says of one regime: its drawings, and the sentences that belong to them."""

    title: str
    words: tuple[str, ...]
    drawings: list[Drawing]
    residuals: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ShownReport:
    """All that a run's page shows once it is done."""

    headlines: list[Headline]
    tables: list[Table]
    refused: list[tuple[str, str]]
    preferences: list[tuple[str, int, Cell]]
    regimes: list[Regime]
    gone: str = ""


def trained_under(report: Mapping[str, Any]) -> str:
    return str(report.get("trained_under", "unseen-both"))


def test_srcc(run: TrainingRun) -> float | None:
    """The headline figure: SRCC on the test pairs of the regime that the run was trained under."""
    return figure(run.report or {}, trained_under(run.report or {}), "srcc").value


def figure(report: Mapping[str, Any], regime: str, metric: str) -> Cell:
    """One figure of the model, undefined where the report has none."""
    return _cell(report.get("protocols", {}).get(regime, {}).get(metric))


def shown_report(report: Mapping[str, Any]) -> ShownReport:
    """A report for the page; of an older version of it what there is, and why that is not all."""
    refused = [
        (REGIMES[name], str(row["refused"]))
        for name, row in report.get("regimes", {}).items()
        if name in REGIMES and "refused" in row
    ]
    preferences = [
        (DIRECTIONS.get(name, name), int(row["n"]), _cell(row)) for name, row in report.get("preferences", {}).items()
    ]
    try:
        regimes, gone = _regimes(report), ""
    except ReportError as error:
        regimes, gone = [], f"There is nothing to draw: {error}."
    return ShownReport(headlines(report), report_tables(report), refused, preferences, regimes, gone)


def _regimes(report: Mapping[str, Any]) -> list[Regime]:
    """The measured regimes, the one that was trained under first."""
    found = [
        Regime(
            REGIMES.get(section.title, section.title),
            section.words,
            drawings(section),
            [row for row in section.plots["residuals"].get("style", []) if row["name"] != "not stated"],
        )
        for section in sorted(sections(report), key=lambda section: section.title != trained_under(report))
        if section.plots is not None
    ]
    return found


def headlines(report: Mapping[str, Any]) -> list[Headline]:
    """The main figures under the regime that was trained under."""
    regime = trained_under(report)
    ceiling = report.get("noise_ceiling", {}).get(regime, {})
    return [
        Headline(METRICS[name], cell, ceiling.get(name), _standing(report, regime, name, cell))
        for name in HEADLINES
        if (cell := figure(report, regime, name)).value is not None
    ]


def _standing(report: Mapping[str, Any], regime: str, metric: str, cell: Cell) -> str:
    """The model against the best predictor that knows nothing of pixels or sound."""
    others = {
        name: value
        for name, table in report.get("trivial", {}).items()
        if (value := _cell(table.get(regime, {}).get(metric)).value) is not None
    }
    if not others or cell.low is None or cell.high is None:
        return ""
    lower = metric in LOWER_IS_BETTER
    name = (min if lower else max)(others, key=lambda each: others[each])
    best = others[name]
    if cell.low <= best <= cell.high:
        return f"not told apart from {name} ({best:.2f})"
    return f"{'better' if (cell.high < best) == lower else 'worse'} than {name} ({best:.2f})"


def report_tables(report: Mapping[str, Any]) -> list[Table]:
    """The metrics by regime, with the rows that keep everybody honest."""
    return [_table(title, name, report) for name, title in REGIMES.items() if report.get("protocols", {}).get(name)]


def _table(title: str, regime: str, report: Mapping[str, Any]) -> Table:
    model = report["protocols"][regime]
    rows = [Row("MPJudge", _cells(model), is_model=True)]
    rows += [Row(name.capitalize(), _cells(table[regime])) for name, table in report.get("trivial", {}).items()]
    ceiling = report.get("noise_ceiling", {}).get(regime, {})
    rows.append(Row("Noise ceiling", [Cell(ceiling.get(name)) for name in METRICS]))
    return Table(title, int(model["n"]), list(METRICS.values()), rows)


def _cells(row: Mapping[str, Any]) -> list[Cell]:
    return [_cell(row.get(name)) for name in METRICS]


def _cell(found: Mapping[str, Any] | None) -> Cell:
    return Cell(found.get("value"), found.get("low"), found.get("high")) if found else Cell()
