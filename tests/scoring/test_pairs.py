"""Making pairs, asking for pairs, and the numbers of a campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.models import ORDER_KEYS, Queue
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot, SlotState
from annotation_site.scoring.selectors import (
    NoSuchCampaign,
    campaign_find,
    campaign_progress,
    none_because,
    own_progress,
    pairs_over_quota,
)
from annotation_site.scoring.services import campaign_find_or_make, pairs_ask_for, pairs_make
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_track
from tests.scoring.conftest import HEARD, lease

Rate = Callable[..., Rating]


@pytest.fixture
def corpus(db: None) -> None:
    for _ in range(4):
        make_painting()
    for _ in range(2):
        make_track(clips=3)


def _make(campaign: Campaign, count: int, seed: int = 1, *, balance: bool = False) -> list[Pair]:
    return pairs_make(campaign=campaign, count=count, seed=seed, balance=balance, now=NOON)


def test_pairs_come_with_their_slots(campaign: Campaign, corpus: None) -> None:
    pairs = _make(campaign, 10)
    assert len({(pair.painting_id, pair.clip_id) for pair in pairs}) == 10
    slots = Slot.objects.filter(pair__in=pairs)
    assert slots.count() == 30
    assert set(slots.values_list("state", "queue", "quota")) == {(SlotState.FREE, Queue.FRESH, 3)}
    assert len(set(slots.values_list("order_key", flat=True))) == 30
    assert all(0 <= slot.order_key < ORDER_KEYS for slot in slots)
    assert {pair.key for pair in pairs} == {f"{pair.painting.key}.{pair.clip.key}" for pair in pairs}


def test_the_same_seed_gives_the_same_pairs_in_the_same_order(campaign: Campaign, corpus: None) -> None:
    other, third = make_campaign(), make_campaign()
    keys = [[pair.key for pair in _make(each, 10, seed)] for each, seed in ((campaign, 7), (other, 7), (third, 8))]
    assert keys[0] == keys[1] != keys[2]


def test_a_second_batch_repeats_no_pair(campaign: Campaign, corpus: None) -> None:
    _make(campaign, 12)
    _make(campaign, 12)
    assert Pair.objects.filter(campaign=campaign).count() == 24  # all of 4 x 6


def test_more_pairs_than_there_are_is_refused_in_words(campaign: Campaign, corpus: None) -> None:
    with pytest.raises(ValueError, match="25 pairs asked for, but only 24 are left"):
        _make(campaign, 25)
    assert not Pair.objects.exists()


def test_silent_clips_and_items_of_the_other_kind_are_left_out(campaign: Campaign, corpus: None) -> None:
    Clip.objects.filter(index=0).update(is_silent=True)
    make_painting(is_synthetic=True)
    make_track(is_synthetic=True)
    assert len(_make(campaign, 16)) == 16  # 4 x 4
    with pytest.raises(ValueError, match="only 0 are left"):
        _make(campaign, 1)
    assert len(_make(make_campaign(is_synthetic=True), 3)) == 3


def test_balance_evens_out_how_often_an_item_occurs(campaign: Campaign, corpus: None) -> None:
    pairs = _make(campaign, 12, balance=True)
    assert set(Counter(pair.painting_id for pair in pairs).values()) == {3}
    assert set(Counter(pair.clip_id for pair in pairs).values()) == {2}


def test_without_items_there_is_nothing_to_pair(campaign: Campaign) -> None:
    with pytest.raises(ValueError, match="no real paintings"):
        _make(campaign, 1)
    make_painting()
    with pytest.raises(ValueError, match="no real clips"):
        _make(campaign, 1)


def test_what_a_model_asks_for_goes_to_the_front(campaign: Campaign, rate: Rate, vera: Rater) -> None:
    rated, begun, waiting = (make_pair(campaign=campaign) for _ in range(3))
    for pair, key in ((rated, 1), (begun, 2), (waiting, 3)):
        pair.slots.update(order_key=key)
    rate(vera, 0.5)
    lease(vera, campaign, now=HEARD)
    new = (make_painting(), make_clip(), Pair.Origin.CONTROL)
    items = [(pair.painting, pair.clip, Pair.Origin.MODEL) for pair in (rated, begun, waiting)]
    assert pairs_ask_for(campaign=campaign, items=[*items, new], now=HEARD) == 3
    made = Pair.objects.get(painting=new[0])
    queues = {pair.pk: set(pair.slots.values_list("queue", flat=True)) for pair in (rated, begun, waiting, made)}
    assert queues == {
        rated.pk: {Queue.BEGUN},
        begun.pk: {Queue.ASKED_BEGUN},
        waiting.pk: {Queue.ASKED},
        made.pk: {Queue.ASKED},
    }
    origins = dict(Pair.objects.values_list("pk", "origin"))
    assert origins == {rated.pk: "random", begun.pk: "model", waiting.pk: "model", made.pk: "control"}
    assert lease(make_rater(), campaign, now=HEARD).pair == begun


def test_asking_twice_makes_nothing_twice(campaign: Campaign) -> None:
    items = [(make_painting(), make_clip(), Pair.Origin.MODEL)]
    assert [pairs_ask_for(campaign=campaign, items=items, now=NOON) for _ in range(2)] == [1, 1]
    assert Pair.objects.count() == 1


def test_the_progress_counts_what_there_is(campaign: Campaign, rate: Rate, vera: Rater, boris: Rater) -> None:
    for _ in range(4):
        make_pair(campaign=campaign)
    make_pair()  # of another campaign
    for rater in (vera, boris, make_rater()):
        rate(rater, 0.5)
    rate(vera, 0.5, now=HEARD)
    lease(boris, campaign, now=HEARD)
    seen = campaign_progress(campaign=campaign, now=HEARD)
    assert (seen.pairs, seen.open, seen.begun, seen.complete) == (4, 2, 1, 1)
    assert (seen.ratings, seen.ratings_wanted, seen.raters, seen.leased) == (4, 12, 3, 1)
    assert (seen.surplus, seen.over_quota, seen.percent) == (0, 0, 33)
    assert campaign_progress(campaign=campaign, now=HEARD + timedelta(hours=1)).leased == 0


def test_a_pair_over_its_quota_would_be_seen(campaign: Campaign, pair: Pair, rate: Rate) -> None:
    for _ in range(3):
        rate(make_rater(), 0.5)
    assert pairs_over_quota(campaign=campaign) == 0
    # The constraints forbid a fourth rating in this pair's places; only a place of another pair gets past them.
    elsewhere = make_pair(campaign=campaign).slots.get(index=0)
    Rating.objects.create(pair=pair, slot=elsewhere, rater=make_rater(), value=0.5, key=uuid4(), created_at=NOON)
    assert pairs_over_quota(campaign=campaign) == 1


def test_own_progress_is_of_this_campaign_and_today(campaign: Campaign, rate: Rate, vera: Rater, boris: Rater) -> None:
    for _ in range(2):
        make_pair(campaign=campaign)
    rate(vera, 0.5, now=NOON - timedelta(days=1))
    rate(vera, 0.5)
    rate(boris, 0.5)
    seen = own_progress(rater=vera, campaign=campaign, now=HEARD)
    assert (seen.mine, seen.session) == (2, 1)
    assert own_progress(rater=vera, campaign=make_campaign(), now=HEARD).mine == 0


def test_why_there_is_nothing_to_do_is_said(campaign: Campaign, rate: Rate, vera: Rater, boris: Rater) -> None:
    assert "no pairs" in none_because(rater=vera, campaign=campaign)
    make_pair(campaign=campaign)
    rate(vera, 0.5)
    assert "You have rated or skipped" in none_because(rater=vera, campaign=campaign)
    assert "with other raters" in none_because(rater=boris, campaign=campaign)
    for rater in (boris, make_rater()):
        rate(rater, 0.5)
    assert "all its ratings" in none_because(rater=vera, campaign=campaign)
    campaign.is_open = False
    assert "closed" in none_because(rater=vera, campaign=campaign)


def test_a_command_without_a_slug_means_the_only_campaign(db: None) -> None:
    with pytest.raises(NoSuchCampaign, match="none yet"):
        campaign_find()
    demo = make_campaign(slug="demo", is_synthetic=True)
    assert campaign_find() == demo
    make_painting()
    with pytest.raises(NoSuchCampaign, match="demo"):
        campaign_find()
    real = make_campaign(slug="real")
    assert campaign_find() == real
    make_campaign(slug="second")
    with pytest.raises(NoSuchCampaign, match="demo, real, second"):
        campaign_find()
    assert campaign_find(slug="second").slug == "second"
    with pytest.raises(NoSuchCampaign, match="no campaign “third”"):
        campaign_find(slug="third")


def test_the_first_campaign_is_made_when_it_is_needed(db: None) -> None:
    demo = make_campaign(slug="demo", is_synthetic=True)
    assert campaign_find_or_make(now=NOON) == demo
    make_painting()
    main = campaign_find_or_make(now=NOON)
    assert (main.name, main.slug, main.is_synthetic) == ("Main campaign", "main", False)
    assert campaign_find_or_make(now=NOON) == main
