"""A rater's first page, consent and briefing."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from annotation_site.accounts.admission import rater_of, rater_only, safe_next, step_missing
from annotation_site.accounts.consent import briefing_finish, consent_give
from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.work import campaigns_for


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A rater's campaigns and the work left. An admin who does not judge goes to the admin panel."""
    rater = rater_of(request)
    if rater is None and request.user.is_staff:
        return redirect("admin:index")
    if rater is None or rater.state != RaterState.ACTIVE:
        return render(request, "accounts/not_admitted.html", {"rater": rater}, status=403)
    if step := step_missing(rater):
        return redirect(step)
    return render(request, "home.html", {"rater": rater, "work": campaigns_for(rater=rater)})


@rater_only
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, rater: Rater) -> HttpResponse:
    """What taking part means; agreeing is a box that the person ticks."""
    if request.method == "POST" and request.POST.get("agrees") == "yes":
        consent_give(rater=rater, now=timezone.now())
        return redirect(_onward(request, "briefing"))
    is_missing = request.method == "POST"
    context = {"rater": rater, "next": safe_next(request), "is_missing": is_missing}
    return render(request, "accounts/consent.html", context, status=422 if is_missing else 200)


@rater_only
@require_http_methods(["GET", "HEAD", "POST"])
def briefing(request: HttpRequest, rater: Rater) -> HttpResponse:
    """What coherence means and how the scale works. It can be read again at any time."""
    if rater.consented_at is None:
        return redirect(_onward(request, "consent"))
    if request.method == "POST":
        briefing_finish(rater=rater, now=timezone.now())
        return redirect(safe_next(request))
    return render(request, "accounts/briefing.html", {"rater": rater, "next": safe_next(request)})


def _onward(request: HttpRequest, step: str) -> str:
    return f"{reverse(step)}?{urlencode({'next': safe_next(request)})}"
