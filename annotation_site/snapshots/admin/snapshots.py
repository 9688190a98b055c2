"""Snapshots in the admin panel: start an export, watch it, see what was sealed, take it away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from annotation_site.jobs.admin import JobAdmin, user_of
from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.pages import comparison, documents, files, starting, verifying
from annotation_site.snapshots.pages.sealed import sealed_context
from annotation_site.snapshots.selectors import has_public_form
from annotation_site.snapshots.services import SnapshotError, snapshot_resume, snapshot_start
from annotation_site.snapshots.words import recipe_rows


@admin.register(Snapshot)
class SnapshotAdmin(JobAdmin):
    panel_template = "admin/snapshots/panel.html"
    list_display = ("title", "state_label", "campaign", "n_pairs", "n_ratings", "size", "short_digest", "created_at")
    list_select_related = ("campaign",)
    list_filter = ("state", "campaign")
    search_fields = ("name", "digest")
    actions = ("compare",)

    class Media:
        css = {"all": ["corpus/corpus.css", "snapshots/snapshots.css"]}

    # --- The list ---------------------------------------------------------------------------------------------------
    @display(description="Snapshot", ordering="name")
    def title(self, snapshot: Snapshot) -> str:
        return snapshot.name

    @display(description="Pairs")
    def n_pairs(self, snapshot: Snapshot) -> str:
        return f"{sum(snapshot.facts['pairs'].values()):,}" if snapshot.facts else ""

    @display(description="Ratings")
    def n_ratings(self, snapshot: Snapshot) -> str:
        return f"{snapshot.facts['ratings']:,}" if snapshot.facts else ""

    @display(description="Size", ordering="n_bytes")
    def size(self, snapshot: Snapshot) -> str:
        return filesizeformat(snapshot.n_bytes) if snapshot.digest else ""

    @display(description="Digest", ordering="digest")
    def short_digest(self, snapshot: Snapshot) -> SafeString | str:
        return format_html("<code>{}</code>", snapshot.digest[:12]) if snapshot.digest else ""

    @action(description="Compare the two chosen", permissions=["view"])
    def compare(self, request: HttpRequest, queryset: QuerySet[Snapshot]) -> HttpResponse | None:
        """Lead to the comparison of two sealed snapshots, the older one first."""
        chosen = list(queryset.filter(state=JobState.DONE).order_by("pk")[:3])
        if len(chosen) != 2 or queryset.count() != 2:
            messages.warning(request, "Choose two sealed snapshots to compare.")
            return None
        query = urlencode({"before": chosen[0].pk, "after": chosen[1].pk})
        return redirect(f"{reverse('admin:snapshots_snapshot_compare')}?{query}")

    # --- Starting one -----------------------------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The recipe's form; after it, the export's own page. The same form sent twice starts one export."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = starting.form_of(request)
        if request.method == "POST" and form.is_valid() and form.recipe is not None:
            asked = form.cleaned_data
            try:
                snapshot = snapshot_start(
                    campaign=asked["campaign"],
                    recipe=form.recipe,
                    name=asked["name"],
                    key=form.key(),
                    user=user_of(request),
                    now=timezone.now(),
                )
            except SnapshotError as error:
                form.add_error(None, str(error))
            else:
                return redirect(self.url("change", snapshot))
        shown = starting.page_of(form, add_url=reverse("admin:snapshots_snapshot_add"))
        return render(request, "admin/snapshots/start.html", self.page_context(request, "Export a snapshot", **shown))

    # --- An export's page -------------------------------------------------------------------------------------------
    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return super().page_context(request, title, media=self.media, **extra)

    def panel_context(self, job: Snapshot) -> dict[str, Any]:
        if job.state == JobState.DONE:
            return sealed_context(job)
        return {"recipe_rows": recipe_rows(job.recipe)}

    def job_actions(self, request: HttpRequest, job: Snapshot) -> list[dict[str, str]]:
        if not job.is_over:
            return []
        again = {
            "title": "Export again like this one",
            "url": f"{reverse('admin:snapshots_snapshot_add')}?again={job.pk}",
            "method": "get",
            "variant": "default",
        }
        if job.state != JobState.DONE:
            return [{"title": "Resume", "url": self.url("resume", job), "method": "post"}, again]
        train = f"{reverse('admin:training_trainingrun_add')}?snapshot={job.pk}"
        return [{"title": "Train on this snapshot", "url": train, "method": "get"}, *_downloads(self, job), again]

    def resume_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Queue a stopped export again."""

        def resume(snapshot: Snapshot) -> None:
            snapshot_resume(snapshot=snapshot, now=timezone.now())

        return self.done_to(request, job_id, resume, refused=SnapshotError)

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "snapshots_snapshot_"
        own = [
            path("estimate/", wrap(starting.estimate_part), name=f"{name}estimate"),
            path("compare/", wrap(comparison.comparison_page), name=f"{name}compare"),
            path("compare/part/", wrap(comparison.comparison_part), name=f"{name}compare_part"),
            path("compare/retry/", wrap(comparison.retry_view), name=f"{name}compare_retry"),
            path("compare/numbers/", wrap(comparison.comparison_file), name=f"{name}compare_numbers"),
            path("<int:job_id>/resume/", wrap(self.resume_view), name=f"{name}resume"),
            path("<int:job_id>/download/", wrap(files.zip_view), name=f"{name}download"),
            path("<int:job_id>/download/public/", wrap(files.public_zip_view), name=f"{name}download_public"),
            path("<int:job_id>/read/<slug:which>/", wrap(documents.document_page), name=f"{name}document"),
            path("<int:job_id>/files/", wrap(files.files_page), name=f"{name}files"),
            path("<int:job_id>/files/<path:name>", wrap(files.file_view), name=f"{name}file"),
            path("<int:job_id>/figures/<path:name>", wrap(files.figure_view), name=f"{name}figure"),
            path("<int:job_id>/verify/", wrap(verifying.verify_view), name=f"{name}verify"),
            path("<int:job_id>/verification/", wrap(verifying.verification_part), name=f"{name}verification"),
        ]
        return own + super().get_urls()


def _downloads(room: SnapshotAdmin, snapshot: Snapshot) -> list[dict[str, str]]:
    """One zip, or two where not all of it may be passed on."""
    whole = {"url": room.url("download", snapshot), "method": "get", "variant": "default"}
    if not has_public_form(snapshot):
        return [whole | {"title": "Download"}]
    public = {"title": "Download what may be passed on", "url": room.url("download_public", snapshot), "method": "get"}
    return [public | {"variant": "default"}, whole | {"title": "Download all of it, for the lab"}]
