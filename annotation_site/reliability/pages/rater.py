"""One rater in one campaign: beside their peers, beside the clock, beside themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.retirement import Kind
from annotation_site.charts.drawings import Series
from annotation_site.reliability.loading import people_load
from annotation_site.reliability.pages.access import admins_only, campaign_needed, not_ready, report_asked
from annotation_site.reliability.raters import extremes, own_against_others, repeats_of
from annotation_site.reliability.report import Report
from annotation_site.scoring.models import Campaign
from mpd_builder.statistics.drift import Drift

DAY_S = 86_400
GONE = (RaterState.EXCLUDED, RaterState.WITHDRAWN)


@admins_only
def rater_page(request: HttpRequest, pk: int) -> HttpResponse:
    rater = get_object_or_404(Rater, pk=pk)
    campaign = campaign_needed(request)
    report = report_asked(request, campaign)
    if report is None:
        return not_ready(request, campaign)
    context = {
        **admin.site.each_context(request),
        "title": f"Rater {rater.code}",
        "campaign": campaign,
        "campaign_query": urlencode({"campaign": campaign.slug}),
        "rater": rater,
        "person": people_load(ids=[rater.pk])[rater.pk],
        "report": report,
        "exclude_url": _exclude_url(request, rater),
        **_figures(report, rater),
        **_looked_up(campaign, rater),
    }
    return render(request, "admin/reliability/rater.html", context)


def _exclude_url(request: HttpRequest, rater: Rater) -> str:
    """The page that says what excluding them would change, and asks; nothing for who may not, or where they are out."""
    if rater.state in GONE or not request.user.has_perm("accounts.change_rater"):
        return ""
    return f"{reverse('admin:accounts_rater_retire', args=[Kind.EXCLUDE])}?ids={rater.pk}"


def _figures(report: Report, rater: Rater) -> dict[str, Any]:
    """What the report has of this rater; nothing where none of their ratings counted when it was made."""
    one = next((figures for figures in report.found.raters if figures.rater == rater.pk), None)
    return {
        "one": one,
        "modelled": next((fit for fit in report.found.model.raters if fit.rater == rater.pk), None),
        "screened": next((fit for fit in report.found.screening.raters if fit.rater == rater.pk), None),
        "overall": report.found.overall,
        "too_fast_s": report.targets.too_fast_ms / 1000,
        "drift": drift_series(one.drift) if one and one.drift else [],
    }


def _looked_up(campaign: Campaign, rater: Rater) -> dict[str, Any]:
    fastest, slowest = extremes(campaign=campaign, rater=rater)
    repeats = repeats_of(campaign=campaign, rater=rater)
    return {
        "marks": own_against_others(campaign=campaign, rater=rater),
        "fastest": fastest,
        "slowest": slowest,
        "repeats": repeats,
        "repeat_marks": [(again.first, again.second) for again in repeats],
    }


def drift_series(drift: Drift) -> list[Series]:
    """The bias of each block at the day of its middle, from the first rating on, within its control band."""
    start = drift.blocks[0].start
    days = [((block.start + block.end) / 2 - start) / DAY_S for block in drift.blocks]
    return [
        Series("bias of a block", [(day, block.bias) for day, block in zip(days, drift.blocks, strict=True)]),
        Series("control band", [(day, block.low) for day, block in zip(days, drift.blocks, strict=True)], "dashed"),
        Series("its upper end", [(day, block.high) for day, block in zip(days, drift.blocks, strict=True)], "dashed"),
    ]
