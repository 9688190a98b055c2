"""What the dashboard and the downloaded report both show, section by section, from one report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.http import urlencode

from annotation_site.charts.drawings import Mark, Series
from annotation_site.reliability.loading import Person
from annotation_site.reliability.numbers import dispersion_bins, score_bins
from annotation_site.reliability.rater_table import heads_of, lines_of, rater_head_of
from annotation_site.reliability.report import PAPER, Report
from mpd_builder.statistics.flags import BIAS_LINE
from mpd_builder.statistics.raters import RaterFigures
from mpd_builder.statistics.screening import Screened
from mpd_builder.statistics.slices import SliceTable

DISPERSION_MARKS = (Mark(0.09, "0.09"), Mark(0.11, "0.11"))
TITLES = {
    "style of the painting": "By style of the painting",
    "source of the painting": "By source of the painting",
    "genre of the music": "By genre of the music",
    "source of the music": "By source of the music",
    "rater group": "By rater group",
    "week": "By week of rating",
    "score band": "By score",
}
NOTES = {
    "rater group": "Each group's ratings alone: pairs count where two of one group rated them.",
    "week": "Each week's ratings alone: pairs count where two of them came in the same week.",
    "score band": "Within a band scores hardly differ, so alpha is low by construction: compare dispersions.",
}


@dataclass(frozen=True, slots=True)
class SliceSection:
    title: str
    note: str
    table: SliceTable


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rater whom the screening proposes to leave out, with the reason."""

    person: Person
    screened: Screened


@dataclass(frozen=True, slots=True)
class Flagged:
    person: Person
    one: RaterFigures


def sections(report: Report, *, sort: str = "") -> dict[str, Any]:
    """The context of `parts/*.html`."""
    overall = report.found.overall
    return {
        "report": report,
        "overall": overall,
        "settings": report.found.settings,
        "paper": PAPER,
        "scores": score_bins(overall),
        "dispersions": dispersion_bins(overall),
        "dispersion_marks": DISPERSION_MARKS,
        "history": history_series(report),
        "history_words": _history_words(report),
        "slices": [SliceSection(TITLES[one.name], NOTES.get(one.name, ""), one) for one in report.found.slices],
        "aggregators": report.found.aggregators,
        "proposals": [Proposal(_person(report, one), one) for one in report.found.screening.proposed],
        "lines": lines_of(report, sort=sort),
        "heads": heads_of(sort),
        "rater_head": rater_head_of(sort),
        "campaign_query": urlencode({"campaign": report.campaign}),
        "retest_words": retest_words(report),
        "too_fast_s": report.targets.too_fast_ms / 1000,
        "bias_line": BIAS_LINE,
    }


def _person(report: Report, one: Screened) -> Person:
    return report.people[int(one.rater)]


def history_series(report: Report) -> list[Series]:
    """Alpha of all ratings so far at the end of each week, by weeks since the first, with its interval."""
    weeks = [(index, week.alpha) for index, week in enumerate(report.history)]
    known = [(float(index), alpha) for index, alpha in weeks if alpha.value is not None]
    if not known:
        return []
    low = [(x, alpha.low) for x, alpha in known if alpha.low is not None]
    high = [(x, alpha.high) for x, alpha in known if alpha.high is not None]
    values = [(x, alpha.value) for x, alpha in known if alpha.value is not None]
    ends = [Series("lower end of its interval", low, "dashed"), Series("upper end", high, "dashed")] if low else []
    target = [(0.0, report.targets.alpha), (max(float(len(weeks) - 1), 1.0), report.targets.alpha)]
    return [Series("alpha of all ratings so far", values), *ends, Series("target", target, "dashed")]


def _history_words(report: Report) -> str:
    if not report.history:
        return ""
    first, last = report.history[0].label, report.history[-1].label
    return f"Weeks with ratings: 0 is {first}" + (f", {len(report.history) - 1} is {last}" if first != last else "")


def retest_words(report: Report) -> str:
    """What the hidden repeats say, all raters together."""
    retest = report.retest
    if retest is None:
        return "No pair has come back to its rater yet, so nothing is known of how raters agree with themselves."
    raters = sum(one.retest is not None for one in report.found.raters)
    times = "once" if retest.n_repeats == 1 else f"{retest.n_repeats:,} times"
    people = f"{raters:,} rater{'s' * (raters != 1)}"
    words = (
        f"Asked again about a pair they had judged long before ({times}, {people}), raters were "
        f"{retest.difference:.3f} away from their own first score on average"
    )
    if retest.correlation is None:
        return f"{words}; too few repeats, or too little variation, for a correlation."
    return f"{words}; the two scores correlate at {retest.correlation:.3f}."


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
