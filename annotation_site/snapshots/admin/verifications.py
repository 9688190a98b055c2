"""Verifications in the admin panel: each is started on its snapshot's page and can be watched on its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from annotation_site.jobs.admin import JobAdmin
from annotation_site.snapshots.models import Verification
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
