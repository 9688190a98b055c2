"""Reads of the corpus: what an import brought, and which stored files a person may fetch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet

from annotation_site.accounts.models import User
from annotation_site.corpus.models import (
    Clip,
    ImportIssue,
    ImportJob,
    Painting,
    PaintingLikeness,
    Track,
    TrackLikeness,
)
from annotation_site.spreadsheets import csv_lines

_SHOWN = re.compile(r"derived/[0-9a-f]{2}/[0-9a-f]{64}\.(?:jpg|flac)")
_KEPT = re.compile(r"(?:derived|originals)/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{2,5}")


@dataclass(frozen=True, slots=True)
class Brought:
    """What one import added."""

    paintings: int
    tracks: int
    clips: int


def import_brought(job: ImportJob) -> Brought:
    tracks = Track.objects.filter(imported_by=job)
    return Brought(
        paintings=Painting.objects.filter(imported_by=job).count(),
        tracks=tracks.count(),
        clips=Clip.objects.filter(track__in=tracks).count(),
    )


def import_issues(job: ImportJob, level: ImportIssue.Level) -> QuerySet[ImportIssue]:
    return ImportIssue.objects.filter(job=job, level=level).order_by("file", "pk")


ISSUE_COLUMNS = ("file", "level", "code", "reason", "hint")


def issues_csv(job: ImportJob) -> Iterator[str]:
    """What was wrong with which file as the lines of a CSV file, what was not taken first."""
    rows = (
        cells
        for level in (ImportIssue.Level.REJECTED, ImportIssue.Level.WARNING)
        for cells in import_issues(job, level).values_list(*ISSUE_COLUMNS).iterator(chunk_size=1_000)
    )
    return csv_lines(columns=ISSUE_COLUMNS, rows=rows)


def issue_codes(job: ImportJob) -> dict[str, int]:
    """How many issues there are of each code, the most frequent first."""
    rows = ImportIssue.objects.filter(job=job).values_list("code").annotate(n=Count("pk")).order_by("-n", "code")
    return dict(rows)


def paintings_for_pairs() -> QuerySet[Painting]:
    """What may come into a new pair: not what was withdrawn, nor what raters are shown as an example."""
    return Painting.objects.filter(withdrawn_at=None, examples=None)


def clips_for_pairs() -> QuerySet[Clip]:
    """What may come into a new pair: no silent clips, no examples, none of a withdrawn track. Without their peaks."""
    return Clip.objects.filter(is_silent=False, track__withdrawn_at=None, examples=None).defer("peaks")


def import_newest(job: ImportJob, count: int) -> QuerySet[Painting]:
    """The paintings that the import stored last."""
    return Painting.objects.filter(imported_by=job).order_by("-pk")[:count]


def import_likenesses(job: ImportJob) -> tuple[int, int]:
    """How many pairs of paintings, and of tracks, the import found to be alike."""
    return (
        PaintingLikeness.objects.filter(found_by=job).count(),
        TrackLikeness.objects.filter(found_by=job).count(),
    )


def media_may_be_read(*, user: User | AnonymousUser, name: str) -> bool:
    """Whoever is logged in may fetch what pages show; originals and the model's inputs are for admins.

    Names are hashes of the files' bytes: whoever has not been shown one cannot guess it.
    """
    if not user.is_authenticated:
        return False
    return (_KEPT if user.is_staff else _SHOWN).fullmatch(name) is not None
