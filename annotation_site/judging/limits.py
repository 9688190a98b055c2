"""What one judging may cost, by the site's settings (docs/running.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from annotation_site.corpus.limits import limits_here
from annotation_site.judging.errors import TooLarge
from mpd_builder.ingest import Limits

MOST_PAINTINGS: Final = 12
MOST_PAIRS: Final = 240
"""Paintings x windows: some minutes of two cores for the largest recipe."""

DECODING_SECONDS: Final = 90.0
FORM_BYTES: Final = 2**20


def judging_limits() -> Limits:
    """The limits of one file: an import's, and below those the judge's own."""
    return replace(
        limits_here(),
        max_picture_bytes=settings.JUDGE_MAX_PICTURE_MB * 2**20,
        max_sound_bytes=settings.JUDGE_MAX_SOUND_MB * 2**20,
        max_seconds=settings.JUDGE_MAX_MINUTES * 60.0,
    )


def body_check(request: HttpRequest) -> None:
    """Refuse a request by the length that it says it has, before any of it is read. Raises `TooLarge`."""
    most = settings.JUDGE_MAX_REQUEST_MB * 2**20 + FORM_BYTES
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > most:
        raise TooLarge(f"All files together may have {settings.JUDGE_MAX_REQUEST_MB} MB. Send fewer or smaller ones.")
