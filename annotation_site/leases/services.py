"""Leases: a rater holds a slot for a while, keeps it alive, fills it, gives it back, or comes late.

Locks are always taken in the order rater, slots, subject, so no two of these can wait for each other. The rater's row
comes first everywhere: a person's own double clicks stand in a line, and nobody judges while being withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.leases.claiming import bar_model, open_slot
from annotation_site.leases.errors import AlreadyJudged, LeaseLost, LeaseUnknown, RaterNotActive
from annotation_site.leases.models import ORDER_KEYS, EndedLease, LeasedSlot, LeaseEnd, Queue, SlotState
from annotation_site.prepared import Prepared, PreparedUpdate, bound
from annotation_site.scoring.models import Campaign

S = TypeVar("S", bound=LeasedSlot)

TICK = timedelta(microseconds=1)
"""Leases given in one go are issued so far apart: their order is kept."""


_RATER = Prepared(lambda: Rater.objects.select_for_update(no_key=True).filter(pk=bound(Rater, "id")))


@dataclass(frozen=True, slots=True)
class Place(Generic[S]):
    """Where a submission belongs. `slot` is what it fills, or None when its place is taken: then it is surplus."""

    subject_id: int
    token: UUID
    issued_at: datetime
    slot: S | None


def rater_lock(*, rater: Rater) -> Rater:
    """The rater's row as it is now, locked until the transaction ends. Raises `RaterNotActive`."""
    (fresh,) = _RATER(id=rater.pk)
    if fresh.state != RaterState.ACTIVE:
        raise RaterNotActive(RaterState(fresh.state))
    return fresh


@transaction.atomic
def lease_hold(*, model: type[S], rater: Rater, campaign: Campaign, count: int, now: datetime) -> list[S]:
    """The slots that the rater holds in a campaign, oldest first, topped up to `count` while there is work.

    A lease that ran out and that nobody took is given again under a fresh token. A closed campaign gives no new ones;
    what is closed is not shown any more, though an answer to a lease of it is still taken.
    """
    rater_lock(rater=rater)
    return leases_top_up(model=model, rater=rater, campaign=campaign, count=count, now=now)


def leases_top_up(*, model: type[S], rater: Rater, campaign: Campaign, count: int, now: datetime) -> list[S]:
    """`lease_hold` within a transaction that holds `rater_lock`."""
    until = now + timedelta(minutes=campaign.lease_minutes)
    leased = _leased(model)(rater=rater.pk, campaign=campaign.pk)
    held = [slot for slot in leased if slot.lease_expires_at is not None and slot.lease_expires_at > now]
    if len(held) < count and len(held) < len(leased):
        own = model._default_manager.filter(rater=rater, campaign=campaign, state=SlotState.LEASED)
        own = own.exclude(queue=Queue.CLOSED)
        expired = own.filter(lease_expires_at__lte=now).order_by("leased_at", "pk")
        for slot in expired.select_for_update(skip_locked=True)[: count - len(held)]:
            _issue(slot, rater=rater, now=now + TICK * len(held), until=until)
            held.append(slot)
    start = _standing(model, rater, campaign, held) if len(held) < count and campaign.is_open else 0
    while len(held) < count and campaign.is_open:
        found = open_slot(model=model, rater=rater, campaign=campaign, start=start, now=now, may_wait=not held)
        if found is None:
            break
        _issue(found, rater=rater, now=now + TICK * len(held), until=until)
        held.append(found)
        start = found.order_key
    return sorted(held, key=lambda slot: (slot.leased_at, slot.pk))


def lease_renew(*, model: type[LeasedSlot], rater: Rater, token: UUID, now: datetime) -> datetime:
    """Keep a lease alive; the new end. Raises `LeaseLost` once another rater has it, and `LeaseUnknown`."""
    slot = model._default_manager.select_related("campaign").filter(token=token, rater=rater).first()
    if slot is None:
        raise LeaseLost if _ended(model, rater, token) else LeaseUnknown
    until = now + timedelta(minutes=slot.campaign.lease_minutes)
    own = model._default_manager.filter(token=token, rater=rater, state=SlotState.LEASED)
    if not own.update(lease_expires_at=until):
        raise LeaseLost
    return until


@transaction.atomic
def lease_release(*, model: type[LeasedSlot], rater: Rater, token: UUID, now: datetime) -> None:
    """Give a lease back. Released or lost already: nothing happens. What is judged stays so."""
    slot = _own_slot(model, rater, token)
    if slot is not None and slot.state == SlotState.LEASED:
        _end(slot, end=LeaseEnd.RELEASED, now=now)
        _save(slot, _FREED)


@transaction.atomic
def lease_skip(*, model: type[S], rater: Rater, token: UUID, reason: str, note: str, now: datetime) -> S:
    """Give a lease back and bar the rater from its subject for good. Skipping twice is skipping once."""
    rater_lock(rater=rater)
    slot = _own_slot(model, rater, token)
    if slot is None:
        ended = _ended(model, rater, token)
        if ended is None:
            raise LeaseUnknown
        slot = ended.slot  # type: ignore[attr-defined]
    elif slot.state == SlotState.FILLED:
        raise AlreadyJudged
    else:
        _end(slot, end=LeaseEnd.SKIPPED, now=now)
        _save(slot, _FREED)
    bar = {f"{model.subject_field}_id": slot.subject_id, "rater": rater}
    bar_model(model)._default_manager.get_or_create(**bar, defaults={"reason": reason, "note": note, "created_at": now})
    return slot


def place_find(*, model: type[S], rater: Rater, token: UUID, now: datetime) -> Place[S]:
    """Where a submission under `token` belongs, its slot locked. Raises `LeaseUnknown`. Needs `rater_lock` before.

    Late work is welcome while the lease was not taken, or while its subject has any open slot; work on what the rater
    skipped, or has judged already, is surplus.
    """
    slot = _own_slot(model, rater, token)
    if slot is not None and slot.leased_at is not None:
        return Place(slot.subject_id, token, slot.leased_at, slot if slot.state == SlotState.LEASED else None)
    ended = _ended(model, rater, token)
    if ended is None:
        raise LeaseUnknown
    subject_id = ended.slot.subject_id  # type: ignore[attr-defined]
    return Place(subject_id, token, ended.issued_at, _late_slot(model, rater, ended, subject_id, now))


def slot_fill(slot: LeasedSlot) -> None:
    slot.state = SlotState.FILLED
    _filling(type(slot))(id=slot.pk)


def slots_reopen(*, model: type[LeasedSlot], raters: Collection[Rater]) -> list[int]:
    """Free all that these raters hold or have filled. Returns the subjects of the filled ones, in order."""
    own = model._default_manager.filter(rater__in=raters)
    rows = list(own.select_for_update().order_by("pk"))
    own.update(**_FREED)
    return sorted({slot.subject_id for slot in rows if slot.state == SlotState.FILLED})


def slots_lock(*, model: type[LeasedSlot], subjects: Collection[int]) -> None:
    """Lock all slots of these subjects, by id: nobody claims or fills one until the transaction ends.

    Without the keys: a correction holds its subject and, as it commits, makes sure that its slot is still there.
    """
    slots = model._default_manager.filter(**{f"{model.subject_field}__in": subjects})
    list(slots.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def slots_close(*, model: type[LeasedSlot], subjects: Collection[int]) -> None:
    """Put all slots of these subjects, locked before, where no claim looks; the filled ones too, should they reopen."""
    model._default_manager.filter(**{f"{model.subject_field}__in": subjects}).update(queue=Queue.CLOSED)


def slots_offer(*, model: type[LeasedSlot], subjects: Collection[int], queue: Queue) -> None:
    """Put the closed slots of these subjects, locked before, back into `queue`; of those begun, where they go on."""
    field = model.subject_field
    closed = model._default_manager.filter(**{f"{field}__in": subjects}, queue=Queue.CLOSED)
    begun = set(closed.exclude(state=SlotState.FREE).values_list(f"{field}_id", flat=True))
    for those, where in ((begun, queue.begun), (set(subjects) - begun, queue)):
        closed.filter(**{f"{field}__in": those}).update(queue=where)


_FREED: dict[str, Any] = {
    "state": SlotState.FREE,
    "rater": None,
    "token": None,
    "leased_at": None,
    "lease_expires_at": None,
}


# --- What runs for every judgment, compiled once for each kind of slot -----------------------------------------------
@cache
def _leased(model: type[S]) -> Prepared[S]:
    """What a rater holds in a campaign, the expired included but not what was closed, in the order of giving."""
    return Prepared(
        lambda: (
            model._default_manager.filter(
                rater=bound(model, "rater"), campaign=bound(model, "campaign"), state=SlotState.LEASED
            )
            .exclude(queue=Queue.CLOSED)
            .order_by("leased_at", "pk")
        )
    )


@cache
def _newest(model: type[LeasedSlot]) -> Prepared[tuple[int]]:
    """The order key of the slot that the rater got last of those that they have filled."""
    return Prepared(
        lambda: (
            model._default_manager.filter(
                rater=bound(model, "rater"), campaign=bound(model, "campaign"), state=SlotState.FILLED
            )
            .order_by("-leased_at")
            .values_list("order_key")[:1]
        )
    )


@cache
def _by_token(model: type[S]) -> Prepared[S]:
    return Prepared(
        lambda: model._default_manager.select_for_update().filter(
            token=bound(model, "token"), rater=bound(model, "rater")
        )
    )


@cache
def _filling(model: type[LeasedSlot]) -> PreparedUpdate:
    return PreparedUpdate(lambda: model._default_manager.filter(pk=bound(model, "id")), state=SlotState.FILLED)


@cache
def _giving(model: type[LeasedSlot]) -> PreparedUpdate:
    names = ("queue", "token", "leased_at", "lease_expires_at", *model.dealt(UUID(int=0)))
    return PreparedUpdate(
        lambda: model._default_manager.filter(pk=bound(model, "id")),
        state=SlotState.LEASED,
        rater=bound(model, "rater", "rater_id"),
        **{name: bound(model, name) for name in names},
    )


@cache
def _siblings(model: type[LeasedSlot]) -> PreparedUpdate:
    """Move the slots of one subject from one queue to another.

    Those locked at this moment are being given out too and are moved by whoever does it: waiting could deadlock.
    """

    def others() -> QuerySet[Any]:
        of_subject = model._default_manager.filter(
            **{model.subject_field: bound(model, model.subject_field, "subject")}, queue=bound(model, "queue")
        )
        return model._default_manager.filter(pk__in=of_subject.select_for_update(skip_locked=True).values("pk"))

    return PreparedUpdate(others, queue=bound(model, "queue", "begun"))


def _own_slot(model: type[S], rater: Rater, token: UUID) -> S | None:
    return _by_token(model).first(token=token, rater=rater.pk)


def _late_slot(model: type[S], rater: Rater, ended: EndedLease, subject_id: int, now: datetime) -> S | None:
    """The slot that late work fills: one that the rater holds of the same subject by now, or one that is open."""
    subject = {f"{model.subject_field}_id": subject_id}
    own = model._default_manager.select_for_update().filter(**subject, rater=rater).first()
    if own is not None:
        return own if own.state == SlotState.LEASED else None
    if bar_model(model)._default_manager.filter(**subject, rater=rater).exists():
        return None
    is_open = Q(state=SlotState.FREE) | Q(state=SlotState.LEASED, lease_expires_at__lte=now)
    found = model._default_manager.select_for_update().filter(is_open, **subject).order_by("index").first()
    if found is not None:
        _give(found, rater=rater, token=ended.token, issued_at=ended.issued_at, until=now, now=now)
    return found


def _standing(model: type[LeasedSlot], rater: Rater, campaign: Campaign, held: list[S]) -> int:
    """Where on the ring the rater stands: at the slot that they took last, before the first one at their own start."""
    if held:
        return max(held, key=lambda slot: (slot.leased_at, slot.pk)).order_key
    newest = _newest(model).first(rater=rater.pk, campaign=campaign.pk)
    return rater.order_seed % ORDER_KEYS if newest is None else int(newest[0])


def _issue(slot: LeasedSlot, *, rater: Rater, now: datetime, until: datetime) -> None:
    """Lease the slot under a fresh token. What its subject's other slots are queued as follows."""
    queue = Queue(slot.queue)
    slot.queue = queue.begun
    _give(slot, rater=rater, token=uuid4(), issued_at=now, until=until, now=now)
    if queue == queue.begun:
        return
    _siblings(type(slot))(subject=slot.subject_id, queue=queue, begun=queue.begun)


def _give(slot: LeasedSlot, *, rater: Rater, token: UUID, issued_at: datetime, until: datetime, now: datetime) -> None:
    if slot.token is not None:
        _end(slot, end=LeaseEnd.RENEWED if slot.rater_id == rater.pk else LeaseEnd.TAKEN, now=now)
    fields: dict[str, Any] = {
        "queue": slot.queue,
        "rater_id": rater.pk,
        "token": token,
        "leased_at": issued_at,
        "lease_expires_at": until,
        **slot.dealt(token),
    }
    _giving(type(slot))(id=slot.pk, **fields)
    slot.state = SlotState.LEASED
    for name, value in fields.items():
        setattr(slot, name, value)


def _end(slot: LeasedSlot, *, end: LeaseEnd, now: datetime) -> None:
    """Remember the lease that the slot loses."""
    _ended_rows(type(slot)).create(
        slot=slot, rater_id=slot.rater_id, token=slot.token, end=end, issued_at=slot.leased_at, ended_at=now
    )


def _save(slot: LeasedSlot, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(slot, name, value)
    slot.save(update_fields=list(fields))


def _ended(model: type[LeasedSlot], rater: Rater, token: UUID) -> EndedLease | None:
    rows: QuerySet[EndedLease] = _ended_rows(model).select_related("slot")
    return rows.filter(token=token, rater=rater).first()


def _ended_rows(model: type[LeasedSlot]) -> Any:
    """The manager of the model's ended leases, whose foreign key `slot` only the concrete class has."""
    related: Any = model._meta.get_field("ended_leases")  # type: ignore[misc]
    return related.related_model._default_manager
