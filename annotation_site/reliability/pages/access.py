"""What every page of this room asks first: who it is, which campaign is meant, and for its report."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from annotation_site.reliability.keeping import report_kept
from annotation_site.reliability.report import Report
from annotation_site.reliability.selectors import campaign_choose
from annotation_site.scoring.models import Campaign

View = Callable[..., HttpResponse]


def admins_only(view: View) -> View:
    """Ratings are shown to who may see them in the panel, and to nobody else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff or not request.user.has_perm("scoring.view_rating"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def campaign_asked(request: HttpRequest) -> Campaign | None:
    """`?campaign=SLUG`, else the campaign of the newest rating. Raises Http404 for a slug that is not there."""
    try:
        return campaign_choose(slug=request.GET.get("campaign"))
    except Campaign.DoesNotExist:
        raise Http404("There is no such campaign.") from None


def campaign_needed(request: HttpRequest) -> Campaign:
    """The same, where there is nothing to show without one."""
    campaign = campaign_asked(request)
    if campaign is None:
        raise Http404("There is no campaign yet.")
    return campaign


def report_asked(request: HttpRequest, campaign: Campaign) -> Report | None:
    """The report; `?fresh=1` asks for a new one."""
    return report_kept(campaign=campaign, now=timezone.now(), is_asked_for="fresh" in request.GET)


def not_ready(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Somebody else's request is computing the very first report, and it takes long."""
    context = {**admin.site.each_context(request), "title": "Reliability", "campaign": campaign}
    response = render(request, "admin/reliability/not_ready.html", context, status=503)
    response["Retry-After"] = "10"
    return response
