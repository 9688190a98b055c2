"""Imports in the admin panel: starting one, watching it, and what it did not take."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from annotation_site.corpus import selectors
from annotation_site.corpus.admin.starting import form_of, page_of, start_from
from annotation_site.corpus.models import ImportIssue, ImportJob
from annotation_site.jobs.admin import JobAdmin, user_of
from annotation_site.jobs.models import JobState


def pace_of(job: ImportJob) -> dict[str, str] | None:
    """How fast it goes and how long it will take, or how long it took."""
    if job.state == JobState.DONE and job.started_at and job.finished_at:
        seconds = (job.finished_at - job.started_at).total_seconds()
        worked = job.n_added + job.n_failed
        rate = f"{worked / seconds:,.1f} files a second" if worked and seconds >= 1 else ""
        return {"title": "Took", "figure": in_words(seconds), "words": rate}
    if job.state == JobState.RUNNING and job.rate and job.seconds_left is not None:
        return {"title": "Time left", "figure": in_words(job.seconds_left), "words": f"{job.rate:,.1f} files a second"}
    return None


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


@admin.register(ImportJob)
class ImportJobAdmin(JobAdmin):
    panel_template = "admin/corpus/import.html"
    list_display = ("title", "state_label", "progress", "added", "skipped", "failed", "created_at")
    issues_shown = 200
    newest_shown = 12

    class Media:
        css = {"all": ["corpus/corpus.css", "corpus/imports.css"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.issues_view)
        return [path("<int:job_id>/issues.csv", view, name="corpus_importjob_issues"), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The start page; after it, the import's own page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        user, now = user_of(request), timezone.now()
        form = form_of(request, user=user, now=now)
        if request.method == "POST" and form.is_valid() and (job := start_from(form, user=user, now=now)):
            return redirect(self.url("change", job))
        context = self.page_context(request, "Import", **page_of(form, user=user))
        return render(request, "admin/corpus/start.html", context)

    def issues_view(self, request: HttpRequest, job_id: int) -> StreamingHttpResponse:
        """All that was wrong with its files, as CSV."""
        job = self.get_job(request, job_id)
        response = StreamingHttpResponse(selectors.issues_csv(job), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{job.pk}-issues.csv"'
        return response

    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return super().page_context(request, title, media=self.media, **extra)

    def panel_context(self, job: ImportJob) -> dict[str, Any]:
        rejected = self._table(job, ImportIssue.Level.REJECTED) | {
            "title": "Not taken",
            "words": "Everything else came in. Mend these files and import again."
            if job.state == JobState.DONE
            else "Mend these files and import again.",
            "column": "Why, and what to do",
        }
        remarks = self._table(job, ImportIssue.Level.WARNING) | {
            "title": "Remarks",
            "words": "Worth knowing; nothing has to be done.",
            "column": "What",
        }
        tables = [table for table in (rejected, remarks) if table["n"]]
        return {
            "brought": selectors.import_brought(job),
            "tables": tables,
            "pace": pace_of(job),
            "newest": selectors.import_newest(job, self.newest_shown),
            "issues_url": self.url("issues", job),
            "alike": selectors.import_likenesses(job),
        }

    def _table(self, job: ImportJob, level: ImportIssue.Level) -> dict[str, Any]:
        issues = selectors.import_issues(job, level)
        return {"n": issues.count(), "rows": issues[: self.issues_shown]}

    @display(description="Added", ordering="n_added")
    def added(self, job: ImportJob) -> str:
        return f"{job.n_added:,}"

    @display(description="Skipped", ordering="n_skipped")
    def skipped(self, job: ImportJob) -> str:
        return f"{job.n_skipped:,}"

    @display(description="Not taken", ordering="n_failed")
    def failed(self, job: ImportJob) -> str:
        return f"{job.n_failed:,}"

    def job_actions(self, request: HttpRequest, job: ImportJob) -> list[dict[str, str]]:
        if not job.is_over:
            return []
        again = f"{reverse('admin:corpus_importjob_add')}?again={job.pk}"
        return [{"title": "Import again", "url": again, "method": "get"}]
