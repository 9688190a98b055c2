"""The reliability page of the admin panel: whole on the first visit, then only its numbers, every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from annotation_site.charts.drawings import Mark
from annotation_site.reliability.selectors import PAPER, RaterRow, Report, campaign_choose, report_cached
from annotation_site.scoring.models import Campaign
from mpd_builder.reliability import Alpha

BIAS_SHOWN = 0.15
DISPERSION_MARKS = (Mark(0.09, "0.09"), Mark(0.11, "0.11"))


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline: the number, what it rests on, and what the paper has."""

    label: str
    value: str
    detail: str
    paper: str = ""


@dataclass(frozen=True, slots=True)
class RaterLine:
    """A rater's row with the bar that shows the bias: `start` and `width` in percent of its cell."""

    row: RaterRow
    start: float = 50.0
    width: float = 0.0


def reliability_page(request: HttpRequest) -> HttpResponse:
    """`?campaign=SLUG` chooses; an htmx request gets the numbers alone, or 204 while they are those it has."""
    if not request.user.has_perm("scoring.view_rating"):
        raise PermissionDenied
    try:
        campaign = campaign_choose(slug=request.GET.get("campaign"))
    except Campaign.DoesNotExist:
        raise Http404("There is no such campaign.") from None
    context = _report_context(campaign) if campaign else {}
    if request.htmx:  # type: ignore[attr-defined]
        if context and request.GET.get("seen") == context["seen"]:
            return HttpResponse(status=204)
        return render(request, "admin/reliability/numbers.html", context)
    page = {
        **admin.site.each_context(request),
        "title": "Reliability",
        "campaigns": Campaign.objects.order_by("-created_at", "-pk"),
        "campaign": campaign,
        **context,
    }
    return render(request, "admin/reliability/page.html", page)


def _report_context(campaign: Campaign) -> dict[str, Any]:
    report = report_cached(campaign=campaign, now=timezone.now())
    seen = report.computed_at.isoformat()
    query = urlencode({"campaign": campaign.slug, "seen": seen})
    return {
        "campaign": campaign,
        "report": report,
        "seen": seen,
        "refresh_url": f"{reverse('admin:reliability')}?{query}",
        "figures": _figures(report),
        "raters": [_rater_line(row) for row in report.raters],
        "dispersion_marks": DISPERSION_MARKS,
        "bias_shown": BIAS_SHOWN,
        "retest_words": _retest_words(report),
    }


def _figures(report: Report) -> list[Figure]:
    dispersion = report.dispersion
    open_pairs = report.n_pairs - report.n_complete - report.n_closed
    return [
        Figure("Complete pairs", f"{report.n_complete:,}", f"{open_pairs:,} open, {report.n_ambiguous:,} ambiguous"),
        Figure("Ratings", f"{report.n_ratings:,}", f"by {len(report.raters):,} raters"),
        Figure("Krippendorff's alpha", _number(report.alpha.value), _interval(report.alpha), f"{PAPER.alpha:.2f}"),
        Figure(
            "Mean dispersion",
            _number(dispersion.mean),
            f"sample version {_number(dispersion.sample_mean)}",
            f"{PAPER.mean_dispersion:.3f}",
        ),
        _share_figure("0.09", dispersion.share_below_09, PAPER.share_below_09),
        _share_figure("0.11", dispersion.share_below_11, PAPER.share_below_11),
    ]


def _share_figure(limit: str, share: float | None, paper: float) -> Figure:
    return Figure(f"Dispersion below {limit}", _share(share), "of complete pairs", _share(paper))


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.1f} %"


def _interval(alpha: Alpha) -> str:
    if alpha.value is None:
        return "needs two ratings of a pair, and some variation"
    if alpha.low is None or alpha.high is None:
        return "too few pairs for an interval"
    return f"95 % interval {alpha.low:.3f} to {alpha.high:.3f}"


def _retest_words(report: Report) -> str:
    """What the hidden repeats say, all raters together."""
    retest = report.retest
    if retest is None:
        return "No pair has come back to its rater yet, so nothing is known of how raters agree with themselves."
    raters = sum(row.retest is not None for row in report.raters)
    times = "once" if retest.n_repeats == 1 else f"{retest.n_repeats:,} times"
    people = f"{raters:,} rater{'s' * (raters != 1)}"
    words = (
        f"Asked again about a pair they had judged long before ({times}, {people}), raters were "
        f"{retest.difference:.3f} away from their own first score on average"
    )
    if retest.correlation is None:
        return f"{words}; too few repeats, or too little variation, for a correlation."
    return f"{words}; the two scores correlate at {retest.correlation:.3f}."


def _rater_line(row: RaterRow) -> RaterLine:
    if row.statistics.bias is None:
        return RaterLine(row)
    reach = 50 * min(abs(row.statistics.bias) / BIAS_SHOWN, 1.0)
    return RaterLine(row, start=round(50 - reach if row.statistics.bias < 0 else 50, 2), width=round(reach, 2))
