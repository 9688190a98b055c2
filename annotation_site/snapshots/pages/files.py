"""The files of a snapshot: their list, each of them, and its figures where they stand."""

from __future__ import annotations

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotation_site.snapshots.downloads import download, file_download
from annotation_site.snapshots.files import FIGURES, GROUPS, files_of
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.pages.access import of_sealed
from annotation_site.snapshots.services import Form, NoPublicForm

FILES_A_PAGE = 100


def file_url(snapshot: Snapshot, name: str) -> str:
    """Where a file is got; a figure is shown in place."""
    if name.startswith("figures/") and name.endswith(".svg"):
        return figure_url(snapshot, name)
    return reverse("admin:snapshots_snapshot_file", args=[snapshot.pk, name])


def figure_url(snapshot: Snapshot, name: str) -> str:
    return reverse("admin:snapshots_snapshot_figure", args=[snapshot.pk, name.removeprefix("figures/")])


@require_safe
@of_sealed
def files_page(request: HttpRequest, snapshot: Snapshot) -> HttpResponse:
    """`group` shows one kind only, `page` leafs."""
    files = files_of(snapshot)
    counted = {group: [file for file in files if file.group == group] for group in GROUPS}
    chosen = request.GET.get("group", "")
    shown = counted.get(chosen, files)
    page = Paginator(shown, FILES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        **admin.site.each_context(request),
        "title": "Files",
        "snapshot": snapshot,
        "page": page,
        "rows": [{"file": file, "url": file_url(snapshot, file.name)} for file in page],
        "groups": [
            {"name": group, "n": len(own), "n_bytes": sum(file.n_bytes for file in own)}
            for group, own in counted.items()
            if own
        ],
        "chosen": chosen if chosen in counted else "",
        "n_files": len(files),
        "n_bytes": sum(file.n_bytes for file in files),
        "back": reverse("admin:snapshots_snapshot_change", args=[snapshot.pk]),
    }
    return render(request, "admin/snapshots/files.html", context)


@require_safe
@of_sealed
def file_view(request: HttpRequest, snapshot: Snapshot, name: str) -> HttpResponseBase:
    """One file, as a download."""
    return file_download(request, snapshot, name)


@require_safe
@of_sealed
def figure_view(request: HttpRequest, snapshot: Snapshot, name: str) -> HttpResponseBase:
    """A figure, shown where a page puts it. Nothing in it runs, whatever it holds."""
    return file_download(request, snapshot, f"{FIGURES.lower()}/{name}", is_shown=True)


@require_safe
@of_sealed
def zip_view(request: HttpRequest, snapshot: Snapshot) -> HttpResponseBase:
    """All of it, as a zip."""
    return download(request, snapshot, Form.COMPLETE)


@require_safe
@of_sealed
def public_zip_view(request: HttpRequest, snapshot: Snapshot) -> HttpResponseBase:
    """What may be passed on of it, as a zip."""
    try:
        return download(request, snapshot, Form.PUBLIC)
    except NoPublicForm as error:
        raise Http404(str(error)) from None
