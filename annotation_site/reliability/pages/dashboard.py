"""The dashboard: headline figures that follow by themselves, and the whole report below them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from annotation_site.reliability.headline import Figures, headline
from annotation_site.reliability.lights import HasInterval, Light, light_of
from annotation_site.reliability.pages.access import admins_only, campaign_asked, not_ready, report_asked
from annotation_site.reliability.pages.sections import sections
from annotation_site.reliability.report import PAPER, Targets, targets_of
from annotation_site.reliability.templatetags.figures import figure, interval, percent
from annotation_site.reliability.worst import pairs_worst
from annotation_site.scoring.models import Campaign


@dataclass(frozen=True, slots=True)
class Card:
    """A headline: the number, what it rests on, what the paper has, and how it stands to the campaign's target."""

    label: str
    value: str
    detail: str
    paper: str = ""
    light: Light | None = None


@admins_only
def reliability_page(request: HttpRequest) -> HttpResponse:
    """`?campaign=SLUG` chooses; an htmx request gets the headline alone, or 204 while it is the one it has."""
    campaign = campaign_asked(request)
    if request.htmx and campaign:  # type: ignore[attr-defined]
        context = headline_context(campaign)
        if request.GET.get("seen") == context["seen"]:
            return HttpResponse(status=204)
        return render(request, "admin/reliability/headline.html", context)
    page = {
        **admin.site.each_context(request),
        "title": "Reliability",
        "campaigns": Campaign.objects.order_by("-created_at", "-pk"),
        "campaign": campaign,
    }
    if campaign:
        report = report_asked(request, campaign)
        if report is None:
            return not_ready(request, campaign)
        page |= headline_context(campaign) | sections(report, sort=request.GET.get("sort", ""))
        page |= {"worst": pairs_worst(campaign=campaign)}
    return render(request, "admin/reliability/page.html", page)


def headline_context(campaign: Campaign) -> dict[str, Any]:
    """The live part. `seen` names its figures: equal ones need not be sent again."""
    now = timezone.now()
    newest = headline(campaign=campaign, now=now)
    targets = targets_of(campaign)
    seen = sha256(repr((newest.figures, targets)).encode()).hexdigest()[:16]
    query = urlencode({"campaign": campaign.slug, "seen": seen})
    return {
        "campaign": campaign,
        "cards": cards(newest.figures, targets),
        "headline_at": newest.computed_at,
        "seen": seen,
        "refresh_url": f"{reverse('admin:reliability')}?{query}",
    }


def cards(figures: Figures, targets: Targets) -> list[Card]:
    spread = figures.spread
    open_pairs = figures.n_pairs - figures.n_complete - figures.n_closed
    return [
        Card("Complete pairs", f"{figures.n_complete:,}", f"{open_pairs:,} open, {figures.n_ambiguous:,} ambiguous"),
        Card("Ratings", f"{figures.n_ratings:,}", f"of {figures.n_begun:,} pairs"),
        Card(
            "Krippendorff's alpha",
            figure(figures.alpha.value),
            _interval(figures.alpha, "needs two ratings of a pair, and some variation"),
            f"{PAPER.alpha:.2f}",
            light_of(figures.alpha, target=targets.alpha, at_least=True),
        ),
        Card(
            "Mean dispersion",
            figure(figures.dispersion.value),
            _interval(figures.dispersion, "no pair is complete yet"),
            f"{PAPER.mean_dispersion:.3f}",
            light_of(figures.dispersion, target=targets.dispersion, at_least=False),
        ),
        _share("0.09", spread.share_below_09 if spread else None, PAPER.share_below_09),
        _share("0.11", spread.share_below_11 if spread else None, PAPER.share_below_11),
    ]


def _share(limit: str, share: float | None, paper: float) -> Card:
    return Card(f"Dispersion below {limit}", percent(share), "of complete pairs", percent(paper))


def _interval(estimate: HasInterval, undefined: str) -> str:
    if estimate.value is None:
        return undefined
    if estimate.low is None or estimate.high is None:
        return "too few pairs for an interval"
    return f"95 % interval {interval(estimate)}"
