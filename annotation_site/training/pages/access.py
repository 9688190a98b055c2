"""What every page of the training room asks first: who it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from annotation_site.training.models import TrainingRun

View = Callable[..., HttpResponseBase]


def admins_only(view: View) -> View:
    """Runs are shown to who may see them in the panel, and to nobody else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff or not request.user.has_perm("training.view_trainingrun"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def of_run(view: View) -> View:
    """The view gets the run itself; one that is not there is not found."""

    @wraps(view)
    @admins_only
    def found(request: HttpRequest, job_id: int, *args: Any, **kwargs: Any) -> HttpResponseBase:
        run = get_object_or_404(TrainingRun.objects.select_related("snapshot", "created_by"), pk=job_id)
        return view(request, run, *args, **kwargs)

    return found
