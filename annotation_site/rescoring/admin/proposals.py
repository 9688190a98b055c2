"""Proposals in the admin panel: ask for one, look at its pairs, edit them, approve or discard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.decorators import display

from annotation_site.jobs.admin import JobAdmin, StartError, user_of
from annotation_site.jobs.models import Job, JobState
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.forms import ProposalForm
from annotation_site.rescoring.models import Proposal
from annotation_site.rescoring.pages import batch
from annotation_site.rescoring.proposals import proposal_approve, proposal_discard, proposal_start

STANDINGS = {"Draft": "info", "Approved": "success", "Discarded": "warning"}


@admin.register(Proposal)
class ProposalAdmin(JobAdmin):
    start_form = ProposalForm
    start_title = "Propose a batch of pairs"
    start_button = "Propose"
    panel_template = "admin/rescoring/batch.html"
    list_display = ("title", "state_label", "standing_label", "method", "count", "n_asked", "created_at")
    list_filter = ("state", "standing", "method")

    class Media:
        css = {"all": ["corpus/corpus.css", "rescoring/rescoring.css"]}

    @display(description="Batch", label=STANDINGS)
    def standing_label(self, proposal: Proposal) -> str:
        return str(proposal.get_standing_display())

    def start(self, request: HttpRequest, form: forms.Form, *, now: datetime) -> Job:
        try:
            return proposal_start(**form.cleaned_data, user=user_of(request), now=now)
        except RescoringError as error:
            raise StartError(str(error)) from None

    # --- A proposal's page ------------------------------------------------------------------------------------------
    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return super().page_context(request, title, media=self.media, **extra)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        job = self.get_job(request, int(object_id) if object_id.isdecimal() else 0)
        context = self.page_context(request, str(job), **self.job_context(request, job))
        return render(request, "admin/rescoring/job.html", context)

    def job_context(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        assert isinstance(job, Proposal)
        context = super().job_context(request, job)
        return context | batch.batch_context(job, request.GET, now=timezone.now())

    def job_actions(self, request: HttpRequest, job: Proposal) -> list[dict[str, str]]:
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            return [{"title": "Propose again", "url": _again(job), "method": "get"}]
        if job.standing != Proposal.Standing.DRAFT or job.state != JobState.DONE:
            return []
        approve = {"title": "Approve", "url": self.url("approve", job), "method": "get"}
        return [approve, {"title": "Discard", "url": self.url("discard", job), "method": "get", "variant": "default"}]

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "rescoring_proposal_"
        own = [
            path("<int:job_id>/pairs/", wrap(self.pairs_view), name=f"{name}pairs"),
            path("<int:job_id>/add/", wrap(self.pair_add_view), name=f"{name}pair_add"),
            path("<int:job_id>/approve/", wrap(self.approve_view), name=f"{name}approve"),
            path("<int:job_id>/discard/", wrap(self.discard_view), name=f"{name}discard"),
        ]
        return own + super().get_urls()

    def _editable(self, request: HttpRequest, job_id: int) -> Proposal:
        if not self.has_add_permission(request):
            raise PermissionDenied
        proposal: Proposal = self.get_job(request, job_id)
        return proposal

    def pairs_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Drop pairs or bring them back. To a script only what changed is sent; else the page again."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        proposal = self._editable(request, job_id)
        try:
            changed = batch.pairs_change(proposal, request.POST)
        except RescoringError as error:
            messages.warning(request, str(error))
            return redirect(self.url("change", proposal))
        if request.headers.get("HX-Request"):
            context = batch.changed_context(proposal, changed, request.POST, now=timezone.now())
            return render(request, "admin/rescoring/changed.html", context)
        query = request.POST.get("query", "")
        return redirect(f"{self.url('change', proposal)}{batch.safe_query(query)}#pair-{request.POST.get('pair', '')}")

    def pair_add_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Add a scored pair by hand."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        proposal = self._editable(request, job_id)
        try:
            added = batch.pair_find_and_add(proposal, request.POST)
        except RescoringError as error:
            messages.warning(request, str(error))
            return redirect(self.url("change", proposal))
        messages.success(request, "The pair is in the batch.")
        return redirect(f"{self.url('change', proposal)}?reason={added.reason}#pair-{added.pk}")

    def approve_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Ask first; then put the batch to the raters, once."""
        proposal = self._editable(request, job_id)
        if request.method == "POST":
            try:
                asked = proposal_approve(proposal=proposal, user=user_of(request), now=timezone.now())
                messages.success(request, f"{asked:,} pairs come next for every rater.")
            except RescoringError as error:
                messages.warning(request, str(error))
            return redirect(self.url("change", proposal))
        facts = batch.approval_facts(proposal, now=timezone.now())
        return self._ask(request, proposal, "Put these pairs to the raters?", facts, yes="Approve")

    def discard_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Ask first; then put the batch aside."""
        proposal = self._editable(request, job_id)
        if request.method == "POST":
            try:
                proposal_discard(proposal=proposal, user=user_of(request), now=timezone.now())
                messages.info(request, f"{proposal} is discarded.")
            except RescoringError as error:
                messages.warning(request, str(error))
            return redirect(self.url("change", proposal))
        facts = ["Nobody is asked about its pairs.", "It stays in the list; another one can be proposed at any time."]
        return self._ask(request, proposal, "Put this batch aside?", facts, yes="Discard", danger=True)

    def _ask(
        self,
        request: HttpRequest,
        proposal: Proposal,
        question: str,
        facts: list[str],
        *,
        yes: str,
        danger: bool = False,
    ) -> HttpResponse:
        asked = {
            "question": question,
            "facts": facts,
            "yes": yes,
            "danger": danger,
            "back": self.url("change", proposal),
        }
        return render(request, "admin/confirm.html", self.page_context(request, str(proposal), **asked))


def _again(proposal: Proposal) -> str:
    """The start form filled in as it was for this one."""
    names = ("method", "count", "control_share", "per_painting", "per_clip", "sure_sd", "n_candidates", "seed")
    given = {name: value for name in names if (value := getattr(proposal, name)) is not None}
    members = [("members", member.pk) for member in proposal.members.all()]
    query = urlencode([("rescoring", proposal.rescoring_id), *given.items(), *members])
    return f"{reverse('admin:rescoring_proposal_add')}?{query}"
