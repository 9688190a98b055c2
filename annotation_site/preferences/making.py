"""Writes that make places for votes: new 2AFC tasks of ambiguous pairs, and more places for tasks in a tie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from random import Random

from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Coalesce

from annotation_site.leases.answers import batches
from annotation_site.leases.models import ORDER_KEYS, Queue
from annotation_site.leases.services import slots_lock
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.preferences.selectors import ShortTask, pairs_for_tasks, tasks_short
from annotation_site.scoring.models import Campaign
from mpd_builder import preferences, records

_ROWS = 500  # rows a statement, well below what SQLite takes as parameters


@transaction.atomic
def tasks_make(*, campaign: Campaign, count: int | None, seed: int, now: datetime) -> list[PreferenceTask]:
    """Draw new 2AFC tasks between ambiguous pairs, with their slots: `count` in each direction, or all (None)."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    ambiguous = pairs_for_tasks(campaign=campaign).values_list("pk", "key", "painting__key", "clip__key")
    pk_of = {key: pk for pk, key, _, _ in ambiguous}
    known = PreferenceTask.objects.filter(campaign=campaign).select_related(
        "pair_a__painting", "pair_a__clip", "pair_b"
    )
    drawn = preferences.make_tasks(
        [records.Consensus(key, 0.0, 0.0, 0.0, 0, ambiguous=True) for key in pk_of],
        [records.Pair(key, painting, clip) for _, key, painting, clip in ambiguous],
        count=count,
        seed=seed,
        existing=[task_record(task) for task in known.defer("pair_a__clip__peaks")],
    )
    quota = campaign.votes_per_task
    tasks = PreferenceTask.objects.bulk_create(
        [
            PreferenceTask(
                campaign=campaign,
                key=task.id,
                direction=task.direction.value,
                pair_a_id=pk_of[task.pair_a],
                pair_b_id=pk_of[task.pair_b],
                places=quota,
                created_at=now,
            )
            for task in drawn
        ],
        batch_size=_ROWS,
    )
    random = Random(f"{seed} {len(known)}")  # noqa: S311 - no secret
    _slots_create(
        VoteSlot(task=task, campaign=campaign, index=index, quota=quota, order_key=random.randrange(ORDER_KEYS))
        for task in tasks
        for index in range(quota)
    )
    return tasks


def task_record(task: PreferenceTask) -> records.PreferenceTask:
    direction = records.Direction(task.direction)
    pair = task.pair_a
    query = pair.clip.key if direction is records.Direction.MUSIC_TO_PAINTING else pair.painting.key
    return records.PreferenceTask(task.key, direction, query, pair.key, task.pair_b.key)


@transaction.atomic
def tasks_extend(*, campaign: Campaign, now: datetime) -> int:
    """Give tasks that are tied or short of votes as many more places as could decide them; returns how many tasks.

    Up to the campaign's `most_votes_per_task`. What is kept stays as it is, and so do tasks of which a pair was closed
    or has left the band. Until the new places are filled such a task is open again; once more it gives nothing twice.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    random = Random(f"{campaign.pk} {now.isoformat()}")  # noqa: S311 - no secret
    wanting = [task.pk for task in tasks_short(campaign=campaign) if task.wanted]
    return sum(_extend(campaign, batch, random) for batch in batches(wanting))


def _extend(campaign: Campaign, pks: Sequence[int], random: Random) -> int:
    """As many of these tasks as still need it once they are locked: slots first, as everywhere."""
    slots_lock(model=VoteSlot, subjects=pks)
    locked = PreferenceTask.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")
    list(locked.values_list("pk", flat=True))
    growing = [task for task in tasks_short(campaign=campaign, among=pks) if task.wanted]
    for task in growing:
        _grow(task, campaign=campaign, random=random)
    return len(growing)


def _grow(task: ShortTask, *, campaign: Campaign, random: Random) -> None:
    """Add its slots and open it again. They wait where its others did: what is begun is finished first."""
    places = task.places + task.wanted
    slots = VoteSlot.objects.filter(task=task.pk)
    queue = slots.aggregate(first=Coalesce(Min("queue"), Queue.FRESH.value))["first"]
    slots.update(quota=places)
    _slots_create(
        VoteSlot(
            task_id=task.pk,
            campaign=campaign,
            index=index,
            quota=places,
            queue=queue,
            order_key=random.randrange(ORDER_KEYS),
        )
        for index in range(task.places, places)
    )
    PreferenceTask.objects.filter(pk=task.pk).update(
        places=places, state=PreferenceTask.State.OPEN, winner="", decided_at=None
    )


def _slots_create(slots: Iterable[VoteSlot]) -> None:
    VoteSlot.objects.bulk_create(slots, batch_size=_ROWS)
