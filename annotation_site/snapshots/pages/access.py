"""What every page of a sealed snapshot asks first: who it is, and that there is something sealed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.files import NoSuchFile
from annotation_site.snapshots.models import Snapshot

View = Callable[..., HttpResponseBase]


def admins_only(view: View) -> View:
    """Snapshots are shown to who may see them in the panel, and to nobody else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff or not request.user.has_perm("snapshots.view_snapshot"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def of_sealed(view: View) -> View:
    """The view gets the sealed snapshot itself; one that is not sealed, and a file that is not in it, are not found."""

    @wraps(view)
    @admins_only
    def found(request: HttpRequest, job_id: int, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, sealed(job_id), *args, **kwargs)
        except NoSuchFile as error:
            raise Http404(str(error)) from None

    return found


def sealed(job_id: int) -> Snapshot:
    """Raises Http404."""
    snapshot = get_object_or_404(Snapshot.objects.select_related("campaign", "created_by"), pk=job_id)
    if snapshot.state != JobState.DONE:
        raise Http404("This snapshot is not sealed.")
    return snapshot
