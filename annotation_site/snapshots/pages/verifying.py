"""Having a sealed snapshot verified from its page, and what was found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from annotation_site.jobs.admin import user_of
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.models import Snapshot, Verification
from annotation_site.snapshots.pages.access import of_sealed
from annotation_site.snapshots.services import verification_start

SHOWN = 5
PROBLEMS_SHOWN = 20


def verification_context(snapshot: Snapshot) -> dict[str, Any]:
    """The newest verification of a snapshot, and the ones before it."""
    newest: list[Verification] = list(snapshot.verifications.select_related("created_by").order_by("-pk")[: SHOWN + 1])
    return {
        "snapshot": snapshot,
        "verification": newest[0] if newest else None,
        "problems": newest[0].problems[:PROBLEMS_SHOWN] if newest else [],
        "earlier": newest[1:],
        "verify_url": reverse("admin:snapshots_snapshot_verify", args=[snapshot.pk]),
        "verification_url": reverse("admin:snapshots_snapshot_verification", args=[snapshot.pk]),
    }


@require_POST
@of_sealed
def verify_view(request: HttpRequest, snapshot: Snapshot) -> HttpResponse:
    """Start one, or lead to the one that is under way."""
    if not request.user.has_perm("snapshots.add_verification"):
        raise PermissionDenied
    try:
        verification_start(snapshot=snapshot, now=timezone.now(), user=user_of(request))
    except SnapshotError as error:
        messages.warning(request, str(error))
    return redirect(f"{reverse('admin:snapshots_snapshot_change', args=[snapshot.pk])}#verification")


@require_safe
@of_sealed
def verification_part(request: HttpRequest, snapshot: Snapshot) -> HttpResponse:
    """The live part of the page."""
    return render(request, "admin/snapshots/verification.html", verification_context(snapshot))
