"""Two snapshots side by side: chosen in the address, shown as a page or taken away as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from annotation_site.charts.drawings import Bins
from annotation_site.jobs.models import JobState
from annotation_site.snapshots.comparing import comparison_kept
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.pages import compared
from annotation_site.snapshots.pages.access import admins_only, sealed

LISTED = 100


@require_safe
@admins_only
def comparison_page(request: HttpRequest) -> HttpResponse:
    """`?before=ID&after=ID`; without both, the page to choose them on."""
    before, after = _asked(request, "before"), _asked(request, "after")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Compare two snapshots",
        "snapshots": Snapshot.objects.filter(state=JobState.DONE).order_by("-pk")[:LISTED],
        "before": before,
        "after": after,
    }
    if before and after:
        try:
            found = comparison_kept(before=before, after=after)
        except SnapshotError as error:
            context["wrong"] = str(error)
        else:
            context |= _shown(found, before, after)
    return render(request, "admin/snapshots/comparison.html", context)


@require_safe
@admins_only
def comparison_file(request: HttpRequest) -> HttpResponse:
    """Every number of it as JSON."""
    before, after = _asked(request, "before"), _asked(request, "after")
    if before is None or after is None:
        raise Http404("Name two snapshots.")
    try:
        found = comparison_kept(before=before, after=after)
    except SnapshotError as error:
        raise Http404(str(error)) from None
    response = JsonResponse(found, json_dumps_params={"indent": 2, "allow_nan": False})
    name = f"comparison-{before.digest[:12]}-{after.digest[:12]}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


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
    address, query = reverse("admin:snapshots_snapshot_compare"), {"before": before.pk, "after": after.pk}
    return {
        "found": found,
        "kinship": compared.KINSHIPS[found["kinship"]],
        "headlines": compared.headlines(found),
        "changes": Bins(tuple(scores["edges"]), tuple(scores["counts"])) if scores["counts"] else None,
        "movers": compared.movers_shown(scores["movers"]),
        "counts": compared.count_rows(found),
        "agreement": compared.agreement_rows(found["agreement"]),
        "lists": compared.id_lists(found),
        "settings": compared.difference_rows(found["settings"]),
        "facts": compared.difference_rows(found["facts"]),
        "numbers_url": f"{reverse('admin:snapshots_snapshot_compare_numbers')}?{urlencode(query)}",
        "turned_url": f"{address}?{urlencode({'before': after.pk, 'after': before.pk})}",
    }
