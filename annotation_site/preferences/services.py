"""Writes about preferences: votes, and what follows for tasks when a vote, a score or a rater changes.

How tasks come to be, and to more places, is in `making`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.answers import answer_correct, answer_once, batches
from annotation_site.leases.errors import KeyReused
from annotation_site.leases.gate import gate_check
from annotation_site.leases.models import Queue
from annotation_site.leases.playback import gains_check
from annotation_site.leases.services import (
    lease_skip,
    place_find,
    slot_fill,
    slots_close,
    slots_lock,
    slots_offer,
    slots_reopen,
)
from annotation_site.preferences.models import DirectionChoice, PreferenceTask, Side, Vote, VoteSlot, VoteState
from annotation_site.preferences.selectors import IN_BAND
from annotation_site.prepared import Prepared, PreparedInsert, PreparedUpdate, bound
from annotation_site.scoring.models import Campaign
from annotation_site.scoring.selectors import GIVEN_ANEW
from mpd_builder import preferences, records

TaskState = PreferenceTask.State


@dataclass(frozen=True, slots=True)
class VoteSubmission:
    """The vote that answers a submission. `is_new` is False where the same key had been answered before."""

    vote: Vote
    is_new: bool


# --- Tasks -------------------------------------------------------------------------------------------------------
_OF_PAIR = Prepared(
    lambda: PreferenceTask.objects.filter(
        Q(pair_a=bound(PreferenceTask, "pair_a", "pair")) | Q(pair_b=bound(PreferenceTask, "pair_b", "pair"))
    ).values_list("pk")[:1]
)


def tasks_follow(*, pair_ids: Sequence[int]) -> None:
    """Close the unanswered tasks of pairs that left the ambiguous band, and open again those whose pairs came back.

    A task with a vote stays as it is, open ones too; `selectors.LEFT_BAND` tells them apart. One that was closed and
    got votes all the same, as they were on their way, comes back as what they make of it.
    """
    for batch in batches(pair_ids):
        if len(batch) == 1 and not _OF_PAIR(pair=batch[0]):  # as with most ratings
            continue
        tasks = PreferenceTask.objects.filter(Q(pair_a__in=batch) | Q(pair_b__in=batch))
        leaving = tasks.filter(state=TaskState.OPEN, votes_a=0, votes_b=0).exclude(IN_BAND)
        coming = tasks.filter(IN_BAND, state=TaskState.LEFT_BAND)
        _turn(leaving, Value(TaskState.LEFT_BAND))
        _turn(coming, _BY_ITS_VOTES)


def _turn(tasks: QuerySet[PreferenceTask], state: Case | Value) -> None:
    """Give these tasks, locked by id, another state."""
    locked = tasks.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk", flat=True)
    PreferenceTask.objects.filter(pk__in=list(locked)).update(state=state)


_BY_ITS_VOTES = Case(
    When(decided_at=None, then=Value(TaskState.OPEN)),
    When(winner="", then=Value(TaskState.UNDECIDED)),
    default=Value(TaskState.KEPT),
)


def tasks_close(*, pair_ids: Sequence[int], spare_begun: bool) -> None:
    """Close the undecided tasks of these pairs; `spare_begun`: those with votes go on. Call it inside a transaction."""
    for batch in batches(pair_ids):
        tasks = PreferenceTask.objects.filter(Q(pair_a__in=batch) | Q(pair_b__in=batch))
        undecided = tasks.filter(state__in=[TaskState.OPEN, TaskState.LEFT_BAND])
        slots_lock(model=VoteSlot, subjects=sorted(undecided.values_list("pk", flat=True)))
        closing = undecided.filter(votes_a=0, votes_b=0) if spare_begun else undecided
        pks = list(closing.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        slots_close(model=VoteSlot, subjects=pks)
        PreferenceTask.objects.filter(pk__in=pks).update(state=TaskState.CLOSED)


def tasks_reopen(*, pair_ids: Sequence[int]) -> None:
    """Open the tasks again that were closed with these pairs, now open. Call it inside a transaction."""
    for batch in batches(pair_ids):
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
    return answer_once(
        rater=rater,
        stored=lambda rater: _answered(rater, token, key),
        store=lambda rater: _vote(rater=rater, token=token, key=key, told=told, waive_gate=waive_gate, now=now),
    )


def _answered(rater: Rater, token: UUID, key: UUID) -> VoteSubmission | None:
    """The first answer to this key. Raises `KeyReused` where the token is another task's lease."""
    vote = _BY_KEY.first(rater=rater.pk, key=key)
    if vote is None:
        return None
    if VoteSlot.objects.filter(rater=rater, token=token).exclude(task=vote.task_id).exists():
        raise KeyReused
    return VoteSubmission(vote, is_new=False)


def _vote(
    *, rater: Rater, token: UUID, key: UUID, told: dict[str, Any], waive_gate: bool, now: datetime
) -> VoteSubmission:
    place = place_find(model=VoteSlot, rater=rater, token=token, now=now)
    newest = _NEWEST.first(rater=rater.pk)
    dealt = VoteSlot.dealt(token)
    campaign, clips = _heard(task_id=place.subject_id, left=dealt["left"])
    gate_check(
        rater=rater,
        clips=clips.values(),
        share=campaign.heard_share,
        issued_at=place.issued_at,
        last_answer_at=newest[0] if newest else None,
        waive_gate=waive_gate,
        now=now,
    )
    gains_check(rater=rater, campaign=campaign, clips=clips, evidence=told["evidence"])
    vote = _INSERT(
        slot=place.slot,
        task_id=place.subject_id,
        rater=rater,
        state=VoteState.SURPLUS if place.slot is None else VoteState.COUNTED,
        key=key,
        protocol=rater.protocol_label,
        is_simulated=rater.is_simulated,
        created_at=now,
        **dealt,
        **told,
    )
    if place.slot is not None:
        slot_fill(place.slot)
        task_follow(task_id=place.subject_id, now=now)
    return VoteSubmission(vote, is_new=True)


def _heard(*, task_id: int, left: str) -> tuple[Campaign, dict[str, Clip]]:
    """A task's campaign, and the clips that it plays, by the name that each has on the page."""
    (task,) = _HEARD(id=task_id)
    if task.direction == DirectionChoice.MUSIC_TO_PAINTING:
        return task.campaign, {"query": task.pair_a.clip}
    first, second = (task.pair_a, task.pair_b) if left == Side.A else (task.pair_b, task.pair_a)
    return task.campaign, {"left": first.clip, "right": second.clip}


@transaction.atomic
def vote_correct(*, rater: Rater, vote_key: UUID, key: UUID, choice: str, now: datetime) -> VoteSubmission:
    """Supersede one of the rater's latest votes by a new one. Sending the same `key` again changes nothing.

    Raises `RaterNotActive` or `CannotCorrect`.
    """
    done = answer_correct(
        model=Vote, rater=rater, corrected=vote_key, key=key, changes={"choice": Side(choice)}, now=now
    )
    if done.is_new and done.answer.state == VoteState.COUNTED:
        task_follow(task_id=done.answer.task_id, now=now)
    return VoteSubmission(done.answer, is_new=done.is_new)


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

    for batch in batches(slots_reopen(model=VoteSlot, raters=raters)):
        locked = PreferenceTask.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk")
        tasks = PreferenceTask.objects.filter(pk__in=[task.pk for task in locked])
        tasks.update(votes_a=tally(Side.A), votes_b=tally(Side.B), winner="", decided_at=None)
        tasks.exclude(state__in=[TaskState.LEFT_BAND, TaskState.CLOSED]).update(state=TaskState.OPEN)


def task_follow(*, task_id: int, now: datetime) -> None:
    """Bring a task's tally in line with its counted votes, and decide it once all its places are filled.

    Of as many votes as there are places a strict majority keeps it; a tie leaves it undecided. Whether places were
    added does not matter, nor whether their number is even. A task closed with its pairs says so until they return.
    """
    (task,) = _TASK(id=task_id)
    votes = [
        records.Vote(task.key, str(rater), records.Choice(choice), records.Choice(left))
        for rater, choice, left in _COUNTED(task=task_id)
    ]
    record = records.PreferenceTask(task.key, records.Direction(task.direction), "", "", "")
    (outcome,) = preferences.decide([record], votes, votes_needed=task.places)
    is_decided = len(votes) == task.places
    state = TaskState(task.state)
    if state != TaskState.LEFT_BAND:
        decided = TaskState.KEPT if outcome.winner else TaskState.UNDECIDED
        unfinished = TaskState.CLOSED if state == TaskState.CLOSED else TaskState.OPEN
        state = decided if is_decided else unfinished
    _FOLLOWING(
        id=task_id,
        votes_a=outcome.votes_a,
        votes_b=outcome.votes_b,
        winner=outcome.winner.value if outcome.winner else "",
        decided_at=(task.decided_at or now) if is_decided else None,
        state=state,
    )


# --- What runs for every vote, compiled once ---------------------------------------------------------------------
_BY_KEY = Prepared(lambda: Vote.objects.filter(rater=bound(Vote, "rater"), key=bound(Vote, "key")))
_INSERT = PreparedInsert(Vote)
_NEWEST = Prepared(
    lambda: (
        Vote.objects.filter(GIVEN_ANEW, rater=bound(Vote, "rater"))
        .order_by("-created_at")
        .values_list("created_at")[:1]
    )
)
_HEARD = Prepared(
    lambda: (
        PreferenceTask.objects.filter(pk=bound(PreferenceTask, "id"))
        .select_related("campaign", "pair_a__clip__track", "pair_b__clip__track")
        .only(
            *("direction", "campaign__loudness_lufs", "campaign__heard_percent"),
            *(
                f"pair_{side}__clip__{name}"
                for side in "ab"
                for name in ("start_frame", "stop_frame", "loudness_lufs", "true_peak_dbtp", "track__sample_rate")
            ),
        )
    )
)
_TASK = Prepared(lambda: PreferenceTask.objects.select_for_update(no_key=True).filter(pk=bound(PreferenceTask, "id")))
_COUNTED = Prepared(
    lambda: Vote.objects.filter(task=bound(Vote, "task"), state=VoteState.COUNTED).values_list(
        "rater", "choice", "left"
    )
)
_FOLLOWING = PreparedUpdate(
    lambda: PreferenceTask.objects.filter(pk=bound(PreferenceTask, "id")),
    **{name: bound(PreferenceTask, name) for name in ("votes_a", "votes_b", "winner", "decided_at", "state")},
)
