"""Model versions in the admin panel: which one is active, which were, and what takes its place."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from annotation_site.jobs.admin import user_of
from annotation_site.training.figures import test_srcc
from annotation_site.training.forms import PromoteForm
from annotation_site.training.models import ModelVersion
from annotation_site.training.services import TrainingError, version_promote


@admin.register(ModelVersion)
class ModelVersionAdmin(ModelAdmin):
    list_display = ("name", "active_label", "run", "snapshot_digest", "test_srcc", "note", "promoted_at")
    list_select_related = ("run__snapshot",)
    list_display_links = None
    ordering = ("-number",)

    @display(description="Version", ordering="number")
    def name(self, version: ModelVersion) -> str:
        return str(version)

    @display(description="Active", label={"active": "success", "earlier": "info"})
    def active_label(self, version: ModelVersion) -> str:
        return "active" if version.is_active else "earlier"

    @display(description="Snapshot")
    def snapshot_digest(self, version: ModelVersion) -> str:
        return version.run.snapshot.digest[:12]

    @display(description="SRCC, unseen both")
    def test_srcc(self, version: ModelVersion) -> str:
        value = test_srcc(version.run)
        return "" if value is None else f"{value:.2f}"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Promote a run; the version becomes the active one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PromoteForm(request.POST or None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            try:
                version = version_promote(**form.cleaned_data, user=user_of(request), now=timezone.now())
            except TrainingError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{version} is the active model now.")
                return redirect(reverse("admin:training_modelversion_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Promote a run to model version",
            "form": form,
            "button": "Promote",
        }
        return render(request, "admin/jobs/start.html", context)
