"""Pause, go on, withdraw: what a rater may decide, and what is an admin's."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotation_site.accounts.mine.services import PauseNotYours, WrongCode, own_pause, own_resume, own_withdraw
from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.services import rater_pause, rater_resume
from annotation_site.leases.errors import RaterNotActive
from annotation_site.scoring.models import Campaign, Rating, RatingState, SlotState
from annotation_site.scoring.services import raters_withdraw
from tests import factories
from tests.accounts.conftest import rate_all
from tests.conftest import NOON

OUT = [RaterState.EXCLUDED, RaterState.WITHDRAWN]


def part(rater: Rater) -> tuple[str, bool]:
    rater.refresh_from_db()
    return rater.state, rater.is_own_pause


def test_a_rater_pauses_and_goes_on_and_twice_is_as_once(vera: Rater, boris: Rater) -> None:
    for _ in range(2):
        own_pause(rater=vera)
        assert part(vera) == (RaterState.PAUSED, True)
    for _ in range(2):
        own_resume(rater=vera)
        assert part(vera) == (RaterState.ACTIVE, False)
    assert part(boris) == (RaterState.ACTIVE, False)


def test_a_pause_by_an_admin_is_not_the_rater_s_to_end(vera: Rater) -> None:
    assert rater_pause(rater=vera)
    own_pause(rater=vera)
    assert part(vera) == (RaterState.PAUSED, False)
    with pytest.raises(PauseNotYours, match="the person who invited you"):
        own_resume(rater=vera)
    assert part(vera) == (RaterState.PAUSED, False)
    assert rater_resume(rater=vera)
    assert part(vera) == (RaterState.ACTIVE, False)


def test_an_admin_s_pause_takes_the_place_of_the_rater_s_own(vera: Rater) -> None:
    own_pause(rater=vera)
    assert rater_pause(rater=vera)
    assert not rater_pause(rater=vera)
    with pytest.raises(PauseNotYours):
        own_resume(rater=vera)


def test_an_admin_can_end_a_rater_s_own_pause(vera: Rater) -> None:
    own_pause(rater=vera)
    assert rater_resume(rater=vera)
    assert part(vera) == (RaterState.ACTIVE, False)


@pytest.mark.parametrize("state", OUT)
def test_who_is_out_neither_pauses_nor_comes_back(vera: Rater, state: RaterState) -> None:
    Rater.objects.filter(pk=vera.pk).update(state=state)
    for decide in (own_pause, own_resume):
        with pytest.raises(RaterNotActive):
            decide(rater=vera)
    assert part(vera) == (state, False)


def test_the_database_knows_an_own_pause_only_of_the_paused(vera: Rater) -> None:
    for state in (RaterState.ACTIVE, *OUT):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rater.objects.filter(pk=vera.pk).update(state=state, is_own_pause=True)


@pytest.mark.parametrize("state", OUT)
def test_who_paused_can_be_taken_out(vera: Rater, state: RaterState) -> None:
    own_pause(rater=vera)
    raters_withdraw(raters=[vera], now=NOON, state=state)
    assert part(vera) == (state, False)


@pytest.mark.parametrize("typed", ["R-VERA22", " r-vera22 "])
@pytest.mark.parametrize("paused", [False, True])
def test_withdrawing_takes_the_rater_s_own_code_and_opens_their_places(
    campaign: Campaign, vera: Rater, boris: Rater, typed: str, paused: bool
) -> None:
    rating = rate_all(campaign, vera, [0.2])[0]
    for rater in (boris, factories.make_rater()):
        factories.make_rating(pair=rating.pair, rater=rater, value=0.6)
    if paused:
        own_pause(rater=vera)
    assert own_withdraw(rater=vera, code=typed, now=NOON)
    assert part(vera) == (RaterState.WITHDRAWN, False)
    rating.refresh_from_db()
    rating.pair.refresh_from_db()
    assert (rating.state, rating.pair.rating_count, rating.pair.score) == (RatingState.WITHDRAWN, 2, None)
    assert rating.pair.slots.get(state=SlotState.FREE).rater is None
    assert Rating.objects.filter(state=RatingState.COUNTED).count() == 2
    assert not own_withdraw(rater=vera, code=typed, now=NOON)


@pytest.mark.parametrize("typed", ["", "R-VERA2", "R-BRSS22", "RVERA22", "R-VERA22x"])
def test_a_wrong_code_changes_nothing(campaign: Campaign, vera: Rater, boris: Rater, typed: str) -> None:
    rating = rate_all(campaign, vera, [0.2])[0]
    with pytest.raises(WrongCode):
        own_withdraw(rater=vera, code=typed, now=NOON)
    rating.refresh_from_db()
    assert (part(vera)[0], part(boris)[0], rating.state) == (
        RaterState.ACTIVE,
        RaterState.ACTIVE,
        RatingState.COUNTED,
    )


def test_an_excluded_rater_does_not_become_a_withdrawn_one(vera: Rater) -> None:
    Rater.objects.filter(pk=vera.pk).update(state=RaterState.EXCLUDED)
    assert not own_withdraw(rater=vera, code=vera.code, now=NOON)
    assert part(vera) == (RaterState.EXCLUDED, False)
