"""Runs side by side: what differs in their configs, which figures are told apart, what makes them incomparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from annotation_site.training.figures import LOWER_IS_BETTER, METRICS, REGIMES, Cell, figure, trained_under
from model import fields
from model.config import Config

MOST_RUNS: Final = 6
NOT_APART: Final = "not told apart"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the runs that are compared. `config` is None where this version of the code can't read it."""

    name: str
    digest: str
    snapshot: str
    seed: int
    code: str
    config: Config | None
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting in which the runs differ, with each one's value as it is typed."""

    name: str
    title: str
    values: list[str]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of every run. `best` is the place of the one that is told apart from all others, if there is one."""

    name: str
    cells: list[Cell]
    best: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """The figures under one regime."""

    title: str
    numbers: list[int | None]
    metrics: list[Metric]


def differences(sides: Sequence[Side]) -> list[Difference]:
    """Only what differs between the configs, in the order of the settings; a config that can't be read is a dash."""
    known = [side.config for side in sides if side.config is not None]
    if not known:
        return []
    by_side = [None if side.config is None else _values(side.config) for side in sides]
    found = []
    for group in fields.settings_of(known[0]):
        for setting in group.fields:
            values = ["–" if each is None else each[setting.name] for each in by_side]
            if len({value for value in values if value != "–"}) > 1:
                found.append(Difference(setting.name, f"{group.title}: {setting.title}", values))
    return found


def _values(config: Config) -> dict[str, str]:
    return {setting.name: setting.shown for group in fields.settings_of(config) for setting in group.fields}


def blocks(sides: Sequence[Side]) -> list[Block]:
    """The figures of every regime under which at least one run was measured."""
    found = []
    for regime, title in REGIMES.items():
        rows = [side.report.get("protocols", {}).get(regime) for side in sides]
        if any(rows):
            metrics = [_metric(sides, regime, name) for name in METRICS]
            found.append(Block(title, [int(row["n"]) if row else None for row in rows], metrics))
    return found


def _metric(sides: Sequence[Side], regime: str, name: str) -> Metric:
    cells = [figure(side.report, regime, name) for side in sides]
    is_fair = len({side.digest for side in sides}) == 1
    best = best_of(cells, lower=name in LOWER_IS_BETTER) if is_fair else None
    n_measured = sum(cell.value is not None for cell in cells)
    return Metric(METRICS[name], cells, best, NOT_APART if is_fair and best is None and n_measured > 1 else "")


def best_of(cells: Sequence[Cell], *, lower: bool) -> int | None:
    """The place of the best figure if its interval lies clear of every other's; None where they overlap.

    The runs' scores of the single pairs are not kept, so that the paired difference is not known: two intervals that do
    not meet are the stricter test.
    """
    measured = [(place, cell) for place, cell in enumerate(cells) if cell.value is not None]
    if len(measured) < 2 or any(cell.low is None or cell.high is None for _, cell in measured):
        return None
    sign = -1.0 if lower else 1.0
    place, best = max(measured, key=lambda each: sign * (each[1].value or 0.0))
    floor = min(sign * (best.low or 0.0), sign * (best.high or 0.0))
    others = [max(sign * (cell.low or 0.0), sign * (cell.high or 0.0)) for at, cell in measured if at != place]
    return place if floor > max(others) else None


def warnings(sides: Sequence[Side]) -> list[str]:
    """What a reader has to know before comparing, in words."""
    found = []
    if len({side.digest for side in sides}) > 1:
        found.append(
            "These runs were trained on different snapshots: their test pairs differ, so their figures cannot be "
            "compared, and none is marked as the best."
        )
    if len({trained_under(side.report) for side in sides if side.report}) > 1:
        found.append(
            "They were trained under different splits: a regime that one may be measured on, another has seen."
        )
    missing = [side.name for side in sides if not side.report]
    if missing:
        found.append(f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no report: not done yet.")
    return found
