"""Writes of the snapshots room: start an export, and keep what the writer sealed."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
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
from mpd_builder.snapshot import NoPublicForm, Recipe, RecipeError, archive, public
from mpd_builder.snapshot import recipe as recipes
from mpd_builder.snapshot.archive import Archive
from mpd_builder.snapshot.manifest import SUMS_NAME


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


class Form(StrEnum):
    """What of a snapshot a zip holds: all of it, or what may be passed on."""

    COMPLETE = "complete"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Download:
    """A snapshot's zip, ready to be sent: its name without the ending, and the digest of what it unpacks to."""

    archive: Archive
    name: str
    digest: str


def archive_prepare(*, snapshot: Snapshot, form: Form = Form.COMPLETE) -> Download:
    """The snapshot's zip in one of its forms. Raises `NoPublicForm` where everything may be passed on.

    The index is read from beside the folder, or made there once (that reads every byte).
    """
    folder = snapshot_folder(snapshot)
    entries = _index(folder)
    recipe = snapshot.recipe["name"]
    if form is Form.COMPLETE:
        name = f"mpd-{recipe}-{snapshot.digest[:12]}"
        return Download(Archive(folder, entries, folder=name), name, snapshot.digest)
    cover = _cover(folder)
    digest = hashlib.sha256(cover[SUMS_NAME]).hexdigest()
    name = f"mpd-{recipe}-public-{digest[:12]}"
    return Download(Archive(folder, archive.covered(entries, cover), folder=name, cover=cover), name, digest)


def _index(folder: Path) -> tuple[archive.Entry, ...]:
    beside = folder.with_name(f"{folder.name}.zip-index.json")
    try:
        return archive.index_from_json(beside.read_text())
    except (FileNotFoundError, ValueError):
        entries = archive.index(folder)
        fresh = _partial(beside)
        fresh.write_text(archive.index_to_json(entries))
        fresh.replace(beside)
        return entries


def _cover(folder: Path) -> dict[str, bytes]:
    """The files that the public form has of its own. They stay as they were first made, beside the folder."""
    beside = folder.with_name(f"{folder.name}.public")
    if not beside.exists():
        fresh = _partial(beside)
        fresh.mkdir()
        for name, content in public.cover(folder).items():
            (fresh / name).write_bytes(content)
        try:
            fresh.rename(beside)
        except OSError:
            shutil.rmtree(fresh)
            if not beside.exists():  # else another process made the same
                raise
    return {name: (beside / name).read_bytes() for name in public.COVER}


def _partial(place: Path) -> Path:
    return place.with_name(f"{place.name}.{uuid4().hex[:8]}.partial")


__all__ = [
    "Download",
    "Form",
    "NoPublicForm",
    "SnapshotError",
    "archive_prepare",
    "recipe_for",
    "snapshot_folder",
    "snapshot_keep",
    "snapshot_start",
]
