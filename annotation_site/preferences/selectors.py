"""Reads about preferences: what a rater sees of their work, what an admin sees of the tasks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from annotation_site.accounts.models import Rater
from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import (
    DirectionChoice,
    PreferenceTask,
    Vote,
    VoteBar,
    VoteSlot,
    VoteState,
)
from annotation_site.scoring.models import Campaign

TaskState = PreferenceTask.State


@dataclass(frozen=True, slots=True)
class DirectionProgress:
    """One direction's tasks in numbers. `closed`: a pair left the ambiguous band or was closed, so nobody is asked."""

    direction: DirectionChoice
    tasks: int
    open: int
    kept: int
    undecided: int
    closed: int
    votes: int


def tasks_progress(*, campaign: Campaign) -> list[DirectionProgress]:
    """A campaign's tasks by direction, each number counted from its rows."""
    tasks = PreferenceTask.objects.filter(campaign=campaign)
    states = {
        (row["direction"], row["state"]): row["n"]
        for row in tasks.order_by().values("direction", "state").annotate(n=Count("pk"))
    }
    counted = Vote.objects.filter(task__campaign=campaign, state=VoteState.COUNTED).order_by()
    votes = dict(counted.values_list("task__direction").annotate(n=Count("pk")))
    return [
        DirectionProgress(
            direction=direction,
            tasks=sum(states.get((direction, state), 0) for state in TaskState),
            open=states.get((direction, TaskState.OPEN), 0),
            kept=states.get((direction, TaskState.KEPT), 0),
            undecided=states.get((direction, TaskState.UNDECIDED), 0),
            closed=sum(states.get((direction, state), 0) for state in (TaskState.LEFT_BAND, TaskState.CLOSED)),
            votes=votes.get(direction, 0),
        )
        for direction in DirectionChoice
    ]


@dataclass(frozen=True, slots=True)
class OwnProgress:
    """What a rater did in a campaign: counted votes in all, and answers since midnight (the site's time zone)."""

    mine: int
    session: int


def own_progress(*, rater: Rater, campaign: Campaign, now: datetime) -> OwnProgress:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Vote.objects.filter(rater=rater, created_at__gte=midnight, supersedes=None, task__campaign=campaign)
    mine = VoteSlot.objects.filter(rater=rater, campaign=campaign, state=SlotState.FILLED)
    return OwnProgress(mine=mine.count(), session=today.count())


def leased_tasks(*, slots: Collection[VoteSlot]) -> list[VoteSlot]:
    """The slots with all that a page shows of their tasks, in the same order."""
    shown = (f"task__pair_{side}__{item}" for side in "ab" for item in ("painting", "clip__track"))
    full = VoteSlot.objects.select_related("campaign", *shown).in_bulk([slot.pk for slot in slots])
    return [full[slot.pk] for slot in slots]


def none_because(*, rater: Rater, campaign: Campaign) -> str:
    """Why there is no task for this rater now, as a sentence."""
    if not campaign.is_open:
        return "This campaign is closed. Thank you for your work."
    tasks = PreferenceTask.objects.filter(campaign=campaign)
    if not tasks.exists():
        return "There is nothing to compare in this campaign yet."
    waiting = tasks.filter(state=TaskState.OPEN)
    if not waiting.exists():
        return "Every comparison has all its votes. Thank you!"
    own = VoteSlot.objects.filter(task=OuterRef("pk"), rater=rater)
    barred = VoteBar.objects.filter(task=OuterRef("pk"), rater=rater)
    if not waiting.exclude(Q(Exists(own)) | Q(Exists(barred))).exists():
        return "You have answered or skipped every comparison that is still open. Thank you!"
    return "All that is left for you is with other raters just now. Look in again in a few minutes."
