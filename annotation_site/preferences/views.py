"""The preference page. Scripts talk to the API; the same page works as a plain form where there are none."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from annotation_site.accounts.admission import briefed_only
from annotation_site.accounts.models import Rater
from annotation_site.leases.desk import desk_context
from annotation_site.leases.errors import JudgingError
from annotation_site.leases.forms import SURPLUS, AnswerForm, SkipForm, form_to_show, problems
from annotation_site.preferences.api import task_lease, work_of
from annotation_site.preferences.models import Side, VoteState
from annotation_site.preferences.services import task_skip, vote_submit
from annotation_site.scoring.models import Campaign

CLIPS = [("query", "", "the music"), ("left", "1", "music 1"), ("right", "2", "music 2")]
"""Where each stands on the page, its number, and what it is called. Numbers say nothing about which plays first."""
CANDIDATES = [("left", "1", "first"), ("right", "2", "second")]
"""The same of the two that are compared, and the action that chooses each."""


class ChoiceForm(AnswerForm):
    """One of two. The page shows them in the order that was drawn, as first and second."""

    choice = forms.ChoiceField(choices=Side.choices, error_messages={"required": "Choose one of the two."})


@briefed_only
@never_cache
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, rater: Rater, slug: str) -> HttpResponse:
    """The desk of one campaign's preference tasks for one rater."""
    campaign = get_object_or_404(Campaign, slug=slug)
    if request.method != "POST":
        return _show(request, rater, campaign)
    form = (SkipForm if "reason" in request.POST else ChoiceForm)(request.POST)
    if not form.is_valid():
        return _show(request, rater, campaign, form=form, status=422)
    try:
        _take(request, rater, form)
    except JudgingError as error:
        form.add_error(None, str(error))
        return _show(request, rater, campaign, form=form, status=409)
    return redirect("preferences:page", slug)


def _take(request: HttpRequest, rater: Rater, form: forms.Form) -> None:
    now = timezone.now()
    if isinstance(form, SkipForm):
        task_skip(rater=rater, now=now, **form.cleaned_data)
        return
    done = vote_submit(rater=rater, now=now, **form.cleaned_data)
    if done.vote.state == VoteState.SURPLUS:
        messages.info(request, SURPLUS)


def _show(
    request: HttpRequest, rater: Rater, campaign: Campaign, *, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    """The page with the rater's oldest lease; `form` is one that was refused, with its reasons."""
    work = work_of(rater=rater, campaign=campaign, count=1, now=timezone.now())
    slot = work["leases"][0] if work["leases"] else None
    context = {
        **work,
        **desk_context(campaign=campaign),
        "rater": rater,
        "slot": slot,
        "task": task_lease(slot) if slot else None,
        "form": form_to_show(form, fresh=ChoiceForm, slot=slot),
        "problems": problems(form),
        "clips": CLIPS,
        "candidates": CANDIDATES,
    }
    return render(request, "preferences/page.html", context, status=status)
