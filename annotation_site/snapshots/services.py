"""Writes of the snapshots room: start and resume an export, keep what the writer sealed, have it verified."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from annotation_site.accounts.models import User
from annotation_site.jobs.models import ENDED, Job, JobState
from annotation_site.jobs.services import JobLost, job_enqueue
from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.errors import RecipeRefused, SnapshotError
from annotation_site.snapshots.models import Comparison, Snapshot, Verification
from annotation_site.snapshots.recipes import recipe_for
from annotation_site.snapshots.selectors import pairs_that_go
from mpd_builder import __version__
from mpd_builder.snapshot import NoPublicForm, Recipe, archive, public
from mpd_builder.snapshot.archive import Archive
from mpd_builder.snapshot.manifest import SUMS_NAME

WAITING = "Waiting for a worker"


def snapshot_folder(snapshot: Snapshot) -> Path:
    return Path(settings.SNAPSHOTS_ROOT) / snapshot.folder


def snapshot_start(
    *,
    campaign: Campaign,
    recipe: str | Recipe,
    now: datetime,
    name: str = "",
    user: User | None = None,
    overrides: Mapping[str, Any] | None = None,
    key: UUID | None = None,
) -> Snapshot:
    """Queue an export. The same `key` again starts nothing and gives the export that it started.

    recipe: the name of one, which `overrides` may change, or one that `recipe_for` made.
    Raises `RecipeRefused`, or `SnapshotError` for a campaign with nothing to export and for a key of another export.
    """
    chosen = recipe if isinstance(recipe, Recipe) else recipe_for(campaign=campaign, name=recipe, overrides=overrides)
    if key and (first := Snapshot.objects.filter(key=key).first()):
        return _same(first, campaign, chosen)
    enough = pairs_that_go(campaign).filter(rating_count__gte=chosen.min_ratings)
    if not enough.exists():
        raise SnapshotError(
            f"No pair of {campaign} has its {chosen.min_ratings} ratings yet, so there is nothing to put into a "
            "snapshot."
        )
    try:
        with transaction.atomic():
            return _queue(campaign=campaign, recipe=chosen, name=name, user=user, key=key, now=now)
    except IntegrityError:  # another request with the same key came first
        won = Snapshot.objects.filter(key=key).first() if key else None
        if won is None:
            raise
        return _same(won, campaign, chosen)


def _queue(
    *, campaign: Campaign, recipe: Recipe, name: str, user: User | None, key: UUID | None, now: datetime
) -> Snapshot:
    snapshot = Snapshot.objects.create(
        campaign=campaign,
        name=name or f"{campaign.name}, {now:%-d %b %Y}",
        recipe=recipe.to_dict(),
        key=key,
        words=WAITING,
        created_by=user,
        created_at=now,
    )
    snapshot.folder = f"snapshot-{snapshot.pk:06d}"
    snapshot.save(update_fields=["folder"])
    job_enqueue(job=snapshot, now=now)
    return snapshot


def _same(first: Snapshot, campaign: Campaign, recipe: Recipe) -> Snapshot:
    """What a key started, if it is what is asked for now."""
    if (first.campaign_id, first.recipe) != (campaign.pk, recipe.to_dict()):
        raise SnapshotError(f"This key started another export already: {first}. Send a new key for a new export.")
    return first


def snapshot_resume(*, snapshot: Snapshot, now: datetime) -> None:
    """Queue an export that failed or was cancelled again, into the same folder. Asked twice, it starts once."""
    if not _queue_again(snapshot, Q(state__in=[JobState.FAILED, JobState.CANCELLED]), now=now):
        raise SnapshotError(f"{snapshot} has not stopped: only a failed or cancelled export can be resumed.")


@transaction.atomic
def _queue_again(job: Job, condition: Q, *, now: datetime) -> bool:
    """Give an ended job another life, if the condition still holds; False if it does not."""
    ended = type(job)._default_manager.filter(condition, pk=job.pk, state__in=ENDED)
    if not ended.update(
        state=JobState.QUEUED,
        cancel_requested=False,
        error="",
        attempts=0,
        worker="",
        sent_at=None,
        finished_at=None,
        words=WAITING,
    ):
        return False
    job.refresh_from_db()
    job_enqueue(job=job, now=now)
    return True


def snapshot_keep(*, snapshot: Snapshot, digest: str, n_files: int, n_bytes: int, facts: dict[str, Any]) -> None:
    """Write into the row what lies sealed in its folder. Raises `JobLost` if another worker has the job."""
    held = Snapshot.objects.filter(pk=snapshot.pk, state=JobState.RUNNING, worker=snapshot.worker)
    if not held.update(digest=digest, n_files=n_files, n_bytes=n_bytes, facts=facts):
        raise JobLost(f"Snapshot {snapshot.pk} is no longer held by {snapshot.worker}")


def verification_start(*, snapshot: Snapshot, now: datetime, user: User | None = None) -> Verification:
    """Queue a reading of every byte of a sealed snapshot; the one that waits or runs already, if there is one."""
    if snapshot.state != JobState.DONE:
        raise SnapshotError(f"{snapshot} is not sealed: there is nothing to verify yet.")
    going = snapshot.verifications.filter(state__in=[JobState.QUEUED, JobState.RUNNING])
    if found := going.first():
        return found
    try:
        with transaction.atomic():
            verification = Verification.objects.create(
                snapshot=snapshot, words=WAITING, created_by=user, created_at=now
            )
            job_enqueue(job=verification, now=now)
            return verification
    except IntegrityError:  # another request came first
        return going.get()


def comparison_ask(*, before: Snapshot, after: Snapshot, now: datetime, user: User | None = None) -> Comparison:
    """The comparison of two sealed snapshots: the one that there is, or one that a worker is to make now.

    One that other code made is made anew. One that failed stays failed until `comparison_retry`.
    """
    for snapshot in (before, after):
        if snapshot.state != JobState.DONE:
            raise SnapshotError(f"{snapshot} is not sealed yet: wait until its export is done.")
    try:
        with transaction.atomic():
            comparison, is_new = Comparison.objects.select_related("before", "after").get_or_create(
                before=before, after=after, defaults={"words": WAITING, "created_by": user, "created_at": now}
            )
            if is_new:
                job_enqueue(job=comparison, now=now)
    except IntegrityError:  # another request came first
        return Comparison.objects.get(before=before, after=after)
    if comparison.state == JobState.DONE and comparison.code_version != __version__:
        _queue_again(comparison, Q(state=JobState.DONE) & ~Q(code_version=__version__), now=now)
    return comparison


def comparison_retry(*, comparison: Comparison, now: datetime) -> None:
    """Queue one that failed or was cancelled again. One that did not is left as it is."""
    _queue_again(comparison, Q(state__in=[JobState.FAILED, JobState.CANCELLED]), now=now)


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
    return {place.name: place.read_bytes() for place in sorted(beside.iterdir())}


def _partial(place: Path) -> Path:
    return place.with_name(f"{place.name}.{uuid4().hex[:8]}.partial")


__all__ = [
    "Download",
    "Form",
    "NoPublicForm",
    "RecipeRefused",
    "SnapshotError",
    "archive_prepare",
    "comparison_ask",
    "comparison_retry",
    "recipe_for",
    "snapshot_folder",
    "snapshot_keep",
    "snapshot_resume",
    "snapshot_start",
    "verification_start",
]
