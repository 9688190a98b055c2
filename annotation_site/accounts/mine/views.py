"""A rater's own page: what they did, how steady they are, their data, a pause, and the way out."""

from __future__ import annotations

from typing import Protocol

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation_site.accounts.admission import any_rater
from annotation_site.accounts.mine.consistency import own_consistency
from annotation_site.accounts.mine.downloads import data_response
from annotation_site.accounts.mine.services import MAY_LEAVE, WrongCode, own_pause, own_resume, own_withdraw
from annotation_site.accounts.mine.work import own_work, what_goes
from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import JudgingError


class Decision(Protocol):
    """A service by which a rater decides about themselves, or is told why not."""

    def __call__(self, *, rater: Rater) -> None: ...


@any_rater
@never_cache
@require_safe
def mine(request: HttpRequest, rater: Rater) -> HttpResponse:
    """Open to a rater in any state: who is paused or out still sees what they gave."""
    now = timezone.now()
    context = {
        "rater": rater,
        "work": own_work(rater=rater, now=now),
        "consistency": own_consistency(rater=rater, now=now),
        "may_leave": rater.state in MAY_LEAVE,
    }
    return render(request, "accounts/mine.html", context)


@any_rater
@require_POST
def pause(request: HttpRequest, rater: Rater) -> HttpResponse:
    return _decided(request, own_pause, rater)


@any_rater
@require_POST
def resume(request: HttpRequest, rater: Rater) -> HttpResponse:
    return _decided(request, own_resume, rater, onward="home")


@any_rater
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, rater: Rater) -> HttpResponse:
    """Says in numbers what would change, and does it for who types their own code. A wrong one: 422, in words."""
    if rater.state not in MAY_LEAVE:
        return redirect("mine")
    code, problem = request.POST.get("code", ""), ""
    if request.method == "POST":
        try:
            own_withdraw(rater=rater, code=code, now=timezone.now())
        except WrongCode as error:
            problem = str(error)
        else:
            return redirect("mine")
    context = {"rater": rater, "goes": what_goes(rater=rater), "code": code, "problem": problem}
    return render(request, "accounts/withdraw.html", context, status=422 if problem else 200)


@any_rater
@require_safe
def data(request: HttpRequest, rater: Rater) -> FileResponse:
    return data_response(rater=rater, now=timezone.now())


def _decided(request: HttpRequest, decide: Decision, rater: Rater, onward: str = "mine") -> HttpResponse:
    """Do it and go on; what cannot be done is said on the rater's own page."""
    try:
        decide(rater=rater)
    except JudgingError as error:
        messages.error(request, str(error))
        return redirect("mine")
    return redirect(onward)
