"""Writes about hidden repeats: a rater gets a pair again that they judged long ago, and is not told.

A repeat has a lease as a slot has, but nobody else can take it, so its place is never lost. What makes, leases, fills
or skips one runs in a transaction that holds `rater_lock`: of two tabs that ask at once one makes the repeat, the other
finds it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import AlreadyJudged, LeaseLost, LeaseUnknown
from annotation_site.leases.models import LeaseEnd
from annotation_site.scoring.models import (
    Campaign,
    Rating,
    RatingState,
    Repeat,
    RepeatLease,
    RepeatState,
    SlotBar,
)
from annotation_site.scoring.schedule import chosen, due_after
from annotation_site.scoring.selectors import OwnStanding

REACH = 500
"""Out of so many ratings, those that come next before the distance, a repeat is chosen: its cost has a bound."""
_OPEN_TO_ANSWERS = (RepeatState.OPEN, RepeatState.DROPPED)


@dataclass(frozen=True, slots=True)
class RepeatPlace:
    """Where an answer under a repeat's token belongs. `is_open` is False where it was answered or skipped before."""

    repeat: Repeat
    issued_at: datetime
    is_open: bool


def repeat_is_due(*, rater: Rater, campaign: Campaign, standing: OwnStanding) -> bool:
    """Whether the next new pair of this rater should be one that they rated before."""
    if not campaign.repeat_percent or not campaign.is_open or standing.has_open_repeat:
        return False
    return standing.rated >= due_after(
        seed=rater.order_seed,
        campaign=campaign.pk,
        number=standing.repeats_given,
        since=standing.given_after,
        percent=campaign.repeat_percent,
        distance=campaign.repeat_distance,
    )


def repeat_make(*, rater: Rater, campaign: Campaign, standing: OwnStanding, now: datetime) -> Repeat | None:
    """The rater's next repeat, not leased yet; None where no pair is old enough, open and not repeated before."""
    distance, number = campaign.repeat_distance, standing.repeats_given
    counted = Rating.objects.filter(rater=rater, pair__campaign=campaign, state=RatingState.COUNTED)
    newest_first = counted.order_by("-created_at", "-pk").values_list("pk", "pair", "pair__closed_at")
    known = set(Repeat.objects.filter(rater=rater, campaign=campaign).values_list("pair", flat=True))
    fit = [
        (later, rating, pair)
        for later, (rating, pair, closed_at) in enumerate(newest_first[: distance + REACH])
        if later >= distance and closed_at is None and pair not in known
    ]
    if not fit:
        return None
    index = chosen(seed=rater.order_seed, campaign=campaign.pk, number=number, count=len(fit))
    later, rating, pair = fit[index]
    return Repeat.objects.create(
        rater=rater,
        campaign=campaign,
        pair_id=pair,
        first_id=rating,
        number=number,
        given_after=standing.rated,
        distance=later,
        least_distance=distance,
        created_at=now,
    )


def repeat_find_open(*, rater: Rater, campaign: Campaign) -> Repeat | None:
    """The repeat that waits for this rater's answer. One whose pair was closed meanwhile is dropped."""
    repeat = (
        Repeat.objects.select_related("pair").filter(rater=rater, campaign=campaign, state=RepeatState.OPEN).first()
    )
    if repeat is None or repeat.pair.closed_at is None:
        return repeat
    repeat.state = RepeatState.DROPPED
    repeat.save(update_fields=["state"])
    return None


def is_leased(repeat: Repeat, now: datetime) -> bool:
    return repeat.lease_expires_at is not None and repeat.lease_expires_at > now


def repeat_lease(*, repeat: Repeat, minutes: int, now: datetime) -> None:
    """Lease it under a fresh token; work under the one before still finds it."""
    if repeat.token is not None:
        _end(repeat, LeaseEnd.RENEWED, now)
    repeat.token, repeat.leased_at, repeat.lease_expires_at = uuid4(), now, now + timedelta(minutes=minutes)
    repeat.save(update_fields=["token", "leased_at", "lease_expires_at"])


def repeat_place(*, rater: Rater, token: UUID) -> RepeatPlace:
    """Where an answer under `token` belongs. Raises `LeaseUnknown` for a token of no repeat of this rater."""
    repeat = Repeat.objects.filter(rater=rater, token=token).first()
    if repeat is not None and repeat.leased_at is not None:
        return RepeatPlace(repeat, repeat.leased_at, repeat.state in _OPEN_TO_ANSWERS)
    ended = RepeatLease.objects.select_related("repeat").filter(rater=rater, token=token).first()
    if ended is None:
        raise LeaseUnknown
    return RepeatPlace(ended.repeat, ended.issued_at, ended.repeat.state in _OPEN_TO_ANSWERS)


def repeat_fill(repeat: Repeat) -> None:
    repeat.state = RepeatState.ANSWERED
    repeat.save(update_fields=["state"])


def repeat_renew(*, rater: Rater, token: UUID, now: datetime) -> datetime:
    """As `lease_renew`: the lease's new end. Raises `LeaseLost` or `LeaseUnknown`."""
    repeat = Repeat.objects.select_related("campaign").filter(rater=rater, token=token).first()
    if repeat is None:
        raise LeaseLost if RepeatLease.objects.filter(rater=rater, token=token).exists() else LeaseUnknown
    until = now + timedelta(minutes=repeat.campaign.lease_minutes)
    own = Repeat.objects.filter(rater=rater, token=token, state=RepeatState.OPEN)
    if not own.update(lease_expires_at=until):
        raise LeaseLost
    return until


@transaction.atomic
def repeat_release(*, rater: Rater, token: UUID, now: datetime) -> None:
    """As `lease_release`: it waits until the rater is back. Answered or released already: nothing happens."""
    repeat = Repeat.objects.select_for_update().filter(rater=rater, token=token, state=RepeatState.OPEN).first()
    if repeat is None:
        return
    _end(repeat, LeaseEnd.RELEASED, now)
    repeat.token = repeat.leased_at = repeat.lease_expires_at = None
    repeat.save(update_fields=["token", "leased_at", "lease_expires_at"])


def repeat_skip(*, rater: Rater, token: UUID, reason: str, note: str, now: datetime) -> Repeat:
    """As `lease_skip`: it does not come again. Raises `LeaseUnknown` or `AlreadyJudged`."""
    repeat = repeat_place(rater=rater, token=token).repeat
    if repeat.state == RepeatState.ANSWERED:
        raise AlreadyJudged
    if repeat.state in _OPEN_TO_ANSWERS:
        repeat.state = RepeatState.SKIPPED
        repeat.save(update_fields=["state"])
    told = {"reason": reason, "note": note, "created_at": now}
    SlotBar.objects.get_or_create(pair=repeat.pair, rater=rater, defaults=told)
    return repeat


def repeats_withdraw(*, raters: Collection[Rater]) -> None:
    """The repeats of raters who leave; their answers are withdrawn with all other ratings."""
    Repeat.objects.filter(rater__in=raters).update(state=RepeatState.WITHDRAWN)


def _end(repeat: Repeat, end: LeaseEnd, now: datetime) -> None:
    assert repeat.token is not None
    assert repeat.leased_at is not None
    RepeatLease.objects.create(
        repeat=repeat, rater_id=repeat.rater_id, token=repeat.token, end=end, issued_at=repeat.leased_at, ended_at=now
    )
