"""A report as JSON: every number of it, raters by their codes, the paper's figures beside ours."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from annotation_site.charts.drawings import Bins
from annotation_site.reliability.report import PAPER, Report
from mpd_builder.rater_statistics import RetestStatistics
from mpd_builder.statistics.figures import DISPERSION_BINS, SCORE_BINS, Figures
from mpd_builder.statistics.raters import RaterFigures

LEAST_DISPERSION_BINS = 20
"""The histogram of dispersions is shown up to 0.2, and further where a pair lies there."""


def report_as_dict(*, report: Report) -> dict[str, Any]:
    """For JSON. Undefined is None; nothing here is NaN."""
    overall, found = report.found.overall, report.found
    scores, dispersions = score_bins(overall), dispersion_bins(overall)
    return {
        "campaign": report.campaign,
        "computed_at": report.computed_at.isoformat(),
        "pairs": report.headline.n_pairs,
        "complete_pairs": overall.n_complete,
        "closed_pairs": report.headline.n_closed,
        "ambiguous_pairs": overall.n_ambiguous,
        "band": list(found.settings.band),
        "ratings": overall.n_ratings,
        "simulated_ratings": report.n_simulated,
        "alpha": asdict(overall.alpha),
        "dispersion": _dispersion(overall),
        "mean_dispersion": asdict(report.headline.dispersion),
        "share_too_fast": report.share_too_fast,
        "targets": asdict(report.targets),
        "paper": asdict(PAPER),
        "score_histogram": {"edges": list(scores.edges), "counts": list(scores.counts)},
        "dispersion_histogram": {"edges": list(dispersions.edges), "counts": list(dispersions.counts)},
        "settings": asdict(found.settings),
        "overall": asdict(overall),
        "clustered": [asdict(one) for one in found.clustered],
        "alpha_by_week": [asdict(week) for week in report.history],
        "slices": [asdict(table) for table in found.slices],
        "aggregators": [asdict(one) for one in found.aggregators],
        "model": {name: value for name, value in asdict(found.model).items() if name != "raters"},
        "screening": _screening(report),
        "retest": _retest(report.retest),
        "raters": [_rater(report, one) for one in by_work(report)],
    }


def by_work(report: Report) -> list[RaterFigures]:
    """The raters, those with most ratings first."""
    people = report.people
    return sorted(report.found.raters, key=lambda one: (-one.n_ratings, people[int(one.rater)].code))


def score_bins(figures: Figures) -> Bins:
    counts = figures.score_histogram or (0,) * SCORE_BINS
    return Bins(tuple(round(index / SCORE_BINS, 9) for index in range(SCORE_BINS + 1)), counts)


def dispersion_bins(figures: Figures) -> Bins:
    """In steps of 0.01, as far as there is something to show."""
    counts = figures.dispersion_histogram or (0,) * DISPERSION_BINS
    last = max((index for index, count in enumerate(counts) if count), default=0)
    shown = max(LEAST_DISPERSION_BINS, last + 1)
    return Bins(tuple(round(index / 100, 9) for index in range(shown + 1)), counts[:shown])


def _dispersion(figures: Figures) -> dict[str, Any]:
    spread, sample = figures.dispersion, figures.sample_dispersion
    return {
        "n_pairs": figures.n_complete,
        "mean": spread and spread.mean,
        "share_below_09": spread and spread.share_below_09,
        "share_below_11": spread and spread.share_below_11,
        "sample_mean": sample and sample.mean,
    }


def _screening(report: Report) -> dict[str, Any]:
    found = report.found.screening
    return {
        "method": found.method,
        "raters": [
            {"code": report.people[int(one.rater)].code, **_without_rater(asdict(one)), "is_proposed": one.is_proposed}
            for one in found.raters
        ],
    }


def _rater(report: Report, one: RaterFigures) -> dict[str, Any]:
    person = report.people[int(one.rater)]
    modelled = next((asdict(fit) for fit in report.found.model.raters if fit.rater == one.rater), {})
    return {
        "code": person.code,
        "role": person.role,
        "simulated": person.is_simulated,
        **_without_rater(asdict(one)),
        "retest": _retest(one.retest),
        "model": _without_rater(modelled),
    }


def _retest(retest: RetestStatistics | None) -> dict[str, Any] | None:
    return None if retest is None else _without_rater(asdict(retest))


def _without_rater(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "rater"}
