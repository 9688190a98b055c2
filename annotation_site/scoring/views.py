"""The scoring page. Scripts talk to the API; the same page works as a plain form where there are none."""

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
from annotation_site.scoring.api import work_of
from annotation_site.scoring.models import Campaign, RatingState
from annotation_site.scoring.services import pair_skip, rating_submit

HUNDRED = 100


class ScoreForm(AnswerForm):
    """A score in hundredths: without scripts there is no line to put a mark on."""

    value = forms.FloatField(
        min_value=0,
        max_value=HUNDRED,
        label="From 0, does not fit at all, to 100, fits completely",
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Give a number from 0 to 100.", "invalid": "Give a number from 0 to 100."},
    )


@briefed_only
@never_cache
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, rater: Rater, slug: str) -> HttpResponse:
    """The desk of one campaign for one rater."""
    campaign = get_object_or_404(Campaign, slug=slug)
    if request.method != "POST":
        return _show(request, rater, campaign)
    form = (SkipForm if "reason" in request.POST else ScoreForm)(request.POST)
    if not form.is_valid():
        return _show(request, rater, campaign, form=form, status=422)
    try:
        _take(request, rater, form)
    except JudgingError as error:
        form.add_error(None, str(error))
        return _show(request, rater, campaign, form=form, status=409)
    return redirect("scoring:page", slug)


def _take(request: HttpRequest, rater: Rater, form: forms.Form) -> None:
    told = dict(form.cleaned_data)
    now = timezone.now()
    if isinstance(form, SkipForm):
        pair_skip(rater=rater, now=now, **told)
        return
    value = told.pop("value") / HUNDRED
    done = rating_submit(rater=rater, value=value, now=now, input_method="form", **told)
    if done.rating.state == RatingState.SURPLUS:
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
        "form": form_to_show(form, fresh=ScoreForm, slot=slot),
        "problems": problems(form),
    }
    return render(request, "scoring/page.html", context, status=status)
