"""Rescorings in the admin panel: start one, watch its shards, pause and resume, see and take away the scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from annotation_site.jobs.admin import STATE_LABELS, JobAdmin, StartError, user_of
from annotation_site.jobs.models import Job, JobState
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.forms import RescoringForm
from annotation_site.rescoring.models import Rescoring, Stage
from annotation_site.rescoring.pages.starting import start_context
from annotation_site.rescoring.pages.summary import summary_context
from annotation_site.rescoring.results import result_files
from annotation_site.rescoring.services import (
    rescoring_cancel,
    rescoring_folder,
    rescoring_pause,
    rescoring_resume,
    rescoring_start,
)

LABELS = {str(state.label): label for state, label in STATE_LABELS.items()} | {"Paused": "warning"}


@admin.register(Rescoring)
class RescoringAdmin(JobAdmin):
    start_form = RescoringForm
    panel_template = "admin/rescoring/panel.html"
    list_display = ("title", "state_label", "progress", "campaign", "pool", "n_asked", "created_at")
    list_select_related = ("version", "campaign")
    list_filter = ("state", "pool", "campaign")

    class Media:
        css = {"all": ["corpus/corpus.css", "rescoring/rescoring.css"]}

    @display(description="State", label=LABELS)
    def state_label(self, job: Job) -> str:
        return str(job.get_state_display())

    # --- Starting one -----------------------------------------------------------------------------------------------
    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        try:
            return rescoring_start(**form.cleaned_data, user=user_of(request), now=now)
        except RescoringError as error:
            raise StartError(str(error)) from None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RescoringForm(request.POST or None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            try:
                return redirect(self.url("change", self.start(request, form, now=timezone.now())))
            except StartError as error:
                form.add_error(None, str(error))
        shown = start_context(form)
        return render(request, "admin/rescoring/start.html", self.page_context(request, "Rescore pairs", **shown))

    def estimate_view(self, request: HttpRequest) -> HttpResponse:
        """The live part of the start page: how many pairs the form as it stands would score."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return render(request, "admin/rescoring/estimate.html", start_context(RescoringForm(request.GET)))

    # --- A rescoring's page -----------------------------------------------------------------------------------------
    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return super().page_context(request, title, media=self.media, **extra)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        job = self.get_job(request, int(object_id) if object_id.isdecimal() else 0)
        context = self.page_context(request, str(job), **self.job_context(request, job))
        return render(request, "admin/rescoring/job.html", context)

    def job_context(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        context = super().job_context(request, job)
        return context | {"label": LABELS[str(job.get_state_display())]}

    def panel_context(self, job: Rescoring) -> dict[str, Any]:
        return summary_context(job, now=timezone.now())

    def job_actions(self, request: HttpRequest, job: Rescoring) -> list[dict[str, str]]:
        if job.state == JobState.DONE:
            propose = f"{reverse('admin:rescoring_proposal_add')}?rescoring={job.pk}"
            downloads = [
                {
                    "title": f"Download {place.name}",
                    "url": reverse("admin:rescoring_rescoring_download", args=[job.pk, place.name]),
                    "method": "get",
                    "variant": "default",
                }
                for place in result_files(rescoring_folder(job))
            ]
            return [{"title": "Propose a batch", "url": propose, "method": "get"}, *downloads]
        if job.is_paused or job.state in (JobState.FAILED, JobState.CANCELLED):
            return [{"title": "Resume", "url": self.url("resume", job), "method": "post"}]
        if job.state == JobState.RUNNING and job.stage == Stage.SCORING:
            return [{"title": "Pause", "url": self.url("pause", job), "method": "post"}]
        return []

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "rescoring_rescoring_"
        own = [
            path("estimate/", wrap(self.estimate_view), name=f"{name}estimate"),
            path("<int:job_id>/pause/", wrap(self.pause_view), name=f"{name}pause"),
            path("<int:job_id>/resume/", wrap(self.resume_view), name=f"{name}resume"),
            path("<int:job_id>/files/<str:file>", wrap(self.download_view), name=f"{name}download"),
        ]
        return own + super().get_urls()

    def pause_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        return self._change(request, job_id, rescoring_pause)

    def resume_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        return self._change(request, job_id, rescoring_resume)

    def cancel_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """As of any job, but its shards are stopped with it."""
        return self._change(request, job_id, _cancel)

    def _change(self, request: HttpRequest, job_id: int, service: Callable[..., None]) -> HttpResponse:
        def change(rescoring: Rescoring) -> None:
            service(rescoring=rescoring, now=timezone.now())

        return self.done_to(request, job_id, change, refused=RescoringError)

    def download_view(self, request: HttpRequest, job_id: int, file: str) -> HttpResponseBase:
        job = self.get_job(request, job_id)
        found = [place for place in result_files(rescoring_folder(job)) if place.name == file]
        if job.state != JobState.DONE or not found:
            raise Http404("There is no such file of this rescoring.")
        return FileResponse(found[0].open("rb"), as_attachment=True, filename=f"rescoring-{job.pk}-{file}")


def _cancel(*, rescoring: Rescoring, now: datetime) -> None:
    if not rescoring_cancel(rescoring=rescoring, now=now):
        raise RescoringError(f"{rescoring} is over already.")
