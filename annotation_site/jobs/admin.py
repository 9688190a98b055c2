"""The admin of a long job, shared by every room: a start form, a list with states, a page that shows it live.

A room subclasses `JobAdmin`, gives `start_form` and `start`, and a `panel_template` for what only its jobs show. The
panel asks for itself again every second while the job is not over; nothing is clicked twice, because the row decides.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from annotation_site.accounts.models import User
from annotation_site.jobs.models import Job, JobState
from annotation_site.jobs.services import job_cancel

STATE_LABELS = {
    JobState.QUEUED: "info",
    JobState.RUNNING: "primary",
    JobState.DONE: "success",
    JobState.FAILED: "danger",
    JobState.CANCELLED: "warning",
}


class StartError(Exception):
    """The job cannot be started; the text says why in a person's words. Shown above the form."""


def user_of(request: HttpRequest) -> User:
    """Who asks: in the admin panel always somebody who is logged in."""
    assert isinstance(request.user, User)
    return request.user


def filled_in(form: type[forms.Form], query: QueryDict) -> dict[str, Any]:
    """What a link fills into a start form: of a field of many choices all that are named."""
    many = (forms.MultipleChoiceField, forms.ModelMultipleChoiceField)
    fields = form.base_fields
    return {name: query.getlist(name) if isinstance(fields.get(name), many) else query[name] for name in query}


class JobAdmin(ModelAdmin):
    """Base class of a job's admin. Rows are made by `start` only, and never changed or deleted here."""

    start_form: ClassVar[type[forms.Form]]
    start_title: ClassVar[str] = "Start"
    start_button: ClassVar[str] = "Start"
    panel_template: ClassVar[str] = "admin/jobs/panel.html"
    list_display: Any = ("title", "state_label", "progress", "created_at")
    list_filter: Any = ("state",)
    ordering = ("-pk",)

    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        """Make and enqueue the job from a valid form through the room's service. Raise `StartError` in words."""
        raise NotImplementedError

    def panel_context(self, job: Any) -> dict[str, Any]:
        """What the room's own panel template needs beside `job`."""
        return {}

    def job_actions(self, request: HttpRequest, job: Any) -> list[dict[str, str]]:
        """Buttons of the job's page: dicts of title, url, method "get" or "post", and a variant of the link, if any."""
        return []

    @display(description="Job", ordering="pk")
    def title(self, job: Job) -> str:
        return str(job)

    @display(description="State", label={str(state.label): label for state, label in STATE_LABELS.items()})
    def state_label(self, job: Job) -> str:
        return str(job.get_state_display())

    @display(description="Progress")
    def progress(self, job: Job) -> str:
        return job.error[:80] if job.state == JobState.FAILED else f"{job.percent} %"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        own = [
            path("<int:job_id>/panel/", wrap(self.panel_view), name=f"{name}_panel"),
            path("<int:job_id>/cancel/", wrap(self.cancel_view), name=f"{name}_cancel"),
        ]
        return own + super().get_urls()

    def url(self, action: str, job: Job) -> str:
        """The address of one of the job's pages: change, panel, cancel, or one that the room adds."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{action}", args=[job.pk])

    def may_act(self, request: HttpRequest) -> bool:
        """Whether somebody may stop jobs and queue them again: who may start them, also where another page does so."""
        return user_of(request).has_perm(f"{self.opts.app_label}.{get_permission_codename('add', self.opts)}")

    def get_job(self, request: HttpRequest, job_id: int) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.model, pk=job_id)

    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "model_admin": self,
            **extra,
        }

    def job_context(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        """What the job's page shows. Who may start no job sees no button that does something to one."""
        acts = self.may_act(request)
        return {
            "job": job,
            "label": STATE_LABELS[JobState(job.state)],
            "panel_url": self.url("panel", job),
            "cancel_url": self.url("cancel", job) if acts else "",
            "panel_template": self.panel_template,
            "job_actions": [each for each in self.job_actions(request, job) if acts or each["method"] == "get"],
            **self.panel_context(job),
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The start form; after it, the job's own page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.start_form(request.POST or None, initial=filled_in(self.start_form, request.GET))
        if request.method == "POST" and form.is_valid():
            try:
                job = self.start(request, form, now=timezone.now())
            except StartError as error:
                form.add_error(None, str(error))
            else:
                return redirect(self.url("change", job))
        context = self.page_context(request, self.start_title, form=form, button=self.start_button)
        return render(request, "admin/jobs/start.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The job's page, live."""
        job = self.get_job(request, int(object_id) if object_id.isdecimal() else 0)
        return render(
            request, "admin/jobs/job.html", self.page_context(request, str(job), **self.job_context(request, job))
        )

    def panel_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """The live part of the job's page; it stops asking once the job is over."""
        context = self.job_context(request, self.get_job(request, job_id))
        return render(request, "admin/jobs/live.html", context)

    def done_to(
        self, request: HttpRequest, job_id: int, act: Callable[[Any], object], *, refused: type[Exception]
    ) -> HttpResponse:
        """Do something to a job for whoever may start one, and go back to its page; a refusal is told there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.may_act(request):
            raise PermissionDenied
        job = self.get_job(request, job_id)
        try:
            act(job)
        except refused as error:
            messages.warning(request, str(error))
        return redirect(self.url("change", job))

    def cancel_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Stop a job. A room whose jobs have more to stop overrides this."""

        def cancel(job: Job) -> None:
            if not job_cancel(job=job, now=timezone.now()):
                raise StartError(f"{job} is over already.")
            messages.info(request, f"{job} is being stopped.")

        return self.done_to(request, job_id, cancel, refused=StartError)
