"""What an export that broke off has written: kept for a while, so that it can be gone on with, then removed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder
from mpd_builder.snapshot import discard_leftovers


def leftovers_sweep(*, now: datetime) -> None:
    """Remove what exports have left that were cancelled or failed days ago. Resumed later, they copy all media anew."""
    old = now - timedelta(days=settings.SNAPSHOT_LEFTOVERS_KEPT_DAYS)
    broken_off = Snapshot.objects.filter(state__in=(JobState.CANCELLED, JobState.FAILED), finished_at__lt=old)
    for snapshot in broken_off.exclude(folder=""):
        discard_leftovers(snapshot_folder(snapshot))
