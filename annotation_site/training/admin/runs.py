"""Training runs in the admin panel: start one, watch it live, read its report, compare it, promote it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.decorators import action, display

from annotation_site.jobs.admin import JobAdmin, user_of
from annotation_site.jobs.models import JobState
from annotation_site.training.comparison import MOST_RUNS
from annotation_site.training.figures import test_srcc
from annotation_site.training.models import TrainingRun
from annotation_site.training.pages import comparing, files, starting, watching
from annotation_site.training.run_form import RunForm
from annotation_site.training.services import TrainingError, run_resume, run_start


@admin.register(TrainingRun)
class TrainingRunAdmin(JobAdmin):
    list_display = ("title", "state_label", "progress", "snapshot", "seed", "test_srcc", "note", "created_at")
    list_select_related = ("snapshot",)
    list_filter = ("state", "recipe", "snapshot")
    search_fields = ("note", "recipe", "code_version")
    actions = ("compare",)

    # --- The list ---------------------------------------------------------------------------------------------------
    @display(description="SRCC")
    def test_srcc(self, run: TrainingRun) -> str:
        """Of the regime that the run was trained under."""
        value = test_srcc(run)
        return "" if value is None else f"{value:.2f}"

    @action(description=f"Compare (two to {MOST_RUNS} runs)", permissions=["view"])
    def compare(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> HttpResponse | None:
        """Lead to the page that shows them side by side, the oldest first."""
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_RUNS + 1])
        if not 2 <= len(chosen) <= MOST_RUNS:
            messages.warning(request, f"Choose two to {MOST_RUNS} runs to compare.")
            return None
        return redirect(compare_url(chosen))

    # --- Starting one -----------------------------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form; after it, the run's own page. The same form sent twice starts one run."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = starting.form_of(request)
        if form.is_bound and form.is_valid():
            try:
                run = self.start_run(request, form)
            except TrainingError as error:
                form.add_error(None, str(error))
            else:
                return redirect(self.url("change", run))
        context = self.page_context(request, "New training run", **starting.page_of(form))
        return render(request, "admin/training/start.html", context)

    def start_run(self, request: HttpRequest, form: RunForm) -> TrainingRun:
        asked = form.cleaned_data
        return run_start(
            snapshot=asked["snapshot"],
            recipe=form.recipe_name,
            seed=asked["seed"],
            device=asked["device"],
            processes=asked["processes"],
            overrides=form.overrides,
            note=asked["note"],
            user=user_of(request),
            request_key=form.key(),
            now=timezone.now(),
        )

    # --- A run's page -----------------------------------------------------------------------------------------------
    def panel_context(self, job: TrainingRun) -> dict[str, Any]:
        return watching.run_context(job)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The run's page, live: its own script replaces what has changed and leaves alone what has not."""
        run = self.get_job(request, int(object_id[:18]) if object_id.isascii() and object_id.isdecimal() else 0)
        own = {"others": watching.others_than(run), "compare_url": reverse("admin:training_trainingrun_compare")}
        context = self.page_context(request, str(run), **self.job_context(request, run), **own)
        return render(request, "admin/training/run.html", context)

    def panel_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """The live part alone."""
        return render(request, "admin/training/live.html", self.job_context(request, self.get_job(request, job_id)))

    def job_actions(self, request: HttpRequest, job: TrainingRun) -> list[dict[str, str]]:
        actions = []
        if job.state == JobState.DONE:
            promote = f"{reverse('admin:training_modelversion_add')}?run={job.pk}"
            report = f"{reverse('admin:training_trainingrun_report', args=[job.pk])}?download"
            actions.append({"title": "Promote", "url": promote, "method": "get"})
            actions.append({"title": "Download report", "url": report, "method": "get", "variant": "default"})
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            actions.append({"title": "Resume", "url": self.url("resume", job), "method": "post"})
        again = f"{reverse('admin:training_trainingrun_add')}?{urlencode({'again': job.pk})}"
        actions.append({"title": "Run again with changes", "url": again, "method": "get", "variant": "default"})
        return actions

    def resume_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Queue a stopped run again."""

        def resume(run: TrainingRun) -> None:
            run_resume(run=run, now=timezone.now())

        return self.done_to(request, job_id, resume, refused=TrainingError)

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "training_trainingrun_"
        own = [
            path("settings/", wrap(starting.settings_part), name=f"{name}settings"),
            path("compare/", wrap(comparing.comparison_page), name=f"{name}compare"),
            path("<int:job_id>/resume/", wrap(self.resume_view), name=f"{name}resume"),
            path("<int:job_id>/report/", wrap(files.report_view), name=f"{name}report"),
            path("<int:job_id>/maps/<str:name>", wrap(files.map_view), name=f"{name}map"),
            path("<int:job_id>/files/<str:name>", wrap(files.file_view), name=f"{name}file"),
        ]
        return own + super().get_urls()


def compare_url(runs: list[int]) -> str:
    return f"{reverse('admin:training_trainingrun_compare')}?{urlencode({'runs': runs}, doseq=True)}"
