"""The table of raters: one line each, by any column, either way round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from annotation_site.reliability.loading import Person
from annotation_site.reliability.report import Report
from mpd_builder.statistics.raters import RaterFigures

FIRST = "-ratings"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that sorts: its name in an address, its head, what it means, and what it sorts by."""

    key: str
    head: str
    means: str
    of: Callable[[RaterFigures], float | None]


COLUMNS = (
    Column("flags", "Flags", "Reasons to look.", lambda one: len(one.flags)),
    Column("ratings", "Ratings", "Ratings that count.", lambda one: one.n_ratings),
    Column("time", "Time", "Median active time of a rating.", lambda one: one.median_active_ms),
    Column("fast", "Too fast", "Share of ratings below the too-fast line.", lambda one: one.share_too_fast),
    Column("bias", "Bias", "Mean of the marks less the others' mean on the same pairs.", lambda one: one.bias),
    Column("scale", "Scale", "Share of the scale that peers use, their error taken out.", lambda one: one.scale_use),
    Column("error", "Error", "Spread around their own line on the others' mean.", lambda one: one.inconsistency),
    Column("agreement", "Agreement", "Correlation with the others' mean.", lambda one: one.agreement),
    Column("retest", "Retest", "Mean distance to their first mark when a pair comes back.", lambda one: _moved(one)),
    Column("gain", "Without", "Change of the campaign's alpha without this rater.", lambda one: one.alpha_gain),
    Column("drift", "Drift", "Bias over time; sorts by the last block less the first.", lambda one: _shift(one)),
)
_OF = {column.key: column.of for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: where its link leads, and how the table is sorted by it now ("ascending", "descending", "")."""

    column: Column
    sort: str
    now: str


@dataclass(frozen=True, slots=True)
class Line:
    """A rater's line; `biases` are the blocks of their drift."""

    person: Person
    one: RaterFigures
    biases: tuple[float, ...]


def lines_of(report: Report, *, sort: str = "") -> list[Line]:
    """All raters by a column ("-bias": the other way round); who has no such figure comes last either way."""
    key, falling = _asked(sort)
    of = _OF.get(key)
    lines = [_line(report, one) for one in report.found.raters]
    lines.sort(key=lambda line: line.person.code, reverse=key == "rater" and falling)
    if of is None:
        return lines
    with_figure = [line for line in lines if of(line.one) is not None]
    with_figure.sort(key=lambda line: of(line.one) or 0.0, reverse=falling)
    return with_figure + [line for line in lines if of(line.one) is None]


def heads_of(sort: str = "") -> list[Head]:
    """The columns' heads; a click sorts from the largest on, a second one turns it round."""
    key, falling = _asked(sort)
    return [
        Head(column, *_turned(column.key, is_now=column.key == key, falling=falling, first_falls=True))
        for column in COLUMNS
    ]


def rater_head_of(sort: str = "") -> Head:
    """That of the raters' own column, which sorts from A on."""
    key, falling = _asked(sort)
    column = Column("rater", "Rater", "", lambda one: None)
    return Head(column, *_turned("rater", is_now=key == "rater", falling=falling, first_falls=False))


def _turned(key: str, *, is_now: bool, falling: bool, first_falls: bool) -> tuple[str, str]:
    falls_next = not falling if is_now else first_falls
    now = ("descending" if falling else "ascending") if is_now else ""
    return f"-{key}" if falls_next else key, now


def _asked(sort: str) -> tuple[str, bool]:
    key = sort.removeprefix("-")
    if key not in _OF and key != "rater":
        sort, key = FIRST, FIRST.removeprefix("-")
    return key, sort.startswith("-")


def _line(report: Report, one: RaterFigures) -> Line:
    blocks = one.drift.blocks if one.drift else ()
    return Line(report.people[int(one.rater)], one, tuple(block.bias for block in blocks))


def _moved(one: RaterFigures) -> float | None:
    return one.retest.difference if one.retest else None


def _shift(one: RaterFigures) -> float | None:
    return one.drift.shift if one.drift else None
