"""The preference report in the admin panel: its page, the page of one query, and all numbers as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from annotation_site.preferences.report import shown, words
from annotation_site.preferences.report.computing import MOST_CYCLES, QueryRow, Report
from annotation_site.preferences.report.keeping import is_newest, report_cached
from annotation_site.preferences.report.loading import campaign_choose
from annotation_site.preferences.report.numbers import report_as_dict
from annotation_site.preferences.report.query import QueryReport, query_report
from annotation_site.scoring.models import Campaign
from mpd_builder import records

QUERIES_A_PAGE = 10
CYCLES_SHOWN = 12
NOUNS = {records.Direction.MUSIC_TO_PAINTING: "clip", records.Direction.PAINTING_TO_MUSIC: "painting"}


@require_safe
def report_page(request: HttpRequest) -> HttpResponse:
    """`?campaign=SLUG` chooses, `page` leafs through the scales, `query` puts one into the chart.

    An htmx request gets the numbers alone, or 204 while they are those it has.
    """
    campaign = _campaign(request)
    if campaign is None:
        return render(request, "admin/preferences/report.html", _page_context(request, None))
    now, is_live = timezone.now(), bool(request.htmx)  # type: ignore[attr-defined]
    if is_live and is_newest(campaign=campaign, seen=request.GET.get("seen", ""), now=now):
        return HttpResponse(status=204)
    report = report_cached(campaign=campaign, now=now)
    live = _live_context(campaign, report)
    if is_live:
        return render(request, "admin/preferences/numbers.html", live)
    context = {**_page_context(request, campaign), **live, **_pictured_context(request, campaign, report)}
    return render(request, "admin/preferences/report.html", context)


@require_safe
def numbers_file(request: HttpRequest) -> HttpResponse:
    """Every number of the report as JSON."""
    campaign = _campaign(request)
    if campaign is None:
        raise Http404("There is no campaign yet.")
    report = report_cached(campaign=campaign, now=timezone.now())
    response = JsonResponse(report_as_dict(report=report), json_dumps_params={"indent": 2, "allow_nan": False})
    name = f"preferences-{campaign.slug}-{report.computed_at:%Y%m%d-%H%M%S}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def query_page(request: HttpRequest) -> HttpResponse:
    """`?campaign=SLUG&query=KEY`: everything that was asked about one clip or painting."""
    campaign = _campaign(request)
    found = query_report(campaign=campaign, query=request.GET.get("query", "")) if campaign else None
    if campaign is None or found is None:
        raise Http404("Nothing is asked about this in the campaign.")
    return render(
        request,
        "admin/preferences/query.html",
        {**admin.site.each_context(request), "campaign": campaign, **_query_context(campaign, found)},
    )


def _campaign(request: HttpRequest) -> Campaign | None:
    """The campaign that is asked for. Only for those who may see votes."""
    if not request.user.has_perm("preferences.view_vote"):
        raise PermissionDenied
    try:
        return campaign_choose(slug=request.GET.get("campaign"))
    except Campaign.DoesNotExist:
        raise Http404("There is no such campaign.") from None


def _page_context(request: HttpRequest, campaign: Campaign | None) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": "Preference report",
        "campaigns": Campaign.objects.order_by("-created_at", "-pk"),
        "campaign": campaign,
    }


def _live_context(campaign: Campaign, report: Report) -> dict[str, Any]:
    """What follows by itself: numbers, without pictures and sound."""
    seen = report.computed_at.isoformat()
    asked = {"campaign": campaign.slug}
    return {
        "campaign": campaign,
        "report": report,
        "seen": seen,
        "refresh_url": f"{reverse('admin:preferences_report')}?{urlencode({**asked, 'seen': seen})}",
        "numbers_url": f"{reverse('admin:preferences_report_numbers')}?{urlencode(asked)}",
        "figures": words.figures(report),
        "directions": [
            {
                "row": row,
                "unanimous": words.percent(row.agreement.unanimous.value),
                "unanimous_interval": words.share_interval(row.agreement.unanimous, lead=""),
                "alpha": words.number(row.agreement.alpha.value),
                "alpha_interval": words.alpha_interval(row.agreement, lead=""),
                "left": words.percent(row.left.left.value),
                "left_interval": words.share_interval(row.left.left, lead=""),
                "side": words.side_words(row.left),
                "sizes": words.size_rows(row.supply),
                "noun": NOUNS[row.supply.direction],
            }
            for row in report.directions
        ],
        "everyone": words.everyone_words(report.left),
        "flags": [(row.code, words.side_words(row.left)) for row in report.flagged],
        "raters": [
            {
                "row": row,
                "side": words.side_words(row.left),
                "agreement": _bar(row.agreement),
                "left": _bar(row.left.left),
            }
            for row in report.raters
        ],
    }


def _bar(share: Any) -> dict[str, float] | None:
    """A share and its interval as places on a bar from 0 to 100 %."""
    if share.value is None:
        return None
    low, at, high = (round(100 * value, 2) for value in (share.low, share.value, share.high))
    return {"low": low, "at": at, "width": round(high - low, 2)}


def _pictured_context(request: HttpRequest, campaign: Campaign, report: Report) -> dict[str, Any]:
    """Cycles and scales, which show paintings and play clips: as of when the page was asked for."""
    page: Page[QueryRow] = Paginator(report.queries, QUERIES_A_PAGE).get_page(request.GET.get("page"))
    cycles = report.transitivity.cycles[:CYCLES_SHOWN]
    keys = [key for row in page for key in shown.listed_keys(row)] + [key for cycle in cycles for key in cycle.pairs]
    pairs = shown.pairs_shown(campaign=campaign, keys=keys)
    chosen = _chosen(report, request.GET.get("query", ""))
    asked = {"campaign": campaign.slug}
    return {
        "cycle_words": words.cycle_words(report.transitivity),
        "cycles": shown.cycles_shown(cycles, campaign=campaign, pairs=pairs),
        "n_more_cycles": report.transitivity.n_cyclic - len(cycles),
        "most_cycles": MOST_CYCLES,
        "page": page,
        "page_numbers": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "page_url": f"?{urlencode(asked)}",
        "scales": [
            shown.scale_shown(row, campaign=campaign, pairs=pairs, most=shown.CANDIDATES_LISTED) for row in page
        ],
        "ranks_words": words.ranks_words(report.ranks),
        "chosen": chosen,
        "chosen_url": shown.query_url(campaign, chosen.query_id) if chosen else "",
        "points": shown.points_of(chosen) if chosen else shown.points_within(report.queries),
    }


def _chosen(report: Report, query: str) -> QueryRow | None:
    """The largest scale of the query that is asked for; None for all scales together."""
    if not query:
        return None
    found = next((row for row in report.queries if row.query_id == query), None)
    if found is None:
        raise Http404("This query has no scale.")
    return found


def _query_context(campaign: Campaign, found: QueryReport) -> dict[str, Any]:
    keys = found.candidates()
    pairs = shown.pairs_shown(campaign=campaign, keys=keys)
    query = shown.query_of(pairs[keys[0]], found.direction)
    back = urlencode({"campaign": campaign.slug})
    return {
        "title": query.name,
        "found": found,
        "query": query,
        "question": (
            "Which painting fits this music better?"
            if found.direction is records.Direction.MUSIC_TO_PAINTING
            else "Which music fits this painting better?"
        ),
        "report_url": f"{reverse('admin:preferences_report')}?{back}",
        "scales": [
            {
                "shown": shown.scale_shown(row, campaign=campaign, pairs=pairs, likelihood=likelihood),
                "points": shown.points_of(row),
            }
            for row, likelihood in zip(found.scales, found.likelihoods, strict=True)
        ],
        "unplaced": [
            (shown.candidate_of(pairs[key], found.direction), found.scores.get(key)) for key in found.unplaced
        ],
        "matrix": shown.matrix_shown(found, pairs=pairs),
        "n_uncrossed": max(0, len(keys) - shown.CANDIDATES_CROSSED),
        "cycle_words": words.query_cycle_words(found.transitivity),
        "cycles": shown.cycles_shown(found.cycles[:CYCLES_SHOWN], campaign=campaign, pairs=pairs),
        "n_more_cycles": max(0, len(found.cycles) - CYCLES_SHOWN),
    }
