"""Which slot comes next: the ring, the queues, the window, and the index that serves them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from annotation_site.accounts.models import Rater
from annotation_site.leases import claiming
from annotation_site.leases.claiming import first_open_sql
from annotation_site.leases.models import ORDER_KEYS, Queue, SlotState
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import VoteSlot
from annotation_site.scoring.models import Campaign, Pair, Slot
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_task
from tests.leases.conftest import Kind

SOON = NOON + timedelta(minutes=1)


def _pairs_on_the_ring(campaign: Campaign, keys: list[int]) -> dict[int, Pair]:
    """Pairs whose slots all lie at the given places of the ring."""
    clip = make_clip()
    pairs = {key: make_pair(campaign=campaign, clip=clip) for key in keys}
    for key, pair in pairs.items():
        pair.slots.update(order_key=key)
    return pairs


def _walk(rater: Rater, campaign: Campaign, steps: int) -> list[int]:
    """Order keys in the order in which a rater gets and answers them."""
    seen = []
    for step in range(steps):
        (slot,) = lease_hold(model=Slot, rater=rater, campaign=campaign, count=1, now=NOON + timedelta(minutes=step))
        seen.append(slot.order_key)
        Slot.objects.filter(pk=slot.pk).update(state=SlotState.FILLED)
    return seen


def test_a_rater_goes_round_the_ring_from_a_start_of_their_own(campaign: Campaign) -> None:
    _pairs_on_the_ring(campaign, [10, 20, 30, 40])
    assert _walk(make_rater(order_seed=25), campaign, 4) == [30, 40, 10, 20]


def test_seeds_beyond_the_ring_wrap(campaign: Campaign) -> None:
    _pairs_on_the_ring(campaign, [10, 20, 30])
    seed = 15 + ORDER_KEYS if connection.vendor == "sqlite" else 15  # PostgreSQL's column holds no larger one
    assert _walk(make_rater(order_seed=seed), campaign, 2) == [20, 30]


def test_the_last_and_the_first_place_of_the_ring_are_reached(campaign: Campaign) -> None:
    _pairs_on_the_ring(campaign, [0, ORDER_KEYS - 1])
    assert sorted(_walk(make_rater(order_seed=ORDER_KEYS - 1), campaign, 2)) == [0, ORDER_KEYS - 1]


def test_other_campaigns_are_not_touched(campaign: Campaign, vera: Rater) -> None:
    make_pair(campaign=make_campaign())
    assert lease_hold(model=Slot, rater=vera, campaign=campaign, count=1, now=NOON) == []


def test_queues_go_out_in_their_order(campaign: Campaign, vera: Rater) -> None:
    pairs = _pairs_on_the_ring(campaign, [10, 20, 30, 40])
    order = (Queue.FRESH, Queue.BEGUN, Queue.ASKED, Queue.ASKED_BEGUN)
    for pair, queue in zip(pairs.values(), order, strict=True):
        pair.slots.update(queue=queue)
    assert _walk(vera, campaign, 4) == [40, 30, 20, 10]


def test_beyond_the_window_fresh_work_goes_before_begun_work_that_is_far_away(
    campaign: Campaign, vera: Rater, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "WINDOW", 3)
    pairs = _pairs_on_the_ring(campaign, [10, 20, 30, 40])
    for key, at in ((20, NOON), (10, SOON)):  # vera has judged these, so their other places are not for her
        _fill_one(pairs[key], vera, at)
    pairs[30].slots.update(queue=Queue.BEGUN)
    (hers,) = lease_hold(model=Slot, rater=vera, campaign=campaign, count=1, now=SOON)
    assert hers.order_key == 40  # 30 is begun and hers to judge, but lies behind four places that are not
    both = lease_hold(model=Slot, rater=vera, campaign=campaign, count=2, now=SOON)
    assert {slot.order_key for slot in both} == {30, 40}  # found all the same, once nothing is fresh


def _fill_one(pair: Pair, rater: Rater, at: datetime) -> None:
    pair.slots.update(queue=Queue.BEGUN)
    first = pair.slots.order_by("index")[0]
    Slot.objects.filter(pk=first.pk).update(state=SlotState.FILLED, rater=rater, token=uuid4(), leased_at=at)


def test_those_who_scored_neither_pair_get_a_task_first(vera: Rater) -> None:
    campaign = make_campaign(raters_per_pair=3)
    painting = make_painting()
    scored, other, third, fourth = (make_pair(campaign=campaign, painting=painting) for _ in range(4))
    known = make_task(pair_a=scored, pair_b=other)
    unknown = make_task(pair_a=third, pair_b=fourth)
    known.slots.update(order_key=1)
    unknown.slots.update(order_key=2)
    _fill_one(scored, vera, NOON)
    first, second = lease_hold(model=VoteSlot, rater=vera, campaign=campaign, count=2, now=NOON)
    assert (first.task, second.task) == (unknown, known)  # the other one is better than nothing
    (his,) = lease_hold(model=VoteSlot, rater=make_rater(order_seed=0), campaign=campaign, count=1, now=NOON)
    assert his.task == known


def test_both_sides_occur_and_follow_from_the_token(vera: Rater) -> None:
    campaign = make_campaign(raters_per_pair=3)
    painting = make_painting()
    pairs = [make_pair(campaign=campaign, painting=painting) for _ in range(8)]
    for one, other in pairwise(pairs):
        make_task(pair_a=one, pair_b=other)
    held = lease_hold(model=VoteSlot, rater=vera, campaign=campaign, count=7, now=NOON)
    assert [slot.left for slot in held] == [VoteSlot.dealt(slot.token)["left"] for slot in held if slot.token]
    sides = {VoteSlot.dealt(token)["left"] for slot in held for token in [slot.token] if token}
    assert sides <= {"a", "b"}


@pytest.mark.parametrize("look", [{}, {"is_windowed": True}, {"waits": True}], ids=["whole", "windowed", "waiting"])
def test_the_claim_walks_the_index_of_open_slots_and_sorts_nothing(kind: Kind, db: None, look: dict[str, bool]) -> None:
    for also in ("", kind.model.preferred_sql):
        plan = _plan(first_open_sql(model=kind.model, also=also, **look))
        assert f"{kind.model.__name__.lower()}_open_in_order" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan
        assert f"SCAN {kind.model._meta.db_table}" not in plan.upper()


def _plan(sql: str) -> str:
    parameters: dict[str, Any] = {
        "campaign": 1,
        "queue": 3,
        "low": 7,
        "high": ORDER_KEYS - 1,
        "rater": 1,
        "window": 200,
    }
    parameters["now"] = connection.ops.adapt_datetimefield_value(NOON)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is read whole otherwise
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")  # nor does sorting them cost more: it is there if it must be
            cursor.execute("EXPLAIN " + sql, parameters)
            return "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("EXPLAIN QUERY PLAN " + sql, parameters)
        return "\n".join(row[3] for row in cursor.fetchall())
