"""The judge page: ask, wait, see what the model said. Plain forms; scripts make waiting and looking smoother."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation_site.accounts.admission import rater_of
from annotation_site.corpus.models import Painting, Track
from annotation_site.corpus.views import stored_file
from annotation_site.jobs.models import JobState
from annotation_site.judging import selectors, services, throttles
from annotation_site.judging.access import may_judge, person
from annotation_site.judging.errors import JudgingRefused, StillAtWork, TooLarge
from annotation_site.judging.forms import QuestionForm
from annotation_site.judging.limits import MOST_PAINTINGS, body_check
from annotation_site.judging.models import Judging
from annotation_site.judging.showing import result_of
from annotation_site.judging.storing import shown_names
from annotation_site.training.versions import active_version

TOO_LARGE = TooLarge.status
KEPT = "private, max-age=3600"

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_those_who_may(view: View[P]) -> View[P]:
    """Whoever `JUDGE_FOR` leaves out learns in words why; who is not logged in yet may do that first."""

    @wraps(view)
    def admitted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if may_judge(request.user):
            return view(request, *args, **kwargs)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        told = {"rater": rater_of(request), "judge_for": settings.JUDGE_FOR}
        return render(request, "judging/not_for_you.html", told, status=403)

    return admitted


@csrf_exempt  # until the length is known: the check reads the whole body
@for_those_who_may
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponseBase:
    """The form. What is sent is judged by a worker; its page shows how far that is."""
    if request.method != "POST":
        return _form(request)
    try:
        body_check(request)
    except TooLarge as error:
        return _form(request, refused=str(error), status=TOO_LARGE)
    return _asked(request)


@csrf_protect
def _asked(request: HttpRequest) -> HttpResponseBase:
    if request.user.is_staff and ("find" in request.POST or "some" in request.POST):
        return _form(request)
    if wait_s := throttles.seconds_to_wait(request):
        words = f"That is as often as one may ask for now. Try again in {throttles.in_words(wait_s)}."
        response = _form(request, refused=words, status=429)
        response["Retry-After"] = str(wait_s)
        return response
    form = QuestionForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, form=form, status=422)
    try:
        judging = services.judging_ask(question=form.question(), user=person(request.user), now=timezone.now())
    except JudgingRefused as error:
        return _form(request, form=form, refused=str(error), status=error.status)
    return redirect("judging:judging", judging.key)


def _form(
    request: HttpRequest, *, form: QuestionForm | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    told = request.POST if request.method == "POST" and status != TOO_LARGE else request.GET
    version = active_version()
    context = {
        "form": form or QuestionForm(initial={"start_s": told.get("start_s", ""), "span": told.get("span") or "track"}),
        "refused": refused,
        "version": version,
        "standing": selectors.standing_of(version) if version else None,
        "rater": rater_of(request),
        "most_paintings": MOST_PAINTINGS,
        "kept_hours": settings.JUDGE_KEPT_HOURS,
        "most_minutes": settings.JUDGE_MAX_MINUTES,
        **(_corpus(told) if request.user.is_staff else {}),
    }
    is_part = request.headers.get("X-Part") == "corpus" and request.user.is_staff
    return render(request, "judging/corpus.html" if is_part else "judging/page.html", context, status=status)


def _corpus(told: QueryDict) -> dict[str, Any]:
    """What an admin has chosen of the corpus, and what a search or a draw found beside it."""
    some = told.get("some", "")
    paintings = selectors.chosen(Painting.objects.all(), told.getlist("paintings"))
    tracks = selectors.chosen(Track.objects.all(), told.getlist("track")[:1])
    found: dict[str, list[Any]] = {"paintings": [], "tracks": []}
    painting_words, track_words = told.get("painting_words", "").strip(), told.get("track_words", "").strip()
    if some == "paintings" or ("find" in told and (painting_words or not track_words)):
        seed = secrets.randbits(32) if some == "paintings" else None
        found["paintings"] = selectors.paintings_found(words=painting_words, seed=seed)
    if some == "tracks" or ("find" in told and (track_words or not painting_words)):
        seed = secrets.randbits(32) if some == "tracks" else None
        found["tracks"] = selectors.tracks_found(words=track_words, seed=seed)
    return {
        "is_searched": bool(some or "find" in told),
        "painting_words": painting_words,
        "track_words": track_words,
        "chosen_paintings": paintings,
        "chosen_tracks": tracks,
        "found_paintings": [item for item in found["paintings"] if item not in paintings],
        "found_tracks": [item for item in found["tracks"] if item not in tracks],
    }


@for_those_who_may
@never_cache
@require_safe
def judging_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """A judging: waited for, done, or failed in words."""
    judging = _own(request, key)
    context: dict[str, Any] = {"judging": judging, "rater": rater_of(request)}
    if judging.state == JobState.DONE:
        result = result_of(judging)
        wanted = request.GET.get("look", "")
        looked_at = next((one for one in result.paintings if str(one.row) == wanted), result.paintings[0])
        standing = selectors.standing_of(judging.version) if judging.version else None
        context |= {"result": result, "looked_at": looked_at, "standing": standing}
        return render(request, "judging/result.html", context)
    context["words"] = selectors.words_of(judging, now=timezone.now())
    return render(request, "judging/waiting.html", context)


@for_those_who_may
@require_POST
def forget(request: HttpRequest, key: UUID) -> HttpResponse:
    """Delete a judging and its files before its time."""
    try:
        services.judging_forget(judging=_own(request, key), now=timezone.now())
    except StillAtWork as error:
        messages.info(request, str(error))
    else:
        messages.info(request, "It is deleted, with all files that were sent for it.")
    return redirect("judging:page")


@for_those_who_may
@require_safe
def media(request: HttpRequest, key: UUID, name: str) -> HttpResponseBase:
    """A picture or a window of music of a judging; never a file as it was sent."""
    judging = _own(request, key)
    names = [stored for subject in judging.subjects.all() for stored in shown_names(subject)]
    stored = next((one for one in names if one.rsplit("/", 1)[1] == name), None)
    if stored is None:
        raise Http404
    return stored_file(request, stored, kept=KEPT)


def _own(request: HttpRequest, key: UUID) -> Judging:
    judging = selectors.judging_of(user=person(request.user), key=key)
    if judging is None:
        raise Http404
    return judging
