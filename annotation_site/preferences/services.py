"""Writes about preferences: tasks from ambiguous pairs, votes, and what follows when a score or a rater changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.errors import CannotCorrect, KeyReused
from annotation_site.leases.gate import gate_check
from annotation_site.leases.models import ORDER_KEYS, Queue
from annotation_site.leases.playback import gains_check
from annotation_site.leases.services import (
    lease_skip,
    place_find,
    rater_lock,
    slot_fill,
    slots_close,
    slots_lock,
    slots_offer,
    slots_reopen,
)
from annotation_site.preferences.models import DirectionChoice, PreferenceTask, Side, Vote, VoteSlot, VoteState
from annotation_site.prepared import Prepared, bound
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder import preferences, records

CORRECTABLE = 10
"""How many of their latest votes a rater can still correct."""
_ROWS = 500  # rows a statement, well below what SQLite takes as parameters
TaskState = PreferenceTask.State


@dataclass(frozen=True, slots=True)
class VoteSubmission:
    """The vote that answers a submission. `is_new` is False where the same key had been answered before."""

    vote: Vote
    is_new: bool


# --- Tasks -------------------------------------------------------------------------------------------------------
@transaction.atomic
def tasks_make(*, campaign: Campaign, count: int | None, seed: int, now: datetime) -> list[PreferenceTask]:
    """Draw new 2AFC tasks between ambiguous pairs, with their slots: `count` in each direction, or all (None)."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    ambiguous = Pair.objects.filter(
        campaign=campaign,
        score__gte=campaign.band_low,
        score__lte=campaign.band_high,
        closed_at=None,
        painting__withdrawn_at=None,
        clip__track__withdrawn_at=None,
    ).values_list("pk", "key", "painting__key", "clip__key")
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
    tasks = PreferenceTask.objects.bulk_create(
        [
            PreferenceTask(
                campaign=campaign,
                key=task.id,
                direction=task.direction.value,
                pair_a_id=pk_of[task.pair_a],
                pair_b_id=pk_of[task.pair_b],
                created_at=now,
            )
            for task in drawn
        ],
        batch_size=_ROWS,
    )
    random = Random(f"{seed} {len(known)}")  # noqa: S311 - no secret
    _slots_create(campaign=campaign, tasks=tasks, random=random)
    return tasks


def _slots_create(*, campaign: Campaign, tasks: Sequence[PreferenceTask], random: Random) -> None:
    quota = campaign.votes_per_task
    VoteSlot.objects.bulk_create(
        (
            VoteSlot(task=task, campaign=campaign, index=index, quota=quota, order_key=random.randrange(ORDER_KEYS))
            for task in tasks
            for index in range(quota)
        ),
        batch_size=_ROWS,
    )


def task_record(task: PreferenceTask) -> records.PreferenceTask:
    direction = records.Direction(task.direction)
    pair = task.pair_a
    query = pair.clip.key if direction is records.Direction.MUSIC_TO_PAINTING else pair.painting.key
    return records.PreferenceTask(task.key, direction, query, pair.key, task.pair_b.key)


_OF_PAIR = Prepared(
    lambda: PreferenceTask.objects.filter(
        Q(pair_a=bound(PreferenceTask, "pair_a", "pair")) | Q(pair_b=bound(PreferenceTask, "pair_b", "pair"))
    ).values_list("pk")[:1]
)


def tasks_follow(*, pair_ids: Sequence[int]) -> None:
    """Close the unanswered tasks of pairs that left the ambiguous band, and open again those whose pairs came back."""
    for batch in _batches(pair_ids):
        if len(batch) == 1 and not _OF_PAIR(pair=batch[0]):  # as with most ratings
            continue
        tasks = PreferenceTask.objects.filter(Q(pair_a__in=batch) | Q(pair_b__in=batch))
        low, high = F("campaign__band_low"), F("campaign__band_high")
        in_band = Q(pair_a__score__range=(low, high), pair_b__score__range=(low, high))
        is_unanswered = Q(votes_a=0, votes_b=0)
        is_open, is_closed = Q(state=TaskState.OPEN), Q(state=TaskState.LEFT_BAND)
        leaving = tasks.filter(is_unanswered, is_open).exclude(in_band)
        coming = tasks.filter(in_band, is_closed)
        for those, state in ((leaving, TaskState.LEFT_BAND), (coming, TaskState.OPEN)):
            locked = those.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk", flat=True)
            PreferenceTask.objects.filter(pk__in=list(locked)).update(state=state)


def tasks_close(*, pair_ids: Sequence[int], spare_begun: bool) -> None:
    """Close the undecided tasks of these pairs; `spare_begun`: those with votes go on. Call it inside a transaction."""
    for batch in _batches(pair_ids):
        tasks = PreferenceTask.objects.filter(Q(pair_a__in=batch) | Q(pair_b__in=batch))
        undecided = tasks.filter(state__in=[TaskState.OPEN, TaskState.LEFT_BAND])
        slots_lock(model=VoteSlot, subjects=sorted(undecided.values_list("pk", flat=True)))
        closing = undecided.filter(votes_a=0, votes_b=0) if spare_begun else undecided
        pks = list(closing.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        slots_close(model=VoteSlot, subjects=pks)
        PreferenceTask.objects.filter(pk__in=pks).update(state=TaskState.CLOSED)


def tasks_reopen(*, pair_ids: Sequence[int]) -> None:
    """Open the tasks again that were closed with these pairs, now open. Call it inside a transaction."""
    for batch in _batches(pair_ids):
        tasks = PreferenceTask.objects.filter(Q(pair_a__in=batch) | Q(pair_b__in=batch), state=TaskState.CLOSED)
        tasks = tasks.filter(pair_a__closed_at=None, pair_b__closed_at=None)
        pks = sorted(tasks.values_list("pk", flat=True))
        slots_lock(model=VoteSlot, subjects=pks)
        locked = PreferenceTask.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")
        slots_offer(model=VoteSlot, subjects=[task.pk for task in locked], queue=Queue.FRESH)
        PreferenceTask.objects.filter(pk__in=pks).update(state=TaskState.OPEN)
    tasks_follow(pair_ids=pair_ids)


# --- Votes -------------------------------------------------------------------------------------------------------
def vote_submit(
    *,
    rater: Rater,
    token: UUID,
    key: UUID,
    choice: str,
    now: datetime,
    active_ms: int = 0,
    evidence: dict[str, Any] | None = None,
    waive_gate: bool = False,
) -> VoteSubmission:
    """Record a rater's choice in the task that they lease under `token`. Sending the same `key` again changes nothing.

    Late work fills the slot while it is open; once all are taken it is kept as surplus and never counted. Raises
    `RaterNotActive`, `LeaseUnknown`, `KeyReused`, `TooSoon`, or `WrongGain` or `GainNotTold` where a clip was not
    played at the campaign's loudness. `waive_gate` opens the time gate to simulated raters.
    """
    told = {"choice": Side(choice), "active_ms": active_ms, "evidence": evidence or {}}
    try:
        with transaction.atomic():
            rater = rater_lock(rater=rater)
            return _answered(rater, token, key) or _vote(
                rater=rater, token=token, key=key, told=told, waive_gate=waive_gate, now=now
            )
    except IntegrityError:  # another connection stored the same key first
        first = _answered(rater, token, key)
        if first is None:
            raise
        return first


def _answered(rater: Rater, token: UUID, key: UUID) -> VoteSubmission | None:
    """The first answer to this key. Raises `KeyReused` where the token is another task's lease."""
    vote = Vote.objects.filter(rater=rater, key=key).first()
    if vote is None:
        return None
    if VoteSlot.objects.filter(rater=rater, token=token).exclude(task=vote.task_id).exists():
        raise KeyReused
    return VoteSubmission(vote, is_new=False)


def _vote(
    *, rater: Rater, token: UUID, key: UUID, told: dict[str, Any], waive_gate: bool, now: datetime
) -> VoteSubmission:
    place = place_find(model=VoteSlot, rater=rater, token=token, now=now)
    newest = Vote.objects.filter(rater=rater, supersedes=None).order_by("-created_at")
    left = VoteSlot.dealt(token)["left"]
    campaign, clips = _heard(task_id=place.subject_id, left=left)
    gate_check(
        rater=rater,
        clips=clips.values(),
        share=campaign.heard_share,
        issued_at=place.issued_at,
        last_answer_at=newest.values_list("created_at", flat=True).first(),
        waive_gate=waive_gate,
        now=now,
    )
    gains_check(rater=rater, campaign=campaign, clips=clips, evidence=told["evidence"])
    vote = Vote.objects.create(
        slot=place.slot,
        task_id=place.subject_id,
        rater=rater,
        left=left,
        state=VoteState.SURPLUS if place.slot is None else VoteState.COUNTED,
        key=key,
        is_simulated=rater.is_simulated,
        created_at=now,
        **told,
    )
    if place.slot is not None:
        slot_fill(place.slot)
        task_follow(task_id=place.subject_id, now=now)
    return VoteSubmission(vote, is_new=True)


def _heard(*, task_id: int, left: str) -> tuple[Campaign, dict[str, Clip]]:
    """A task's campaign, and the clips that it plays, by the name that each has on the page."""
    tasks = PreferenceTask.objects.select_related("campaign", "pair_a__clip__track", "pair_b__clip__track")
    task = tasks.defer("pair_a__clip__peaks", "pair_b__clip__peaks").get(pk=task_id)
    if task.direction == DirectionChoice.MUSIC_TO_PAINTING:
        return task.campaign, {"query": task.pair_a.clip}
    first, second = (task.pair_a, task.pair_b) if left == Side.A else (task.pair_b, task.pair_a)
    return task.campaign, {"left": first.clip, "right": second.clip}


@transaction.atomic
def vote_correct(*, rater: Rater, vote_key: UUID, key: UUID, choice: str, now: datetime) -> VoteSubmission:
    """Supersede one of the rater's latest votes by a new one. Sending the same `key` again changes nothing.

    Raises `RaterNotActive` or `CannotCorrect`.
    """
    rater = rater_lock(rater=rater)
    done = Vote.objects.filter(rater=rater, key=key).first()
    if done is not None:
        return VoteSubmission(done, is_new=False)
    latest = Vote.objects.filter(rater=rater).exclude(state=VoteState.SUPERSEDED).order_by("-created_at", "-pk")
    old = next((vote for vote in latest[:CORRECTABLE] if vote.key == vote_key), None)
    if old is None:
        raise CannotCorrect
    state = old.state
    Vote.objects.filter(pk=old.pk).update(state=VoteState.SUPERSEDED)
    vote = Vote.objects.create(
        slot=old.slot,
        task_id=old.task_id,
        rater=rater,
        choice=Side(choice),
        left=old.left,
        state=state,
        key=key,
        supersedes=old,
        active_ms=old.active_ms,
        evidence=old.evidence,
        is_simulated=old.is_simulated,
        created_at=now,
    )
    if state == VoteState.COUNTED:
        task_follow(task_id=old.task_id, now=now)
    return VoteSubmission(vote, is_new=True)


def task_skip(*, rater: Rater, token: UUID, reason: str, note: str = "", now: datetime) -> PreferenceTask:
    """Give a task back and never be offered it again. Raises `RaterNotActive`, `LeaseUnknown` or `AlreadyJudged`."""
    return lease_skip(model=VoteSlot, rater=rater, token=token, reason=reason, note=note, now=now).task


def votes_withdraw(*, raters: Collection[Rater]) -> None:
    """Take all votes of raters out: slots reopen, tallies and outcomes follow. Call it inside a transaction."""
    standing = [VoteState.COUNTED, VoteState.SURPLUS]
    Vote.objects.filter(rater__in=raters, state__in=standing).update(state=VoteState.WITHDRAWN)
    counted = Vote.objects.filter(task=OuterRef("pk"), state=VoteState.COUNTED).order_by().values("task")

    def tally(side: Side) -> Coalesce:
        return Coalesce(Subquery(counted.filter(choice=side).annotate(n=Count("pk")).values("n")), 0)

    for batch in _batches(slots_reopen(model=VoteSlot, raters=raters)):
        locked = PreferenceTask.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk")
        tasks = PreferenceTask.objects.filter(pk__in=[task.pk for task in locked])
        tasks.update(votes_a=tally(Side.A), votes_b=tally(Side.B), winner="", decided_at=None)
        tasks.exclude(state__in=[TaskState.LEFT_BAND, TaskState.CLOSED]).update(state=TaskState.OPEN)


def task_follow(*, task_id: int, now: datetime) -> None:
    """Bring a task's tally in line with its counted votes, and decide it once all its slots are filled."""
    task = PreferenceTask.objects.select_for_update(no_key=True).get(pk=task_id)
    votes = [
        records.Vote(task.key, str(rater), records.Choice(choice), records.Choice(left))
        for rater, choice, left in Vote.objects.filter(task=task, state=VoteState.COUNTED).values_list(
            "rater", "choice", "left"
        )
    ]
    record = records.PreferenceTask(task.key, records.Direction(task.direction), "", "", "")
    quota = task.slots.count()
    (outcome,) = preferences.decide([record], votes, votes_needed=quota)
    task.votes_a, task.votes_b = outcome.votes_a, outcome.votes_b
    is_decided = len(votes) == quota
    task.winner = outcome.winner.value if outcome.winner else ""
    task.decided_at = (task.decided_at or now) if is_decided else None
    if task.state != TaskState.LEFT_BAND:
        decided = TaskState.KEPT if outcome.winner else TaskState.UNDECIDED
        unfinished = TaskState.CLOSED if task.state == TaskState.CLOSED else TaskState.OPEN
        task.state = decided if is_decided else unfinished
    task.save(update_fields=["votes_a", "votes_b", "winner", "decided_at", "state"])


def _batches(pks: Sequence[int]) -> Iterator[Sequence[int]]:
    return (pks[start : start + _ROWS] for start in range(0, len(pks), _ROWS))
