"""The card and the other texts of a snapshot, as HTML."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from annotation_site.snapshots.documents import document_html
from annotation_site.snapshots.files import file_open, files_of
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.pages.access import of_sealed
from annotation_site.snapshots.pages.files import file_url

DOCUMENTS = {
    "card": ("README.md", "Card"),
    "datasheet": ("DATASHEET.md", "Data sheet"),
    "licences": ("LICENSE.md", "Licences"),
    "citation": ("CITATION.cff", "Citation"),
}
"""By what stands in the address: the file and its title."""
MOST_BYTES = 2 * 2**20


@require_safe
@of_sealed
def document_page(request: HttpRequest, snapshot: Snapshot, which: str) -> HttpResponse:
    """`which` is a key of `DOCUMENTS`. Raises Http404 for one that this snapshot does not have."""
    if which not in DOCUMENTS:
        raise Http404("There is no such document.")
    name, title = DOCUMENTS[which]
    files = {file.name for file in files_of(snapshot)}
    opened, _ = file_open(snapshot, name)
    with opened:
        text = opened.read(MOST_BYTES).decode(errors="replace")
    context = {
        **admin.site.each_context(request),
        "title": title,
        "snapshot": snapshot,
        "html": _html(snapshot, name, text, files),
        "file_url": file_url(snapshot, name),
        "documents": documents_of(snapshot, files),
        "which": which,
        "back": reverse("admin:snapshots_snapshot_change", args=[snapshot.pk]),
    }
    return render(request, "admin/snapshots/document.html", context)


def documents_of(snapshot: Snapshot, files: set[str]) -> list[dict[str, str]]:
    """The texts that a snapshot has, with their addresses."""
    return [
        {"which": which, "title": title, "url": reverse("admin:snapshots_snapshot_document", args=[snapshot.pk, which])}
        for which, (name, title) in DOCUMENTS.items()
        if name in files
    ]


def _html(snapshot: Snapshot, name: str, text: str, files: set[str]) -> SafeString:
    if not name.endswith(".md"):
        return format_html("<pre>{}</pre>", text)
    return document_html(text, files=files, address=lambda file: file_url(snapshot, file))
