"""Imports in the admin panel: starting one, watching it, and what it did not take."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from annotation_site.corpus import selectors
from annotation_site.corpus.forms import FolderForm
from annotation_site.corpus.models import ImportIssue, ImportJob
from annotation_site.corpus.services import CorpusError, import_start
from annotation_site.jobs.admin import JobAdmin, StartError
from annotation_site.jobs.models import Job


@admin.register(ImportJob)
class ImportJobAdmin(JobAdmin):
    start_form = FolderForm
    start_title = "Import a folder"
    start_button = "Start import"
    panel_template = "admin/corpus/import.html"
    list_display = ("title", "state_label", "progress", "added", "skipped", "failed", "created_at")
    issues_shown = 200

    class Media:
        css = {"all": ["corpus/corpus.css"]}

    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        try:
            return import_start(
                source=ImportJob.Source.FOLDER,
                path=Path(form.cleaned_data["path"]),
                user=request.user,  # type: ignore[arg-type]
                now=now,
            )
        except CorpusError as error:
            raise StartError(str(error)) from None

    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return super().page_context(request, title, media=self.media, **extra)

    def panel_context(self, job: ImportJob) -> dict[str, Any]:
        rejected = self._table(job, ImportIssue.Level.REJECTED) | {
            "title": "Not taken",
            "words": "Everything else came in. Mend these files and import again.",
            "column": "Why, and what to do",
        }
        remarks = self._table(job, ImportIssue.Level.WARNING) | {
            "title": "Remarks",
            "words": "Worth knowing; nothing has to be done.",
            "column": "What",
        }
        tables = [table for table in (rejected, remarks) if table["n"]]
        return {"brought": selectors.import_brought(job), "tables": tables}

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
        again = f"{reverse('admin:corpus_importjob_add')}?{urlencode({'path': job.path})}"
        return [{"title": "Import again", "url": again, "method": "get"}]
