"""The training room in the admin panel: runs, model versions, rescorings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from annotation_site.jobs.admin import JobAdmin, StartError, user_of
from annotation_site.jobs.models import Job
from annotation_site.training import selectors
from annotation_site.training.forms import RescoringForm
from annotation_site.training.models import Rescoring
from annotation_site.training.run_admin import TrainingRunAdmin
from annotation_site.training.services import TrainingError, rescoring_start
from annotation_site.training.version_admin import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "RescoringAdmin", "TrainingRunAdmin"]


@admin.register(Rescoring)
class RescoringAdmin(JobAdmin):
    start_form = RescoringForm
    start_title = "Rescore unrated pairs"
    start_button = "Start rescoring"
    panel_template = "admin/training/rescoring.html"
    list_display = ("title", "state_label", "progress", "campaign", "n_asked", "created_at")
    list_select_related = ("version", "campaign")

    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        try:
            return rescoring_start(**form.cleaned_data, user=user_of(request), now=now)
        except TrainingError as error:
            raise StartError(str(error)) from None

    def panel_context(self, job: Rescoring) -> dict[str, Any]:
        return {
            "bins": selectors.histogram_bins(job.summary.get("histogram", {})),
            "band": (job.campaign.band_low, job.campaign.band_high),
        }
