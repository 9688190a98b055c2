"""Verifications and comparisons as jobs: started on snapshots' own pages, they can be watched on theirs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from annotation_site.jobs.admin import JobAdmin
from annotation_site.snapshots.models import Comparison, Verification
from annotation_site.snapshots.pages.verifying import PROBLEMS_SHOWN

OUTCOMES = {"Whole": "success", "Damaged": "danger", "Not known yet": "info"}


@admin.register(Verification)
class VerificationAdmin(JobAdmin):
    panel_template = "admin/snapshots/verified.html"
    list_display = ("title", "state_label", "outcome_label", "created_by", "created_at")
    list_select_related = ("snapshot", "created_by")
    list_filter = ("state", "outcome")

    @display(description="Found", label=OUTCOMES)
    def outcome_label(self, verification: Verification) -> str:
        return str(verification.get_outcome_display() or "Not known yet")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """None is added here: it needs a snapshot."""
        return False

    def panel_context(self, job: Verification) -> dict[str, Any]:
        return {"problems": job.problems[:PROBLEMS_SHOWN]}


@admin.register(Comparison)
class ComparisonAdmin(JobAdmin):
    panel_template = "admin/snapshots/compared.html"
    list_display = ("title", "state_label", "created_by", "created_at")
    list_select_related = ("before", "after", "created_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """None is added here: the page that shows two snapshots side by side asks for it."""
        return False
