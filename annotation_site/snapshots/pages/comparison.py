"""Two snapshots side by side: chosen in the address, shown as a page or taken away as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from annotation_site.charts.drawings import Bins
from annotation_site.jobs.admin import user_of
from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Comparison, Snapshot
from annotation_site.snapshots.pages import compared
from annotation_site.snapshots.pages.access import admins_only, sealed
from annotation_site.snapshots.services import comparison_ask, comparison_retry
from mpd_builder.comparison import KINSHIP_WORDS, Kinship

LISTED = 100


@require_safe
@admins_only
def comparison_page(request: HttpRequest) -> HttpResponse:
    """`?before=ID&after=ID`; without both, the page to choose them on. A worker compares; the page waits for it."""
    before, after = _asked(request, "before"), _asked(request, "after")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Compare two snapshots",
        "snapshots": Snapshot.objects.filter(state=JobState.DONE).only("pk", "name", "digest").order_by("-pk")[:LISTED],
        "before": before,
        "after": after,
    }
    if before and after:
        comparison = comparison_ask(before=before, after=after, now=timezone.now(), user=user_of(request))
        context |= _waiting(comparison)
        if comparison.state == JobState.DONE and comparison.found is not None:
            context |= _shown(comparison.found, before, after)
    return render(request, "admin/snapshots/comparison.html", context)


@require_safe
@admins_only
def comparison_part(request: HttpRequest) -> HttpResponse:
    """What the page asks for while it waits. Once there is something to show, it is told to load anew."""
    comparison = _comparison(request)
    response = render(request, "admin/snapshots/comparing.html", _waiting(comparison))
    if comparison.is_over:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@admins_only
def retry_view(request: HttpRequest) -> HttpResponse:
    """Have one that failed tried again."""
    comparison = _comparison(request)
    comparison_retry(comparison=comparison, now=timezone.now())
    return redirect(_address("compare", comparison.before, comparison.after))


@require_safe
@admins_only
def comparison_file(request: HttpRequest) -> HttpResponse:
    """Every number of it as JSON. Raises Http404 until it has been worked out."""
    comparison = _comparison(request)
    if comparison.state != JobState.DONE:
        raise Http404("They have not been compared yet.")
    response = JsonResponse(comparison.found, json_dumps_params={"indent": 2, "allow_nan": False})
    name = f"comparison-{comparison.before.digest[:12]}-{comparison.after.digest[:12]}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _comparison(request: HttpRequest) -> Comparison:
    """The one of the two that are asked for. Raises Http404 if nobody has asked for it on the page."""
    before, after = _asked(request, "before"), _asked(request, "after")
    return get_object_or_404(Comparison.objects.select_related("before", "after"), before=before, after=after)


def _address(name: str, before: Snapshot, after: Snapshot) -> str:
    query = urlencode({"before": before.pk, "after": after.pk})
    return f"{reverse(f'admin:snapshots_snapshot_{name}')}?{query}"


def _waiting(comparison: Comparison) -> dict[str, Any]:
    before, after = comparison.before, comparison.after
    return {
        "comparison": comparison,
        "part_url": _address("compare_part", before, after),
        "retry_url": _address("compare_retry", before, after),
    }


def _asked(request: HttpRequest, side: str) -> Snapshot | None:
    """Raises Http404 for one that is not there or not sealed."""
    asked = request.GET.get(side, "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal()):
        raise Http404("There is no such snapshot.")
    return sealed(int(asked[:18]))


def _shown(found: dict[str, Any], before: Snapshot, after: Snapshot) -> dict[str, Any]:
    scores = found["scores"]
    return {
        "found": found,
        "kinship": KINSHIP_WORDS[Kinship(found["kinship"])],
        "headlines": compared.headlines(found),
        "changes": Bins(tuple(scores["edges"]), tuple(scores["counts"])) if scores["counts"] else None,
        "movers": compared.movers_shown(scores["movers"]),
        "counts": compared.count_rows(found),
        "agreement": compared.agreement_rows(found["agreement"]),
        "lists": compared.id_lists(found),
        "settings": compared.difference_rows(found["settings"]),
        "facts": compared.difference_rows(found["facts"]),
        "numbers_url": _address("compare_numbers", before, after),
        "turned_url": _address("compare", after, before),
    }
