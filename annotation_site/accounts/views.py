"""A rater's first page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from annotation_site.accounts.admission import rater_of
from annotation_site.accounts.models import RaterState
from annotation_site.accounts.work import campaigns_for
from annotation_site.judging.access import may_judge
from annotation_site.protocols.services import step_due


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A rater's campaigns and the work left. An admin who does not judge goes to the admin panel."""
    rater = rater_of(request)
    if rater is None and request.user.is_staff:
        return redirect("admin:index")
    if rater is None or rater.state != RaterState.ACTIVE:
        return render(request, "accounts/not_admitted.html", {"rater": rater}, status=403)
    if step := step_due(rater=rater, now=timezone.now()):
        return redirect(step)
    told = {"rater": rater, "work": campaigns_for(rater=rater), "may_judge": may_judge(request.user)}
    return render(request, "home.html", told)
