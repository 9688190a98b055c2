"""The training room in the admin panel: runs, model versions, rescorings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from annotation_site.jobs.admin import JobAdmin, StartError, user_of
from annotation_site.jobs.models import Job, JobState
from annotation_site.training import selectors
from annotation_site.training.forms import PromoteForm, RescoringForm, RunForm
from annotation_site.training.models import ModelVersion, Rescoring, TrainingRun
from annotation_site.training.services import (
    TrainingError,
    rescoring_start,
    run_resume,
    run_start,
    version_promote,
)


@admin.register(TrainingRun)
class TrainingRunAdmin(JobAdmin):
    start_form = RunForm
    start_title = "New training run"
    start_button = "Start training"
    panel_template = "admin/training/run.html"
    list_display = ("title", "state_label", "progress", "snapshot", "seed", "test_srcc", "created_at")
    list_select_related = ("snapshot",)
    list_filter = ("state", "recipe")

    @display(description="SRCC, unseen both")
    def test_srcc(self, run: TrainingRun) -> str:
        value = selectors.test_srcc(run)
        return "" if value is None else f"{value:.2f}"

    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        try:
            return run_start(**form.cleaned_data, user=user_of(request), now=now)
        except TrainingError as error:
            raise StartError(str(error)) from None

    def panel_context(self, job: TrainingRun) -> dict[str, Any]:
        return {
            "curves": selectors.run_curves(job),
            "tables": selectors.run_tables(job),
            "identity": selectors.run_identity(job),
            "preferences": job.report.get("preferences", {}),
            "log": selectors.run_log(job),
        }

    def job_actions(self, request: HttpRequest, job: TrainingRun) -> list[dict[str, str]]:
        add = reverse("admin:training_trainingrun_add")
        same = urlencode({"snapshot": job.snapshot_id, "recipe": job.recipe, "seed": job.seed, "device": job.device})
        actions = []
        if job.state == JobState.DONE:
            promote = reverse("admin:training_modelversion_add")
            actions.append({"title": "Promote", "url": f"{promote}?run={job.pk}", "method": "get"})
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            actions.append({"title": "Resume", "url": self.url("resume", job), "method": "post"})
        if job.is_over:
            actions.append({"title": "Run again with changes", "url": f"{add}?{same}", "method": "get"})
        return actions

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resume_view)
        return [path("<int:job_id>/resume/", view, name="training_trainingrun_resume"), *super().get_urls()]

    def resume_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        run = self.get_job(request, job_id)
        try:
            run_resume(run=run, now=timezone.now())
        except TrainingError as error:
            messages.warning(request, str(error))
        return redirect(self.url("change", run))


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
        return str(version.identity.get("snapshot_digest", ""))[:12]

    @display(description="SRCC, unseen both")
    def test_srcc(self, version: ModelVersion) -> str:
        value = selectors.srcc_of(version.metrics)
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
