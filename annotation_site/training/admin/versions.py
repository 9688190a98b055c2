"""Model versions in the admin panel: which one is active, which were, and what takes its place."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin
from unfold.decorators import display

from annotation_site.training.figures import figure, trained_under
from annotation_site.training.models import ModelVersion
from annotation_site.training.pages import versions


@admin.register(ModelVersion)
class ModelVersionAdmin(ModelAdmin):
    """Versions are made by promoting a run or by bringing in a file, and never changed or deleted here."""

    list_display = ("name", "active_label", "origin", "snapshot_digest", "test_srcc", "note", "promoted_at")
    list_before_template = "admin/training/versions_top.html"
    list_after_template = "admin/training/versions_history.html"
    ordering = ("-number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        """Without the runs' reports, which are long: a version has the figures that are listed."""
        found: QuerySet[ModelVersion] = super().get_queryset(request)
        return found.select_related("run").defer("run__report")

    @display(description="Version", ordering="number")
    def name(self, version: ModelVersion) -> str:
        return str(version)

    @display(description="Active", label={"active": "success", "earlier": "info"})
    def active_label(self, version: ModelVersion) -> str:
        return "active" if version.is_active else "earlier"

    @display(description="From")
    def origin(self, version: ModelVersion) -> str:
        return str(version.run) if version.run else "a file"

    @display(description="Snapshot")
    def snapshot_digest(self, version: ModelVersion) -> str:
        return str(version.identity.get("snapshot_digest", ""))[:12]

    @display(description="SRCC")
    def test_srcc(self, version: ModelVersion) -> str:
        """Of the regime that it was trained under."""
        value = figure(version.metrics, trained_under(version.metrics), "srcc").value
        return "" if value is None else f"{value:.2f}"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The list, with the active version above it and the history of activations below."""
        shown: HttpResponseBase = super().changelist_view(request, versions.list_context() | (extra_context or {}))
        return shown

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Promote a run; the version becomes the active one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return versions.promote_page(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """A version's page."""
        asked = int(object_id[:18]) if object_id.isascii() and object_id.isdecimal() else 0
        return versions.version_page(request, asked)

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "training_modelversion_"
        own = [
            path("import/", wrap(versions.import_page), name=f"{name}import"),
            path("<int:version_id>/activate/", wrap(versions.activate_page), name=f"{name}activate"),
            path("<int:version_id>/export/", wrap(versions.export_view), name=f"{name}export"),
        ]
        return own + super().get_urls()
