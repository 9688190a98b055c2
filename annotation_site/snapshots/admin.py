"""The snapshots room in the admin panel: export, see what was sealed, take it away."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from annotation_site.accounts.models import User
from annotation_site.jobs.admin import JobAdmin, StartError
from annotation_site.jobs.models import Job, JobState
from annotation_site.snapshots.downloads import download
from annotation_site.snapshots.forms import SnapshotForm
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.selectors import has_public_form, snapshot_facts
from annotation_site.snapshots.services import Form, NoPublicForm, SnapshotError, snapshot_folder, snapshot_start


@admin.register(Snapshot)
class SnapshotAdmin(JobAdmin):
    start_form = SnapshotForm
    start_title = "Export a snapshot"
    start_button = "Export"
    panel_template = "admin/snapshots/panel.html"
    list_display = ("title", "state_label", "progress", "campaign", "n_pairs", "alpha", "created_at")
    list_select_related = ("campaign",)
    list_filter = ("state", "campaign")

    @display(description="Pairs")
    def n_pairs(self, snapshot: Snapshot) -> str:
        return f"{sum(snapshot.facts['pairs'].values()):,}" if snapshot.facts else ""

    @display(description="Alpha")
    def alpha(self, snapshot: Snapshot) -> str:
        value = snapshot.facts["alpha"]["value"] if snapshot.facts else None
        return "" if value is None else f"{value:.3f}"

    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        try:
            return snapshot_start(**form.cleaned_data, user=cast(User, request.user), now=now)
        except SnapshotError as error:
            raise StartError(str(error)) from None

    def panel_context(self, job: Snapshot) -> dict[str, Any]:
        return {"facts": snapshot_facts(job), "card_url": self.url("card", job)}

    def job_actions(self, request: HttpRequest, job: Snapshot) -> list[dict[str, str]]:
        if job.state != JobState.DONE:
            return []
        train = f"{reverse('admin:training_trainingrun_add')}?snapshot={job.pk}"
        actions = [{"title": "Train on this snapshot", "url": train, "method": "get"}]
        if not has_public_form(job):
            return [*actions, {"title": "Download", "url": self.url("download", job), "method": "get"}]
        return [
            *actions,
            {"title": "Download what may be passed on", "url": self.url("download_public", job), "method": "get"},
            {
                "title": "Download all of it, for the lab",
                "url": self.url("download", job),
                "method": "get",
                "variant": "default",
            },
        ]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:job_id>/download/", wrap(self.download_view), name="snapshots_snapshot_download"),
            path(
                "<int:job_id>/download/public/",
                wrap(self.download_public_view),
                name="snapshots_snapshot_download_public",
            ),
            path("<int:job_id>/card/", wrap(self.card_view), name="snapshots_snapshot_card"),
        ]
        return own + super().get_urls()

    def download_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """The snapshot as a zip."""
        return download(request, self.get_sealed(request, job_id), Form.COMPLETE)

    def download_public_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """What may be passed on of it, as a zip."""
        try:
            return download(request, self.get_sealed(request, job_id), Form.PUBLIC)
        except NoPublicForm as error:
            raise Http404(str(error)) from None

    def card_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """The snapshot's README, as it lies in its folder."""
        snapshot = self.get_sealed(request, job_id)
        return HttpResponse(
            (snapshot_folder(snapshot) / "README.md").read_text(), content_type="text/plain; charset=utf-8"
        )

    def get_sealed(self, request: HttpRequest, job_id: int) -> Snapshot:
        snapshot: Snapshot = self.get_job(request, job_id)
        if snapshot.state != JobState.DONE:
            raise Http404("This snapshot is not sealed.")
        return snapshot
