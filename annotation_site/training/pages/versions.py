"""Model versions: promote a run, let an earlier version answer again, take one out and bring one in as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from annotation_site.jobs.admin import user_of
from annotation_site.training import selectors
from annotation_site.training.artefacts import StorageUnreachable
from annotation_site.training.comparison import Side, blocks, warnings
from annotation_site.training.figures import REGIMES, headlines, trained_under
from annotation_site.training.forms import ActivateForm, ImportForm, PromoteForm
from annotation_site.training.models import Activation, ModelVersion, TrainingRun
from annotation_site.training.pages.access import admins_only
from annotation_site.training.pages.comparing import side_of
from annotation_site.training.portable import VersionFileError, file_name, version_export, version_import
from annotation_site.training.services import TrainingError, version_activate, version_promote
from annotation_site.training.versions import active_version

HISTORY = 50
"""So many activations are listed."""


def list_context() -> dict[str, Any]:
    """What stands above and below the list: the active version, and who made which one active."""
    active = active_version()
    return {
        "active": active,
        "active_facts": standing(active) if active else None,
        "history": Activation.objects.select_related("version", "by")[:HISTORY],
        "import_url": reverse("admin:training_modelversion_import"),
        "promote_url": reverse("admin:training_modelversion_add"),
    }


def standing(version: ModelVersion) -> dict[str, Any]:
    """What a version is and what it is worth."""
    regime = trained_under(version.metrics)
    return {
        "version": version,
        "headlines": headlines(version.metrics),
        "regime": REGIMES.get(regime, regime),
        "since": version.activations.select_related("by").first() if version.is_active else None,
    }


def side_of_version(version: ModelVersion) -> Side:
    """A version as it is compared: by what it says of itself, which an imported one also has."""
    identity: Mapping[str, Any] = version.identity
    return Side(
        name=str(version),
        digest=str(identity.get("snapshot_digest", "")),
        snapshot="",
        seed=int(identity.get("seed", 0)),
        code=str(identity.get("code_version", "")),
        config=None,
        report=version.metrics,
    )


def replacing(candidate: Side) -> dict[str, Any]:
    """What would be replaced, with both figures under the regime that the candidate was trained under."""
    active = active_version()
    if active is None:
        return {"active": None}
    sides = [side_of_version(active), candidate]
    regime = REGIMES.get(trained_under(candidate.report), "")
    return {
        "active": active,
        "sides": sides,
        "warnings": warnings(sides),
        "figures": next((block for block in blocks(sides) if block.title == regime), None),
    }


def promote_page(request: HttpRequest) -> HttpResponse:
    """`?run=ID`: what it would replace, a note, the button. Without a run, those that are done to choose from."""
    run = _asked_run(request)
    form = PromoteForm(request.POST or None, initial={"run": run.pk if run else None})
    if request.method == "POST" and form.is_valid():
        try:
            version = version_promote(**form.cleaned_data, user=user_of(request), now=timezone.now())
        except TrainingError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{version} is the active model now.")
            return redirect("admin:training_modelversion_changelist")
    context = {
        **admin.site.each_context(request),
        "title": "Promote a run to model version",
        "form": form,
        "run": run,
        "done": selectors.runs_done()[:HISTORY],
        **(replacing(side_of(run)) if run else {}),
    }
    return render(request, "admin/training/promote.html", context)


def _asked_run(request: HttpRequest) -> TrainingRun | None:
    asked = request.POST.get("run") or request.GET.get("run") or ""
    if not (asked.isascii() and asked.isdecimal()):
        return None
    return selectors.runs_done().filter(pk=int(asked[:18])).first()


@require_safe
@admins_only
def version_page(request: HttpRequest, version_id: int) -> HttpResponse:
    """What a version is, what it is worth, when it was active."""
    version = _version(version_id)
    context = {
        **admin.site.each_context(request),
        "title": str(version),
        **standing(version),
        "identity": version.identity,
        "activations": version.activations.select_related("by"),
        "activate_url": reverse("admin:training_modelversion_activate", args=[version.pk]),
        "export_url": reverse("admin:training_modelversion_export", args=[version.pk]),
    }
    return render(request, "admin/training/version.html", context)


@require_http_methods(["GET", "POST"])
@admins_only
def activate_page(request: HttpRequest, version_id: int) -> HttpResponse:
    """Ask first, with what is replaced and both figures; then let this version answer for the site."""
    _require_change(request)
    version = _version(version_id)
    form = ActivateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        version_activate(version=version, note=form.cleaned_data["note"], user=user_of(request), now=timezone.now())
        messages.success(request, f"{version} is the active model now.")
        return redirect("admin:training_modelversion_changelist")
    context = {
        **admin.site.each_context(request),
        "title": f"Make {version} active",
        "version": version,
        "form": form,
        "back": reverse("admin:training_modelversion_changelist"),
        **replacing(side_of_version(version)),
    }
    return render(request, "admin/training/activate.html", context)


@require_safe
@admins_only
def export_view(request: HttpRequest, version_id: int) -> HttpResponseBase:
    """The version as one file, to keep or to bring in elsewhere."""
    version = _version(version_id)
    try:
        file = version_export(version=version)
    except (VersionFileError, StorageUnreachable) as error:
        messages.error(request, str(error))
        return redirect("admin:training_modelversion_change", version.pk)
    return FileResponse(file, as_attachment=True, filename=file_name(version), content_type="application/zip")


@require_http_methods(["GET", "POST"])
@admins_only
def import_page(request: HttpRequest) -> HttpResponse:
    """One file in, one version more; it is not active until somebody says so."""
    _require_change(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            version = version_import(file=asked["file"], note=asked["note"], user=user_of(request), now=timezone.now())
        except (VersionFileError, StorageUnreachable) as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, f"{version} is here. It is not active until you make it so.")
            return redirect("admin:training_modelversion_change", version.pk)
    context = {**admin.site.each_context(request), "title": "Bring in a model version", "form": form}
    return render(request, "admin/training/import.html", context)


def _version(version_id: int) -> ModelVersion:
    found: ModelVersion = get_object_or_404(ModelVersion.objects.select_related("run", "promoted_by"), pk=version_id)
    return found


def _require_change(request: HttpRequest) -> None:
    if not request.user.has_perm("training.add_modelversion"):
        raise PermissionDenied
