"""A report's figures put into words and tables, in the order that they are read in, whatever they are written as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COLUMNS: Mapping[str, str] = {
    "srcc": "SRCC",
    "plcc": "PLCC",
    "mae": "MAE",
    "rmse": "RMSE",
    "accuracy": "ACC",
    "within_0.1": "within 0.1",
}
DASH = "–"
NEEDED = ("config", "snapshot_digest", "trained_under", "regimes", "protocols", "calibration", "plots")


class ReportError(ValueError):
    """A file that is no report of this version; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text; the first of each row names it. `strong` counts the first rows, those of the model itself."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """What is said of one regime, or of the run. `plots`: what the evaluation keeps for drawing, with the curve."""

    title: str
    words: tuple[str, ...]
    tables: tuple[Table, ...]
    plots: Mapping[str, Any] | None = None


def title_of(report: Mapping[str, Any]) -> str:
    return f"{report['config']['recipe'] or 'A model'}, trained under {report['trained_under']}"


def facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the run is, as (name, value)."""
    found = [
        ("Measured on", report["snapshot_digest"][:16]),
        ("Trained on", report.get("trained_on", report["snapshot_digest"])[:16]),
        ("Seed", str(report.get("seed", DASH))),
        ("Code", str(report.get("code_version", DASH))),
    ]
    if "costs" in report:
        found.append(("Parameters", f"{report['costs']['total']['parameters']:,}"))
    if "training_pairs" in report:
        found.append(("Training pairs", f"{report['training_pairs']:,}"))
        found.append(("Training preferences", f"{report['training_preferences']:,}"))
    return found


def sections(report: Mapping[str, Any]) -> list[Section]:
    """First which pairs the figures speak of, then each regime. Raises ReportError for a report without them."""
    missing = [name for name in NEEDED if name not in report]
    if missing:
        raise ReportError(f"the report has no {', '.join(missing)}: evaluate the model again, then it has")
    return [_pairs(report), *(_regime(report, name) for name in report["protocols"])]


def _pairs(report: Mapping[str, Any]) -> Section:
    rows = []
    for name, regime in report["regimes"].items():
        if "refused" in regime:
            rows.append((name, DASH, f"not measured: {regime['refused']}", DASH))
        else:
            rows.append((name, f"{regime['n']:,}", regime["which"], f"{regime['left_out']:,}"))
    words = (
        "What a model was trained on decides which figures can be had without leakage. "
        "Pairs that a regime would count but the model has seen are left out.",
    )
    return Section("Which pairs", words, (Table(("regime", "pairs", "which", "left out"), tuple(rows)),))


def _regime(report: Mapping[str, Any], name: str) -> Section:
    row = report["protocols"][name]
    calibration = report["calibration"][name]
    tables = [_figures(report, name), _preferences(report, name)]
    words = [f"{row['n']:,} pairs. Figures in brackets hold 95 % of the bootstrap over pairs."]
    if row["prior"] is not None:
        sure = max(row["prior"], 1 - row["prior"])
        words.append(
            f"ACC is the share on the same side of 0.5; {100 * row['prior']:.1f} % of these pairs score 0.5 or more: "
            f"giving all the same answer already reaches {sure:.3f}."
        )
    if row["n"]:
        words.append(
            f"Calibration: expected error {spanned(calibration['expected_error'])}; human on predicted scores have the "
            f"slope {spanned(calibration['slope'])} and the intercept {spanned(calibration['intercept'])} "
            "(calibrated: 0, 1 and 0; noise of the ratings alone keeps the first above 0)."
        )
    plots = {**report["plots"][name], "calibration": calibration} if row["n"] else None
    return Section(name, tuple(words), tuple(tables), plots)


def _figures(report: Mapping[str, Any], name: str) -> Table:
    low, high = report["ambiguous"]["band"]
    within = report["ambiguous"]["protocols"][name]
    rows = [
        _row("the model", report["protocols"][name], report["protocols"][name]["n"]),
        _row(f"the model, scores {low:g} to {high:g}", within, within["n"]),
    ]
    rows += [_row(f"{title} (no model)", table[name], table[name]["n"]) for title, table in report["trivial"].items()]
    ceiling = report["noise_ceiling"][name]
    cells = tuple(number(ceiling.get(column)) for column in COLUMNS)
    rows.append(("noise ceiling", f"{ceiling['n']:,}", *cells))
    return Table(("", "pairs", *COLUMNS.values()), tuple(rows), strong=1)


def _preferences(report: Mapping[str, Any], name: str) -> Table:
    rows = [
        (direction, f"{row['n']:,}", spanned(row)) for direction, row in report["preferences_by_regime"][name].items()
    ]
    return Table(("preferences", "tasks", "accuracy"), tuple(rows))


def _row(title: str, row: Mapping[str, Any], n: int) -> tuple[str, ...]:
    return (title, f"{n:,}", *(spanned(row[column]) for column in COLUMNS))


def spanned(estimate: Mapping[str, float | None]) -> str:
    """A figure with its interval."""
    if estimate["low"] is None:
        return number(estimate["value"])
    return f"{number(estimate['value'])} [{number(estimate['low'])}, {number(estimate['high'])}]"


def number(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"
