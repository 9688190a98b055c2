"""Writes of the snapshots room: start an export, and keep what the writer sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from annotation_site.accounts.models import User
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import JobLost, job_enqueue
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.snapshots.models import Snapshot
from mpd_builder.snapshot import Recipe, RecipeError, archive
from mpd_builder.snapshot import recipe as recipes
from mpd_builder.snapshot.archive import Archive


class SnapshotError(Exception):
    """What was asked for cannot be done; the text says why in a person's words."""


def snapshot_folder(snapshot: Snapshot) -> Path:
    return Path(settings.SNAPSHOTS_ROOT) / snapshot.folder


def recipe_for(*, campaign: Campaign, name: str) -> Recipe:
    """The named recipe under the campaign's own protocol: its raters per pair, trim, band and votes."""
    try:
        return replace(
            recipes.get(name),
            raters_per_pair=campaign.raters_per_pair,
            min_ratings=campaign.raters_per_pair,
            trim=campaign.trim,
            band=(campaign.band_low, campaign.band_high),
            votes_needed=campaign.votes_per_task,
        )
    except RecipeError as error:
        raise SnapshotError(str(error)) from None


@transaction.atomic
def snapshot_start(
    *, campaign: Campaign, recipe: str, now: datetime, name: str = "", user: User | None = None
) -> Snapshot:
    """Queue an export. Raises `SnapshotError` for an unknown recipe or a campaign with nothing to export."""
    chosen = recipe_for(campaign=campaign, name=recipe)
    if not Pair.objects.filter(campaign=campaign, completed_at__isnull=False).exists():
        raise SnapshotError(
            f"No pair of {campaign} has its {campaign.raters_per_pair} ratings yet, so there is nothing to put into a "
            "snapshot."
        )
    snapshot = Snapshot.objects.create(
        campaign=campaign,
        name=name or f"{campaign.name}, {now:%-d %b %Y}",
        recipe=chosen.to_dict(),
        words="Waiting for a worker",
        created_by=user,
        created_at=now,
    )
    snapshot.folder = f"snapshot-{snapshot.pk:06d}"
    snapshot.save(update_fields=["folder"])
    job_enqueue(job=snapshot, now=now)
    return snapshot


def snapshot_keep(*, snapshot: Snapshot, digest: str, n_files: int, n_bytes: int, facts: dict[str, Any]) -> None:
    """Write into the row what lies sealed in its folder. Raises `JobLost` if another worker has the job."""
    held = Snapshot.objects.filter(pk=snapshot.pk, state=JobState.RUNNING, worker=snapshot.worker)
    if not held.update(digest=digest, n_files=n_files, n_bytes=n_bytes, facts=facts):
        raise JobLost(f"Snapshot {snapshot.pk} is no longer held by {snapshot.worker}")


def archive_prepare(*, snapshot: Snapshot) -> Archive:
    """The snapshot's zip. Its index is read from beside the folder, or made there once (that reads every byte)."""
    folder = snapshot_folder(snapshot)
    beside = folder.with_name(f"{folder.name}.zip-index.json")
    try:
        entries = archive.index_from_json(beside.read_text())
    except (FileNotFoundError, ValueError):
        entries = archive.index(folder)
        fresh = beside.with_name(f"{beside.name}.{uuid4().hex[:8]}.partial")
        fresh.write_text(archive.index_to_json(entries))
        fresh.replace(beside)
    return Archive(folder, entries, folder=archive_name(snapshot))


def archive_name(snapshot: Snapshot) -> str:
    """The zip's name without its ending, and the folder inside."""
    return f"mpd-{snapshot.recipe['name']}-{snapshot.digest[:12]}"
