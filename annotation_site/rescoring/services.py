"""Writes of a rescoring's life: start, hand over to its shards, follow them, pause, resume, cancel.

A rescoring is claimed by a worker twice, to gather the inputs and to join the shards' scores. In between its row is
`running` and held by nobody; `rescoring_follow` decides what comes of it, under a lock of the row, so that the last
shard to end joins exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet, Sum

from annotation_site.accounts.models import User
from annotation_site.jobs.models import Job, JobState
from annotation_site.jobs.services import JobLost, job_cancel, job_enqueue
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.models import Device, Pool, Rescoring, RescoringShard, Stage
from annotation_site.rescoring.pools import MOST_PAIRS, style_pool_size, too_many
from annotation_site.scoring.models import Campaign
from annotation_site.training.artefacts import folder_of
from annotation_site.training.models import ModelVersion

WAITING = "Waiting for a worker"
STOPPED = (JobState.FAILED, JobState.CANCELLED)


def rescoring_folder(rescoring: Rescoring) -> Path:
    """The rescoring's folder on this machine, which all that score share."""
    return folder_of(rescoring.folder)


@transaction.atomic
def rescoring_start(
    *,
    version: ModelVersion,
    campaign: Campaign,
    now: datetime,
    pool: str = Pool.RANDOM,
    pool_size: int = 2000,
    styles: Sequence[str] = (),
    ask_for: int = 40,
    control_share: float = 0.2,
    seed: int = 0,
    device: str = Device.AUTO,
    user: User | None = None,
) -> Rescoring:
    """Queue the scoring of a pool. With `ask_for` above 0 a batch is proposed once all is scored; nobody is asked yet.

    Raises `RescoringError` in words for what cannot be.
    """
    _check(campaign, Pool(pool), pool_size=pool_size, styles=styles, ask_for=ask_for, control_share=control_share)
    rescoring = Rescoring.objects.create(
        version=version,
        campaign=campaign,
        pool=pool,
        pool_size=pool_size,
        styles=sorted(set(styles)) if pool == Pool.STYLES else [],
        ask_for=ask_for,
        control_share=control_share,
        seed=seed,
        device=Device(device),
        words=WAITING,
        created_by=user,
        created_at=now,
    )
    rescoring.folder = f"rescoring-{rescoring.pk:06d}"
    rescoring.save(update_fields=["folder"])
    job_enqueue(job=rescoring, now=now)
    return rescoring


def _check(
    campaign: Campaign, pool: Pool, *, pool_size: int, styles: Sequence[str], ask_for: int, control_share: float
) -> None:
    if ask_for and not campaign.is_open:
        raise RescoringError(f"{campaign} is closed: nobody would score what the model asks for.")
    if ask_for < 0 or not 0 <= control_share <= 1:
        raise RescoringError("The control share is a number from 0 to 1, and no fewer than 0 pairs can be asked for.")
    if pool == Pool.RANDOM and not 0 < pool_size <= MOST_PAIRS:
        raise RescoringError(f"A random pool has from 1 to {MOST_PAIRS:,} pairs: for more, score the whole matrix.")
    if pool == Pool.RANDOM and ask_for > pool_size:
        raise RescoringError("The model can ask for no more pairs than are scored.")
    if pool == Pool.STYLES:
        if not styles:
            raise RescoringError("Choose at least one style.")
        if (count := style_pool_size(campaign=campaign, styles=styles)) > MOST_PAIRS:
            raise RescoringError(too_many(count))


# --- From its row to its shards, and back ------------------------------------------------------------------------
@transaction.atomic
def rescoring_hand_over(*, rescoring: Rescoring, sizes: Sequence[int], now: datetime) -> None:
    """Give the work of a rescoring that this worker holds to as many shards as there are sizes (pairs each).

    Raises `JobLost` where another worker holds it.
    """
    held = Rescoring.objects.filter(pk=rescoring.pk, state=JobState.RUNNING, worker=rescoring.worker)
    if not held.update(
        stage=Stage.SCORING, worker="", heartbeat_at=None, attempts=0, done=0, total=sum(sizes), words="Scoring"
    ):
        raise JobLost(f"Rescoring {rescoring.pk} is no longer held by {rescoring.worker}")
    rescoring.shards.all().delete()
    for index, size in enumerate(sizes):
        shard = RescoringShard.objects.create(
            rescoring=rescoring, index=index, total=size, words=WAITING, created_at=now
        )
        job_enqueue(job=shard, now=now)


@transaction.atomic
def rescoring_follow(*, rescoring_id: int, now: datetime) -> None:
    """Draw the consequence of what the shards have come to: fail with one, join once all are done, or go on.

    Called after every shard and by the sweep; whoever comes second finds nothing to do.
    """
    rescoring = _scoring(rescoring_id)
    if rescoring is None:
        return
    shards = rescoring.shards.all()
    _count(rescoring)
    if rescoring.cancel_requested:
        _end(rescoring, JobState.CANCELLED, now=now)
    elif failed := shards.filter(state=JobState.FAILED).order_by("index").first():
        _end(rescoring, JobState.FAILED, now=now, error=f"Shard {failed.index + 1}: {failed.error}")
    elif not shards.exclude(state=JobState.DONE).exists():
        _queue(rescoring, now=now, stage=Stage.JOINING, words="All is scored; waiting to be joined")
    elif rescoring.paused_at is None:
        _requeue(shards.filter(state=JobState.CANCELLED), now=now)


def _scoring(rescoring_id: int) -> Rescoring | None:
    """The rescoring, locked, if its shards are what is being worked on."""
    rows = Rescoring.objects.select_for_update(no_key=True)
    return rows.filter(pk=rescoring_id, state=JobState.RUNNING, stage=Stage.SCORING, worker="").first()


def rescoring_count(*, rescoring_id: int) -> None:
    """Write the sum of the shards' progress into the rescoring's row."""
    rescoring = Rescoring.objects.filter(pk=rescoring_id, state=JobState.RUNNING, stage=Stage.SCORING).first()
    if rescoring is not None:
        _count(rescoring)


def _count(rescoring: Rescoring) -> None:
    done = rescoring.shards.aggregate(n=Sum("done"))["n"] or 0
    at_work = rescoring.shards.filter(state=JobState.RUNNING).count()
    workers = f" on {at_work} worker{'' if at_work == 1 else 's'}" if at_work else ""
    words = "Paused" if rescoring.is_paused else f"Scoring: {done:,} of {rescoring.total:,} pairs{workers}"
    Rescoring.objects.filter(pk=rescoring.pk, stage=Stage.SCORING).update(done=done, words=words)


def _queue(job: Job, *, now: datetime, **fields: str) -> None:
    """Offer a job that nobody holds to the workers, with all its attempts before it."""
    fresh = {"cancel_requested": False, "error": "", "attempts": 0, "worker": "", "sent_at": None, "finished_at": None}
    type(job)._default_manager.filter(pk=job.pk).update(
        **{"state": JobState.QUEUED, "words": WAITING, **fresh, **fields}
    )
    job.refresh_from_db()
    job_enqueue(job=job, now=now)


def _requeue(shards: QuerySet[RescoringShard], *, now: datetime) -> None:
    for shard in shards.select_for_update(no_key=True).order_by("pk"):
        _queue(shard, now=now)


def _halt(rescoring: Rescoring, *, now: datetime) -> None:
    """Stop the shards: those at work save what they have, those that wait are not begun."""
    for shard in rescoring.shards.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("pk"):
        job_cancel(job=shard, now=now)


def _end(rescoring: Rescoring, state: JobState, *, now: datetime, error: str = "") -> None:
    Rescoring.objects.filter(pk=rescoring.pk).update(state=state, error=error, finished_at=now, paused_at=None)
    _halt(rescoring, now=now)


# --- What people ask for -----------------------------------------------------------------------------------------
@transaction.atomic
def rescoring_pause(*, rescoring: Rescoring, now: datetime) -> None:
    """Let the shards at work save and stop, and begin no other. Paused twice is paused."""
    locked = _scoring(rescoring.pk)
    if locked is None:
        raise RescoringError(f"{rescoring} is not scoring: there is nothing to pause.")
    Rescoring.objects.filter(pk=locked.pk, paused_at=None).update(paused_at=now, words="Paused")
    _halt(locked, now=now)


@transaction.atomic
def rescoring_resume(*, rescoring: Rescoring, now: datetime) -> None:
    """Go on where it was paused, cancelled or failed: from the shards that are done. Asked twice, it goes on once."""
    locked = Rescoring.objects.select_for_update(no_key=True).get(pk=rescoring.pk)
    if not locked.is_paused and locked.state not in STOPPED:
        raise RescoringError(
            f"{rescoring} has not stopped: only a paused, failed or cancelled rescoring can be resumed."
        )
    if locked.stage != Stage.SCORING:
        _queue(locked, now=now)
        return
    Rescoring.objects.filter(pk=locked.pk).update(
        state=JobState.RUNNING,
        worker="",
        heartbeat_at=None,
        paused_at=None,
        cancel_requested=False,
        error="",
        finished_at=None,
        words="Scoring",
    )
    # One that is still on its way to a stop either goes on or ends cancelled: then the following queues it again.
    locked.shards.filter(state=JobState.RUNNING).update(cancel_requested=False)
    _requeue(locked.shards.filter(state__in=STOPPED), now=now)
    rescoring_follow(rescoring_id=locked.pk, now=now)


@transaction.atomic
def rescoring_cancel(*, rescoring: Rescoring, now: datetime) -> bool:
    """Stop it at whatever stage; what is scored stays for a resume. False where it is over already."""
    locked = _scoring(rescoring.pk)
    if locked is None:
        return job_cancel(job=rescoring, now=now)
    _end(locked, JobState.CANCELLED, now=now)
    return True


def rescorings_sweep(*, now: datetime) -> None:
    """Follow every rescoring at its shards: a worker may have died between a shard's end and what follows."""
    going = Rescoring.objects.filter(state=JobState.RUNNING, stage=Stage.SCORING, worker="")
    for pk in going.values_list("pk", flat=True):
        rescoring_follow(rescoring_id=pk, now=now)
