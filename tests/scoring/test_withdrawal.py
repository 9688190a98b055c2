"""A rater leaves: slots reopen, aggregates follow, rows stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.leases.errors import RaterNotActive
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot, VoteState
from annotation_site.preferences.services import vote_submit
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, SlotState
from annotation_site.scoring.services import pair_follow, rater_withdraw, raters_withdraw, rating_correct
from tests.conftest import NOON
from tests.factories import make_pair, make_rater, make_task
from tests.scoring.conftest import HEARD, lease, submit

Rate = Callable[..., Rating]


def test_a_withdrawn_rater_s_places_open_again_and_the_score_goes(pair: Pair, rate: Rate, vera: Rater) -> None:
    rate(vera, 0.2)
    for value in (0.4, 0.9):
        rate(make_rater(), value)
    rater_withdraw(rater=vera, now=HEARD)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score, pair.dispersion, pair.completed_at) == (2, None, None, None)
    assert Rating.objects.get(rater=vera).state == RatingState.WITHDRAWN
    assert Rating.objects.get(rater=vera).value == 0.2
    free = pair.slots.get(state=SlotState.FREE)
    assert (free.rater, free.token) == (None, None)
    vera.refresh_from_db()
    assert vera.state == RaterState.WITHDRAWN


def test_the_reopened_place_is_filled_by_another_rater(pair: Pair, rate: Rate, vera: Rater) -> None:
    rate(vera, 0.2)
    for value in (0.4, 0.9):
        rate(make_rater(), value)
    rater_withdraw(rater=vera, now=HEARD)
    rate(make_rater(), 0.5)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score) == (3, 0.5)
    assert pair.ratings.count() == 4


def test_an_excluded_rater_is_told_so_and_holds_nothing(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot = lease(vera, campaign)
    rater_withdraw(rater=vera, now=HEARD, state=RaterState.EXCLUDED)
    with pytest.raises(RaterNotActive) as refusal:
        submit(vera, slot.token)
    assert refusal.value.code == "rater_excluded"
    assert pair.slots.filter(state=SlotState.FREE).count() == 3


def test_superseded_ratings_stay_superseded(pair: Pair, rate: Rate, vera: Rater) -> None:
    old = rate(vera, 0.2)
    new = rating_correct(rater=vera, rating_key=old.key, key=uuid4(), value=0.3, now=HEARD).rating
    rater_withdraw(rater=vera, now=HEARD)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (RatingState.SUPERSEDED, RatingState.WITHDRAWN)


def test_several_raters_leave_one_pair_at_once(pair: Pair, rate: Rate) -> None:
    crew = [make_rater() for _ in range(3)]
    for rater, value in zip(crew, (0.2, 0.4, 0.9), strict=True):
        rate(rater, value)
    raters_withdraw(raters=crew[:2], now=HEARD)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score) == (1, None)
    pair_follow(pair_id=pair.pk, now=HEARD)
    pair.refresh_from_db()
    assert pair.rating_count == 1


def test_votes_leave_with_their_rater(campaign: Campaign, vera: Rater) -> None:
    first = make_pair(campaign=campaign)
    task = make_task(pair_a=first, pair_b=make_pair(campaign=campaign, clip=first.clip))
    for rater in (vera, make_rater(), make_rater()):
        (slot,) = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=NOON)
        assert slot.token is not None
        vote_submit(rater=rater, token=slot.token, key=uuid4(), choice="a", now=HEARD)
    task.refresh_from_db()
    assert (task.state, task.winner, task.votes_a) == (PreferenceTask.State.KEPT, "a", 3)
    rater_withdraw(rater=vera, now=HEARD + timedelta(minutes=1))
    task.refresh_from_db()
    assert (task.state, task.winner, task.votes_a, task.decided_at) == (PreferenceTask.State.OPEN, "", 2, None)
    assert Vote.objects.get(rater=vera).state == VoteState.WITHDRAWN
