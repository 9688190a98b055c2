"""What a run leaves, to look at and to take away: its report as a page, its maps, the files of its folder."""

from __future__ import annotations

from typing import IO, Final

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from annotation_site.folders import open_below
from annotation_site.training import artefacts
from annotation_site.training.models import TrainingRun
from annotation_site.training.pages.access import of_run
from model.files import EXAMPLE_NAMES
from model.report import ReportError, page

LOCKED_IN: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of what a browser shows as it is: nothing in it runs, and it asks nobody for anything."""

FILES: Final = {
    "report.json": "All figures",
    "config.json": "The config",
    "events.jsonl": "What it said, line by line",
    "log.txt": "The log",
    "checkpoint.safetensors": "The weights",
    "checkpoint.json": "What the weights are",
}


@require_safe
@of_run
def report_view(request: HttpRequest, run: TrainingRun) -> HttpResponse:
    """The report as one HTML page; with `?download` to keep."""
    try:
        text = page(run.report)
    except ReportError as error:
        raise Http404(str(error)) from None
    response = HttpResponse(text)
    response["Content-Security-Policy"] = LOCKED_IN
    if "download" in request.GET:
        response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-report.html"'
    return response


@require_safe
@of_run
def map_view(request: HttpRequest, run: TrainingRun, name: str) -> HttpResponseBase:
    """One picture of the run's modulation maps."""
    if name not in EXAMPLE_NAMES:
        raise Http404("There is no such picture.")
    return _sent(run, name, kind="image/png", is_shown=True)


@require_safe
@of_run
def file_view(request: HttpRequest, run: TrainingRun, name: str) -> HttpResponseBase:
    """One of the files that a run leaves, to keep."""
    if name not in FILES:
        raise Http404("A run leaves no such file.")
    return _sent(run, name, kind="application/octet-stream", is_shown=False)


def files_of(run: TrainingRun) -> list[tuple[str, str]]:
    """The files that are there now, each with what it is; none while their storage cannot be reached."""
    try:
        there = {file.name for file in artefacts.files_of(run.folder)}
    except artefacts.StorageUnreachable:
        return []
    return [(name, words) for name, words in FILES.items() if name in there]


def opened(run: TrainingRun, name: str) -> IO[bytes]:
    """A file of the run to read, no link followed. Raises OSError where there is none, `StorageUnreachable`."""
    if artefacts.in_place():
        return open_below(artefacts.folder_of(run.folder), [name])
    return artefacts.open_file(run.folder, name)


def _sent(run: TrainingRun, name: str, *, kind: str, is_shown: bool) -> FileResponse:
    try:
        file = opened(run, name)
    except (OSError, artefacts.StorageUnreachable):
        raise Http404("The file is not here any more.") from None
    response = FileResponse(file, content_type=kind, as_attachment=not is_shown, filename=f"run-{run.pk}-{name}")
    response["Content-Security-Policy"] = LOCKED_IN
    response["X-Content-Type-Options"] = "nosniff"
    return response
