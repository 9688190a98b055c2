"""Which open slot a rater gets next: one walk through the queues, in the rater's own order, served by an index.

Slots lie on a ring by their random `order_key`. A rater starts at a place of their own and goes round it, queue by
queue: what a model asked for before the rest, what is begun before what is fresh. Where someone is ahead of the others,
a begun queue is full of slots of subjects that they have judged already; so at first only the next `WINDOW` slots of
such a queue are looked at, and all of it only when nothing else is left. A claim therefore costs the same in a campaign
of 1,000 pairs and of 50,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TypeVar

from django.db import connection, models

from annotation_site.accounts.models import Rater
from annotation_site.leases.models import ORDER_KEYS, LeasedSlot, Queue
from annotation_site.prepared import Prepared, bound
from annotation_site.scoring.models import Campaign

S = TypeVar("S", bound=LeasedSlot)

WINDOW = 200
_BEGUN = (Queue.ASKED_BEGUN, Queue.BEGUN)

# The queues that have any slot at all that is not filled. The order inside is there to make the index the cheapest way.
_WAITING = """
SELECT column1 FROM (VALUES (0), (1), (2), (3)) AS queues
WHERE EXISTS (
  SELECT 1 FROM {slots} AS slot
  WHERE slot.campaign_id = %(campaign)s AND slot.queue = column1 AND NOT (slot.state = 'filled')
  ORDER BY slot.order_key LIMIT 1 OFFSET 0
)
ORDER BY column1
"""
# The first open slot of one queue within [low, high], not of a subject that the rater holds, has judged or has skipped.
# Constants are written out, not parameters, where the partial index of open slots has to be recognised. OFFSET 0 keeps
# PostgreSQL from turning a look-up by key into a join, which stale statistics make it do by the wrong index.
_FIRST_OPEN = """
SELECT slot.id FROM {slots} AS slot
WHERE slot.campaign_id = %(campaign)s AND {queue} AND NOT (slot.state = 'filled')
  AND slot.order_key BETWEEN %(low)s AND %(high)s {window}
  AND (slot.state = 'free' OR slot.lease_expires_at <= %(now)s)
  AND NOT EXISTS (
    SELECT 1 FROM {slots} AS own WHERE own.{subject} = slot.{subject} AND own.rater_id = %(rater)s LIMIT 1 OFFSET 0
  )
  AND NOT EXISTS (
    SELECT 1 FROM {bars} AS bar WHERE bar.{subject} = slot.{subject} AND bar.rater_id = %(rater)s LIMIT 1 OFFSET 0
  )
  {also}
ORDER BY slot.queue, slot.order_key LIMIT 1 {lock}
"""
_WINDOW = """
  AND slot.order_key <= COALESCE((
    SELECT last.order_key FROM {slots} AS last
    WHERE last.campaign_id = %(campaign)s AND last.queue = %(queue)s AND NOT (last.state = 'filled')
      AND last.order_key >= %(low)s
    ORDER BY last.order_key LIMIT 1 OFFSET %(window)s
  ), %(high)s)
"""


def open_slot(
    *, model: type[S], rater: Rater, campaign: Campaign, start: int, now: datetime, may_wait: bool
) -> S | None:
    """The slot to give next, locked against other claims where the database locks rows; None when there is none.

    `start` (0 <= start < ORDER_KEYS) is where on the ring the rater stands. Slots that others have locked just now are
    passed over; with `may_wait` they are waited for before it is said that there is nothing. Call it in a transaction,
    and with `may_wait` only in one that has changed no slot yet: two that wait could wait for each other.
    """
    for queue, is_windowed, also in _looks(model, _waiting(model, campaign)):
        sql = first_open_sql(model=model, is_windowed=is_windowed, also=also)
        for low, high in ((start, ORDER_KEYS - 1), (0, start - 1)):
            if (slot := _found(model, sql, _parameters(rater, campaign, queue, low, high, now))) is not None:
                return slot
    if may_wait and connection.features.has_select_for_update_skip_locked:
        anywhere = _parameters(rater, campaign, Queue.FRESH, 0, ORDER_KEYS - 1, now)
        return _found(model, first_open_sql(model=model, waits=True), anywhere)
    return None


def _found(model: type[S], sql: str, parameters: dict[str, int | str]) -> S | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return None if row is None else _by_id(model).first(id=row[0])


@cache
def _by_id(model: type[S]) -> Prepared[S]:
    return Prepared(lambda: model._default_manager.filter(pk=bound(model, "id")))


def _waiting(model: type[LeasedSlot], campaign: Campaign) -> list[Queue]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING.format(slots=model._meta.db_table), {"campaign": campaign.pk})
        return [Queue(row[0]) for row in cursor.fetchall()]


def _looks(model: type[LeasedSlot], waiting: list[Queue]) -> Iterator[tuple[Queue, bool, str]]:
    """(queue, whether only its next WINDOW slots, further condition), in the order in which they are looked at."""
    if model.preferred_sql:
        for queue in waiting:
            yield queue, True, model.preferred_sql
    for queue in waiting:
        yield queue, queue in _BEGUN, ""
    for queue in waiting:
        if queue in _BEGUN:
            yield queue, False, ""


@cache
def first_open_sql(*, model: type[LeasedSlot], is_windowed: bool = False, also: str = "", waits: bool = False) -> str:
    """The statement behind `open_slot`; its parameters are campaign, queue, low, high, now, rater and window.

    With `waits` it looks through all queues: a slot may be in another one by the time that its lock is gone.
    """
    names = {
        "slots": model._meta.db_table,
        "bars": bar_model(model)._meta.db_table,
        "subject": f"{model.subject_field}_id",
    }
    lock = "FOR UPDATE OF slot" if connection.features.has_select_for_update_skip_locked else ""
    if lock and not waits:
        lock += " SKIP LOCKED"
    queue = "slot.queue BETWEEN 0 AND 3" if waits else "slot.queue = %(queue)s"
    window = _WINDOW.format(**names) if is_windowed else ""
    return _FIRST_OPEN.format(**names, queue=queue, window=window, also=model.offered_sql + also, lock=lock)


def _parameters(
    rater: Rater, campaign: Campaign, queue: Queue, low: int, high: int, now: datetime
) -> dict[str, int | str]:
    return {
        "campaign": campaign.pk,
        "queue": int(queue),
        "low": low,
        "high": high,
        "now": connection.ops.adapt_datetimefield_value(now),  # type: ignore[dict-item]
        "rater": rater.pk,
        "window": WINDOW,
    }


def bar_model(model: type[LeasedSlot]) -> type[models.Model]:
    """Where skips of the slot's subject are kept."""
    subject = model._meta.get_field(model.subject_field).related_model
    return subject._meta.get_field("bars").related_model  # type: ignore[union-attr,return-value]
