"""What a rater holds of a campaign's pairs: leases of slots, and now and then a hidden repeat among them.

Most claims only learn in passing, from the counts that the page shows, that no repeat is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import LeaseUnknown
from annotation_site.leases.services import TICK, lease_hold, lease_release, lease_renew, leases_top_up, rater_lock
from annotation_site.scoring.models import Campaign, HeldPair, Repeat, Slot
from annotation_site.scoring.repeats import (
    is_leased,
    repeat_find_open,
    repeat_is_due,
    repeat_lease,
    repeat_make,
    repeat_release,
    repeat_renew,
)
from annotation_site.scoring.selectors import OwnProgress, own_standing


@dataclass(frozen=True, slots=True)
class Hold:
    """What a rater holds, oldest first, and what they did so far."""

    leases: list[HeldPair]
    progress: OwnProgress


def pairs_hold(*, rater: Rater, campaign: Campaign, count: int, now: datetime) -> Hold:
    """What the rater holds in a campaign, topped up to `count` while there is work: see `lease_hold`.

    A repeat stands for a new slot where one is due. Raises `RaterNotActive`.
    """
    standing = own_standing(rater=rater, campaign=campaign, now=now)
    if standing.has_open_repeat or repeat_is_due(rater=rater, campaign=campaign, standing=standing):
        return Hold(_with_repeat(rater, campaign, count, now), standing.progress)
    slots = lease_hold(model=Slot, rater=rater, campaign=campaign, count=count, now=now)
    return Hold([*slots], standing.progress)


@transaction.atomic
def _with_repeat(rater: Rater, campaign: Campaign, count: int, now: datetime) -> list[HeldPair]:
    """The same where a repeat is open or seems due; what was read before the rater's lock is read again."""
    rater = rater_lock(rater=rater)
    slots = partial(leases_top_up, model=Slot, rater=rater, campaign=campaign, now=now)
    repeat = repeat_find_open(rater=rater, campaign=campaign)
    held: list[HeldPair] = [*slots(count=count - 1)]
    if len(held) < count and repeat is None:
        repeat = _due(rater, campaign, now)
    if len(held) < count and repeat is not None and not is_leased(repeat, now):
        repeat_lease(repeat=repeat, minutes=campaign.lease_minutes, now=now + TICK * len(held))
    if repeat is None or not is_leased(repeat, now):
        return [*slots(count=count)]
    return sorted([*held, repeat], key=lambda lease: lease.leased_at or now)


def _due(rater: Rater, campaign: Campaign, now: datetime) -> Repeat | None:
    standing = own_standing(rater=rater, campaign=campaign, now=now)
    if not repeat_is_due(rater=rater, campaign=campaign, standing=standing):
        return None
    return repeat_make(rater=rater, campaign=campaign, standing=standing, now=now)


def pair_renew(*, rater: Rater, token: UUID, now: datetime) -> datetime:
    """Keep a lease alive; the new end. Raises `LeaseLost` or `LeaseUnknown`."""
    try:
        return lease_renew(model=Slot, rater=rater, token=token, now=now)
    except LeaseUnknown:
        return repeat_renew(rater=rater, token=token, now=now)


def pair_release(*, rater: Rater, token: UUID, now: datetime) -> None:
    """Give a lease back. Released or lost already: nothing happens."""
    lease_release(model=Slot, rater=rater, token=token, now=now)
    repeat_release(rater=rater, token=token, now=now)
