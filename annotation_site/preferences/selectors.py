"""Reads about preferences: what a rater sees of their work, what an admin sees of the tasks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
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
from annotation_site.prepared import Prepared, bound
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.scoring.selectors import GIVEN_ANEW
from mpd_builder.preferences import extra_places

TaskState = PreferenceTask.State
_BAND = (F("campaign__band_low"), F("campaign__band_high"))
IN_BAND = Q(pair_a__score__range=_BAND, pair_b__score__range=_BAND)
"""Of tasks: both pairs are ambiguous now."""
LEFT_BAND = Case(When(IN_BAND, then=Value(False)), default=Value(True))
"""Of tasks: a pair is not ambiguous any more, by another score or for want of one. Never stored, so never stale."""


# --- Tasks -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DirectionProgress:
    """One direction's tasks in numbers. `closed`: a pair left the ambiguous band or was closed, so nobody is asked.

    `outside`: of those that are not closed, how many were answered before a pair left the band; they stay.
    """

    direction: DirectionChoice
    tasks: int
    open: int
    kept: int
    undecided: int
    closed: int
    outside: int
    votes: int


def tasks_progress(*, campaign: Campaign) -> list[DirectionProgress]:
    """A campaign's tasks by direction, each number counted from its rows."""
    tasks = PreferenceTask.objects.filter(campaign=campaign).order_by()
    states = {
        (row["direction"], row["state"]): row["n"] for row in tasks.values("direction", "state").annotate(n=Count("pk"))
    }
    answered = tasks.exclude(IN_BAND).exclude(state__in=_CLOSED)
    outside = dict(answered.values_list("direction").annotate(n=Count("pk")))
    counted = Vote.objects.filter(task__campaign=campaign, state=VoteState.COUNTED).order_by()
    votes = dict(counted.values_list("task__direction").annotate(n=Count("pk")))
    return [
        DirectionProgress(
            direction=direction,
            tasks=sum(states.get((direction, state), 0) for state in TaskState),
            open=states.get((direction, TaskState.OPEN), 0),
            kept=states.get((direction, TaskState.KEPT), 0),
            undecided=states.get((direction, TaskState.UNDECIDED), 0),
            closed=sum(states.get((direction, state), 0) for state in _CLOSED),
            outside=outside.get(direction, 0),
            votes=votes.get(direction, 0),
        )
        for direction in DirectionChoice
    ]


_CLOSED = (TaskState.LEFT_BAND, TaskState.CLOSED)


@dataclass(frozen=True, slots=True)
class ShortTask:
    """A task that is tied, or has fewer places than the campaign asks for votes. `wanted`: how many places more could
    decide it; 0 where the campaign's limit forbids that.
    """

    pk: int
    places: int
    wanted: int


def tasks_short(*, campaign: Campaign, among: Collection[int] | None = None) -> list[ShortTask]:
    """By id; of some tasks only, if these are given.

    Only those whose pairs are open and in the band: the others ask what nobody has to know any more.
    """
    tasks = PreferenceTask.objects.filter(IN_BAND, campaign=campaign, pair_a__closed_at=None, pair_b__closed_at=None)
    if among is not None:
        tasks = tasks.filter(pk__in=among)
    is_short = Q(state=TaskState.OPEN, places__lt=campaign.votes_per_task)
    rows = tasks.filter(Q(state=TaskState.UNDECIDED) | is_short).order_by("pk")
    limit, needed = campaign.most_votes_per_task, campaign.votes_per_task
    return [
        ShortTask(pk, places, extra_places(votes_a, votes_b, places, limit, votes_needed=needed))
        for pk, votes_a, votes_b, places in rows.values_list("pk", "votes_a", "votes_b", "places")
    ]


@dataclass(frozen=True, slots=True)
class Extension:
    """What giving undecided tasks more votes would come to. Of `at_limit` the campaign allows no more."""

    tasks: int
    votes: int
    at_limit: int


def extension_of(*, campaign: Campaign) -> Extension:
    wanted = [task.wanted for task in tasks_short(campaign=campaign)]
    at_limit = wanted.count(0)
    return Extension(tasks=len(wanted) - at_limit, votes=sum(wanted), at_limit=at_limit)


def nothing_to_extend(extension: Extension, campaign: Campaign) -> str:
    """Why no task would get more votes, as a sentence."""
    if extension.at_limit:
        tasks = many(extension.at_limit, "undecided task")
        return f"{tasks} at this campaign's limit of {campaign.most_votes_per_task} votes: raise it to ask for more."
    return "No task is undecided: there is nothing to ask more votes for."


def many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


# --- A rater's own work ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class OwnProgress:
    """What a rater did in a campaign: counted votes in all, and answers since midnight (the site's time zone)."""

    mine: int
    session: int


def _counts() -> QuerySet[Rater, tuple[int, int]]:
    """Of one rater in one campaign: filled slots, and votes since then."""
    campaign = bound(VoteSlot, "campaign")
    mine = VoteSlot.objects.filter(rater=OuterRef("pk"), campaign=campaign, state=SlotState.FILLED)
    since = bound(Vote, "created_at", "since")
    today = Vote.objects.filter(GIVEN_ANEW, rater=OuterRef("pk"), created_at__gte=since, task__campaign=campaign)
    counts = [rows.values("rater").annotate(n=Count("pk")).values("n") for rows in (mine, today)]
    return Rater.objects.filter(pk=bound(Rater, "id")).values_list(*(Coalesce(Subquery(count), 0) for count in counts))


_PROGRESS = Prepared(_counts)


def own_progress(*, rater: Rater, campaign: Campaign, now: datetime) -> OwnProgress:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    ((mine, today),) = _PROGRESS(id=rater.pk, campaign=campaign.pk, since=midnight)
    return OwnProgress(mine=mine, session=today)


def _shown() -> QuerySet[VoteSlot]:
    """What one rater holds in one campaign, with all that a page shows of it."""
    pairs = ("task__pair_a", "task__pair_b")
    held = VoteSlot.objects.filter(
        rater=bound(VoteSlot, "rater"), campaign=bound(VoteSlot, "campaign"), state=SlotState.LEASED
    )
    return held.select_related(
        "campaign", *(f"{pair}__{item}" for pair in pairs for item in ("painting", "clip__track"))
    ).only(
        *("token", "leased_at", "lease_expires_at", "left", "first", "campaign__loudness_lufs", "task__direction"),
        *(f"{pair}__painting__{name}" for pair in pairs for name in ("display", "thumbnail", "width", "height")),
        *(
            f"{pair}__clip__{name}"
            for pair in pairs
            for name in ("audio", "peaks", "start_frame", "stop_frame", "loudness_lufs", "true_peak_dbtp")
        ),
        *(f"{pair}__clip__track__sample_rate" for pair in pairs),
    )


_SHOWN = Prepared(_shown)


def leased_tasks(*, slots: Collection[VoteSlot]) -> list[VoteSlot]:
    """What one rater holds in one campaign with all that a page shows of the tasks, in the same order.

    What another of their tabs has given back meanwhile is left out.
    """
    if not slots:
        return []
    holder = next(iter(slots))
    full = {slot.pk: slot for slot in _SHOWN(rater=holder.rater_id, campaign=holder.campaign_id)}
    return [full[slot.pk] for slot in slots if slot.pk in full]


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


def pairs_in_band(*, campaign: Campaign) -> QuerySet[Pair]:
    return Pair.objects.filter(campaign=campaign, score__range=(campaign.band_low, campaign.band_high)).order_by()


def pairs_for_tasks(*, campaign: Campaign) -> QuerySet[Pair]:
    """The ambiguous pairs that `tasks_make` draws from."""
    pairs = pairs_in_band(campaign=campaign)
    return pairs.filter(closed_at=None, painting__withdrawn_at=None, clip__track__withdrawn_at=None)
