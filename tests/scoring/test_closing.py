"""Closed pairs: given to nobody, nothing lost, counted apart, and open again where they left off."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.accounts.work import campaigns_for
from annotation_site.leases.models import Queue, SlotState
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.preferences.services import vote_submit
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from annotation_site.scoring.selectors import campaign_progress, none_because
from annotation_site.scoring.services import (
    pair_follow,
    pairs_ask_for,
    pairs_close,
    pairs_reopen,
    rater_withdraw,
    rating_submit,
)
from tests.conftest import NOON
from tests.factories import make_campaign, make_painting, make_pair, make_rater, make_rating, make_task

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=1)
TaskState = PreferenceTask.State


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(raters_per_pair=3)


@pytest.fixture
def vera() -> Rater:
    return make_rater("vera")


def close(*pairs: Pair, spare_begun: bool = False) -> int:
    return pairs_close(pair_ids=[pair.pk for pair in pairs], because="tried", now=NOON, spare_begun=spare_begun)


def held(rater: Rater, campaign: Campaign, now=NOON, count: int = 3) -> list[int]:
    return [slot.pair_id for slot in lease_hold(model=Slot, rater=rater, campaign=campaign, count=count, now=now)]


def rated_by(pair: Pair, *raters: Rater, value: float = 0.5) -> Pair:
    for rater in raters:
        make_rating(pair=pair, rater=rater, value=value)
    return pair


def test_a_closed_pair_is_claimed_by_nobody_and_the_rater_is_told_that_all_is_done(campaign, vera):
    closed, left = make_pair(campaign=campaign), make_pair(campaign=campaign)
    assert close(closed) == 1
    assert held(vera, campaign) == [left.pk]
    close(left)
    assert held(make_rater(), campaign) == []
    assert none_because(rater=vera, campaign=campaign) == "Every pair has all its ratings. Thank you!"
    (work,) = campaigns_for(rater=vera)
    assert work.n_pairs_waiting == 0


def test_closing_twice_is_closing_once_and_keeps_the_first_reason(campaign):
    pair = make_pair(campaign=campaign)
    assert [close(pair), pairs_close(pair_ids=[pair.pk], because="again", now=LATER)] == [1, 0]
    pair.refresh_from_db()
    assert (pair.closed_at, pair.closed_because) == (NOON, "tried")


def test_what_a_rater_holds_of_a_closed_pair_is_still_taken_but_not_given_again(campaign, vera):
    pair = make_pair(campaign=campaign)
    (slot,) = lease_hold(model=Slot, rater=vera, campaign=campaign, count=1, now=NOON)
    close(pair)
    assert held(vera, campaign, LATER) == [], "neither while the lease lives"
    assert held(vera, campaign, NOON + timedelta(hours=1)) == [], "nor once it ran out"
    done = rating_submit(rater=vera, token=slot.token, key=uuid4(), value=0.7, now=LATER)
    assert done.rating.state == "counted"
    pair.refresh_from_db()
    assert (pair.rating_count, pair.closed_at) == (1, NOON)


def test_a_late_answer_to_a_closed_pair_is_kept(campaign, vera):
    pair = make_pair(campaign=campaign)
    (slot,) = lease_hold(model=Slot, rater=vera, campaign=campaign, count=1, now=NOON)
    close(pair)
    done = rating_submit(rater=vera, token=slot.token, key=uuid4(), value=0.7, now=NOON + timedelta(hours=2))
    assert Rating.objects.get() == done.rating
    assert Slot.objects.filter(pair=pair, state=SlotState.FILLED).count() == 1


def test_begun_pairs_can_be_spared(campaign, vera):
    begun, fresh = rated_by(make_pair(campaign=campaign), vera), make_pair(campaign=campaign)
    complete = rated_by(make_pair(campaign=campaign), vera, make_rater(), make_rater())
    assert close(begun, fresh, complete, spare_begun=True) == 2
    assert set(Pair.objects.filter(closed_at=None)) == {begun}
    assert held(make_rater(), campaign) == [begun.pk]


def test_progress_counts_closed_pairs_apart_and_wants_no_ratings_of_them(campaign, vera):
    boris, cleo = make_rater(), make_rater()
    rated_by(make_pair(campaign=campaign), vera, boris, cleo)
    begun, _ = rated_by(make_pair(campaign=campaign), vera), make_pair(campaign=campaign)
    closed = rated_by(make_pair(campaign=campaign), vera, boris)
    before = campaign_progress(campaign=campaign, now=NOON)
    assert (before.complete, before.begun, before.open, before.closed, before.ratings_wanted) == (1, 2, 1, 0, 12)
    close(closed)
    seen = campaign_progress(campaign=campaign, now=NOON)
    assert (seen.pairs, seen.complete, seen.begun, seen.open, seen.closed) == (4, 1, 1, 1, 1)
    assert (seen.ratings, seen.ratings_wanted, seen.over_quota) == (6, 11, 0)
    close(begun)
    assert campaign_progress(campaign=campaign, now=NOON).ratings_wanted == 9


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_withdrawn_raters_places_in_a_closed_pair_stay_closed(campaign, vera, is_complete):
    others = [make_rater(), make_rater()] if is_complete else []
    pair = rated_by(make_pair(campaign=campaign), vera, *others)
    close(pair)
    rater_withdraw(rater=vera, now=LATER)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score) == (len(others), None)
    assert set(Slot.objects.filter(pair=pair).values_list("queue", flat=True)) == {Queue.CLOSED}
    assert held(make_rater(), campaign) == []


def test_a_model_cannot_ask_for_closed_pairs_or_withdrawn_items(campaign):
    closed, waiting = make_pair(campaign=campaign), make_pair(campaign=campaign)
    close(closed)
    gone = make_painting(withdrawn_at=NOON)
    items = [(pair.painting, pair.clip, Pair.Origin.MODEL) for pair in (closed, waiting)]
    items.append((gone, waiting.clip, Pair.Origin.MODEL))
    assert pairs_ask_for(campaign=campaign, items=items, now=LATER) == 1
    assert set(closed.slots.values_list("queue", flat=True)) == {Queue.CLOSED}
    assert set(waiting.slots.values_list("queue", flat=True)) == {Queue.ASKED}
    assert not Pair.objects.filter(painting=gone).exists()


def test_pairs_open_again_where_they_left_off(campaign, vera):
    fresh, begun = make_pair(campaign=campaign), rated_by(make_pair(campaign=campaign), vera)
    asked = make_pair(campaign=campaign, origin=Pair.Origin.MODEL)
    still_open = make_pair(campaign=campaign)
    close(fresh, begun, asked)
    assert pairs_reopen(pair_ids=[fresh.pk, begun.pk, asked.pk, still_open.pk]) == 3
    queues = {pair: set(pair.slots.values_list("queue", flat=True)) for pair in (fresh, begun, asked)}
    assert queues == {fresh: {Queue.FRESH}, begun: {Queue.BEGUN}, asked: {Queue.ASKED}}
    begun.refresh_from_db()
    assert (begun.closed_at, begun.closed_because) == (None, "")
    assert held(make_rater(), campaign, count=4)[0] == asked.pk


# --- Preference tasks ----------------------------------------------------------------------------------------------
@pytest.fixture
def task(campaign, vera) -> PreferenceTask:
    painting, crew = make_painting(), [vera, make_rater(), make_rater()]
    return make_task(
        pair_a=rated_by(make_pair(campaign=campaign, painting=painting), *crew),
        pair_b=rated_by(make_pair(campaign=campaign, painting=painting), *crew),
    )


def vote(rater: Rater, campaign: Campaign) -> None:
    (slot,) = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=NOON)
    vote_submit(rater=rater, token=slot.token, key=uuid4(), choice="a", now=LATER)


def asked_of(rater: Rater, campaign: Campaign) -> list[VoteSlot]:
    return lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=LATER)


def test_a_task_closes_with_one_of_its_pairs_and_opens_with_it(task, campaign):
    close(task.pair_b)
    task.refresh_from_db()
    assert task.state == TaskState.CLOSED
    assert asked_of(make_rater(), campaign) == []
    pair_follow(pair_id=task.pair_b_id, now=LATER)
    task.refresh_from_db()
    assert task.state == TaskState.CLOSED, "a score that follows opens nothing"
    pairs_reopen(pair_ids=[task.pair_b_id])
    task.refresh_from_db()
    assert task.state == TaskState.OPEN
    assert len(asked_of(make_rater(), campaign)) == 1


def test_a_task_stays_closed_while_its_other_pair_is(task):
    close(task.pair_a, task.pair_b)
    pairs_reopen(pair_ids=[task.pair_a_id])
    task.refresh_from_db()
    assert task.state == TaskState.CLOSED


def test_a_begun_task_goes_on_only_where_begun_work_is_spared(task, campaign):
    vote(make_rater(), campaign)
    close(task.pair_a, spare_begun=True)
    task.refresh_from_db()
    assert task.state == TaskState.OPEN
    close(task.pair_b)
    task.refresh_from_db()
    assert (task.state, task.votes_a) == (TaskState.CLOSED, 1)
    assert asked_of(make_rater(), campaign) == []


def test_a_withdrawn_voter_does_not_open_a_closed_task(task, campaign):
    boris = make_rater()
    vote(boris, campaign)
    close(task.pair_a)
    rater_withdraw(rater=boris, now=LATER)
    task.refresh_from_db()
    assert (task.state, task.votes_a) == (TaskState.CLOSED, 0)
    assert asked_of(make_rater(), campaign) == []


def test_a_decided_task_stays_decided(task, campaign):
    for _ in range(3):
        vote(make_rater(), campaign)
    close(task.pair_a)
    task.refresh_from_db()
    assert task.state == TaskState.KEPT


def test_no_task_is_made_of_a_closed_pair_or_a_withdrawn_item(task, campaign):
    task.slots.all().delete()
    task.delete()
    close(task.pair_a)
    assert tasks_make(campaign=campaign, count=None, seed=1, now=LATER) == []
    pairs_reopen(pair_ids=[task.pair_a_id])
    painting = task.pair_a.painting
    painting.withdrawn_at = NOON
    painting.save()
    assert tasks_make(campaign=campaign, count=None, seed=1, now=LATER) == []
    painting.withdrawn_at = None
    painting.save()
    assert len(tasks_make(campaign=campaign, count=None, seed=1, now=LATER)) == 1
