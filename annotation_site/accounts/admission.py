"""Who may come to a desk: someone who is logged in, a rater, active, and has taken every step of the protocol."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.protocols.services import step_due

P = ParamSpec("P")
RaterView = Callable[Concatenate[HttpRequest, Rater, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def rater_of(request: HttpRequest) -> Rater | None:
    """The logged-in user's own rater row, or None for someone who does not judge (an admin, say).

    It came with the user where the user came from a session (`accounts.backends`).
    """
    return getattr(request.user, "rater", None) if request.user.pk else None


def any_rater(view: RaterView[P]) -> View[P]:
    """Give the view the rater, whether they are at work, paused or out; anyone else learns in words why not."""

    @login_required
    @wraps(view)
    def known(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        rater = rater_of(request)
        if rater is None:
            return render(request, "accounts/not_admitted.html", {"rater": None}, status=403)
        return view(request, rater, *args, **kwargs)

    return known


def rater_only(view: RaterView[P]) -> View[P]:
    """As `any_rater`, and they are at work: not paused, not out. No step of the protocol is asked for."""

    @any_rater
    @wraps(view)
    def admitted(request: HttpRequest, rater: Rater, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if rater.state != RaterState.ACTIVE:
            return render(request, "accounts/not_admitted.html", {"rater": rater}, status=403)
        return view(request, rater, *args, **kwargs)

    return admitted


def briefed_only(view: RaterView[P]) -> View[P]:
    """As `rater_only`, and the steps of the protocol come first; the way leads back here."""

    @rater_only
    @wraps(view)
    def briefed(request: HttpRequest, rater: Rater, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if (step := step_due(rater=rater, now=timezone.now())) and request.method in ("GET", "HEAD"):
            return redirect(f"{reverse(step)}?{urlencode({'next': request.path})}")
        if step:
            return redirect(step)
        return view(request, rater, *args, **kwargs)

    return briefed


def safe_next(request: HttpRequest) -> str:
    """Where `next` leads, if that is on this site; else the first page."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else reverse("home")
