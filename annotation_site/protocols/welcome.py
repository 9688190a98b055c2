"""The pages that come before the first pair: consent, background, briefing, worked examples, practice."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from annotation_site.accounts.admission import rater_only, safe_next
from annotation_site.accounts.models import Rater
from annotation_site.protocols.forms import BackgroundForm, PracticeForm
from annotation_site.protocols.models import ExampleKind, Step
from annotation_site.protocols.practice import practice_answer, practice_begin, practice_count, practice_result
from annotation_site.protocols.rendering import rendered
from annotation_site.protocols.selectors import Standing, examples_of, standing_of
from annotation_site.protocols.services import ProtocolError, background_give, step_due, step_take
from annotation_site.protocols.shown import answer_shown, example_shown, practice_shown

METHODS = ["GET", "HEAD", "POST"]


@rater_only
@require_http_methods(METHODS)
def consent(request: HttpRequest, rater: Rater) -> HttpResponse:
    """What taking part means; agreeing is a box that the person ticks."""
    standing = standing_of(rater=rater)
    if request.method == "POST" and request.POST.get("agrees") == "yes":
        step_take(rater=rater, step=Step.CONSENT, now=timezone.now())
        return _onward(request, rater)
    is_missing = request.method == "POST"
    context = {
        **_context(request, rater, standing, Step.CONSENT),
        "text": rendered(standing.version.consent, code=rater.code),
        "is_missing": is_missing,
    }
    return render(request, "protocols/consent.html", context, status=422 if is_missing else 200)


@rater_only
@require_http_methods(METHODS)
def background(request: HttpRequest, rater: Rater) -> HttpResponse:
    """What the rater knows about art and music. It can be mended at any time."""
    standing = standing_of(rater=rater)
    if early := _too_early(request, standing, Step.BACKGROUND):
        return early
    known = {name: getattr(rater, name) for name in BackgroundForm.base_fields}
    form = BackgroundForm(request.POST) if request.method == "POST" else BackgroundForm(initial=known)
    if request.method == "POST" and form.is_valid():
        background_give(rater=rater, now=timezone.now(), **form.cleaned_data)
        return _onward(request, rater)
    context = {**_context(request, rater, standing, Step.BACKGROUND), "form": form}
    return render(request, "protocols/background.html", context, status=422 if form.errors else 200)


@rater_only
@require_http_methods(METHODS)
def briefing(request: HttpRequest, rater: Rater) -> HttpResponse:
    """What coherence means and how the scale works. It can be read again at any time."""
    standing = standing_of(rater=rater)
    if early := _too_early(request, standing, Step.BRIEFING):
        return early
    if request.method == "POST":
        step_take(rater=rater, step=Step.BRIEFING, now=timezone.now())
        return _onward(request, rater)
    text = rendered(standing.version.briefing, code=rater.code)
    context = {**_context(request, rater, standing, Step.BRIEFING), "text": text}
    return render(request, "protocols/briefing.html", context)


@rater_only
@require_http_methods(METHODS)
def examples(request: HttpRequest, rater: Rater) -> HttpResponse:
    """Pairs with their reference scores, to calibrate by."""
    standing = standing_of(rater=rater)
    if early := _too_early(request, standing, Step.EXAMPLES):
        return early
    if request.method == "POST":
        step_take(rater=rater, step=Step.EXAMPLES, now=timezone.now())
        return _onward(request, rater)
    shown = [example_shown(one) for one in examples_of(standing.version, ExampleKind.WORKED)]
    context = {**_context(request, rater, standing, Step.EXAMPLES), "examples": shown}
    return render(request, "protocols/examples.html", context)


@rater_only
@never_cache
@ensure_csrf_cookie
@require_http_methods(METHODS)
def practice(request: HttpRequest, rater: Rater) -> HttpResponse:
    """The practice desk. Scripts talk to the API; without them it is a plain form, one pair after the other."""
    standing = standing_of(rater=rater)
    if early := _too_early(request, standing, Step.PRACTICE):
        return early
    now = timezone.now()
    form = PracticeForm(request.POST or None)
    told = None
    if request.method == "POST" and form.is_valid():
        try:
            told = practice_answer(rater=rater, played_ms=0, now=now, **form.cleaned_data)
        except ProtocolError as error:
            form.add_error(None, str(error))
        if told and told.is_last:
            return _to_result(request)
    try:
        _, left = practice_begin(rater=rater, now=now)
    except ProtocolError:
        return _to_result(request)
    count = practice_count(standing.version)
    context = {
        **_context(request, rater, standing, Step.PRACTICE),
        "pairs": [practice_shown(pair) for pair in left],
        "pair": left[0],
        "count": count,
        "number": count - len(left) + 1,
        "told": told,
        "form": form,
        "campaign": {"name": "Practice"},
        "result_url": f"{reverse('practice-result')}?{urlencode({'next': safe_next(request)})}",
    }
    return render(request, "protocols/practice.html", context, status=422 if form.errors else 200)


@rater_only
@never_cache
@require_safe
def practice_over(request: HttpRequest, rater: Rater) -> HttpResponse:
    """How the round went, and what comes now."""
    standing = standing_of(rater=rater)
    result = practice_result(rater=rater, version=standing.version)
    if result is None:
        return _onward(request, rater)
    context = {
        **_context(request, rater, standing, Step.PRACTICE),
        "result": result,
        "answers": [answer_shown(answer) for answer in result.answers],
        "is_refused": standing.is_refused,
        "may_go_on": Step.PRACTICE in standing.done,
    }
    return render(request, "protocols/result.html", context)


def _context(request: HttpRequest, rater: Rater, standing: Standing, step: Step) -> dict[str, Any]:
    return {
        "rater": rater,
        "version": standing.version,
        "place": standing.place(step),
        "is_done": step in standing.done,
        "steps": standing.steps,
        "next": safe_next(request),
    }


def _too_early(request: HttpRequest, standing: Standing, step: Step) -> HttpResponse | None:
    """To the step that has to come first, if this one is not the rater's turn yet; to the start if there is none."""
    if step not in standing.steps:
        return redirect(safe_next(request))
    if standing.due is None or step in standing.done or step == standing.due:
        return None
    return redirect(_address(request, standing.due))


def _onward(request: HttpRequest, rater: Rater) -> HttpResponse:
    """To the next step, or where the rater wanted to go."""
    rater.refresh_from_db()
    due = step_due(rater=rater, now=timezone.now())
    return redirect(_address(request, due) if due else safe_next(request))


def _to_result(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('practice-result')}?{urlencode({'next': safe_next(request)})}")


def _address(request: HttpRequest, step: str) -> str:
    return f"{reverse(step)}?{urlencode({'next': safe_next(request)})}"
