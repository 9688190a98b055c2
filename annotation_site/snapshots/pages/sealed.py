"""What the page of a sealed snapshot shows, beside the figures that `selectors.snapshot_facts` makes of its facts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.files import FIGURES, TABLES, File, NoSuchFile, files_of
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.pages.documents import documents_of
from annotation_site.snapshots.pages.files import figure_url, file_url
from annotation_site.snapshots.pages.leakage import leakage_of
from annotation_site.snapshots.pages.verifying import verification_context
from annotation_site.snapshots.selectors import snapshot_facts
from annotation_site.snapshots.words import recipe_rows, score_label, split_words
from annotation_site.training.selectors import runs_on

LISTED = 50
SINGLE_FILES = {
    "croissant.json": "Croissant",
    "leakage.json": "Leakage certificate",
    "manifest.json": "Manifest",
    "SHA256SUMS": "Checksums",
}
"""What is offered by name beside the zip, besides the tables."""


def sealed_context(snapshot: Snapshot) -> dict[str, Any]:
    """Everything but the job's own state."""
    try:
        files, gone = files_of(snapshot), ""
    except NoSuchFile as error:
        files, gone = [], str(error)
    return {
        "facts": snapshot_facts(snapshot),
        "recipe_rows": recipe_rows(snapshot.recipe),
        "score_label": score_label(snapshot.recipe),
        "split_words": split_words(snapshot.recipe),
        "leakage": leakage_of(snapshot),
        "gone": gone,
        "documents": documents_of(snapshot, {file.name for file in files}),
        "figures": _figures(snapshot, files),
        "tables": [_line(snapshot, file) for file in files if file.group == TABLES],
        "single_files": [
            {"title": SINGLE_FILES[file.name], **_line(snapshot, file)} for file in files if file.name in SINGLE_FILES
        ],
        "files_url": reverse("admin:snapshots_snapshot_files", args=[snapshot.pk]),
        "runs": runs_on(snapshot),
        **comparable_context(snapshot),
        **verification_context(snapshot),
    }


def comparable_context(snapshot: Snapshot) -> dict[str, Any]:
    """The sealed snapshots that it can be compared with; the newest older one of its campaign is proposed."""
    others = Snapshot.objects.filter(state=JobState.DONE).exclude(pk=snapshot.pk).order_by("-pk")
    listed = list(others.only("pk", "name", "digest", "campaign_id")[:LISTED])
    likely = [one.pk for one in listed if one.campaign_id == snapshot.campaign_id and one.pk < snapshot.pk]
    return {
        "comparable": listed,
        "likely": likely[0] if likely else None,
        "compare_url": reverse("admin:snapshots_snapshot_compare"),
    }


def _figures(snapshot: Snapshot, files: Sequence[File]) -> list[dict[str, str]]:
    drawn = [file.name for file in files if file.group == FIGURES and file.name.endswith(".svg")]
    return [{"title": _title(name), "url": figure_url(snapshot, name)} for name in drawn]


def _title(name: str) -> str:
    return PurePosixPath(name).stem.replace("-", " ").replace("_", " ").capitalize()


def _line(snapshot: Snapshot, file: File) -> dict[str, Any]:
    return {"file": file, "name": PurePosixPath(file.name).name, "url": file_url(snapshot, file.name)}
