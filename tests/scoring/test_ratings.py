"""Submitting and correcting ratings: exactly once, exactly N, and the score that follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import CannotCorrect, KeyReused, TooSoon
from annotation_site.scoring import services
from annotation_site.scoring.models import CORRECTABLE, Campaign, Pair, Rating, RatingState, Slot, SlotState
from annotation_site.scoring.services import rating_correct
from tests.conftest import NOON
from tests.factories import make_pair, make_rater
from tests.scoring.conftest import HEARD, lease, submit

Rate = Callable[..., Rating]


def test_a_rating_is_stored_with_all_that_was_told(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot = lease(vera, campaign)
    told: dict[str, Any] = {
        "played_ms": 15_000,
        "active_ms": 20_000,
        "input_method": "keys",
        "evidence": {"replays": 1},
    }
    done = submit(vera, slot.token, 0.618, **told)
    rating = Rating.objects.get()
    assert done.is_new
    assert done.rating == rating
    assert (rating.pair, rating.rater, rating.slot, rating.value) == (pair, vera, slot, 0.618)
    assert (rating.played_ms, rating.active_ms, rating.input_method) == (15_000, 20_000, "keys")
    assert (rating.evidence, rating.created_at, rating.is_simulated) == ({"replays": 1}, HEARD, False)
    slot.refresh_from_db()
    assert slot.state == SlotState.FILLED


def test_the_last_rating_gives_the_trimmed_mean_and_the_dispersion(pair: Pair, rate: Rate) -> None:
    for value in (0.2, 0.9):
        rate(make_rater(), value)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score, pair.dispersion, pair.completed_at) == (2, None, None, None)
    rate(make_rater(), 0.4)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score, pair.completed_at) == (3, 0.4, HEARD)
    # the mean of 0.2, 0.4, 0.9 is 0.5; the squares 0.09, 0.01, 0.16 have the mean 0.26 / 3
    assert pair.dispersion == pytest.approx((0.26 / 3) ** 0.5)


def test_the_same_key_is_the_same_rating(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot, key = lease(vera, campaign), uuid4()
    first = submit(vera, slot.token, 0.3, key=key)
    again = submit(vera, slot.token, 0.3, key=key)
    changed = submit(vera, slot.token, 0.8, key=key)
    assert (first.is_new, again.is_new, changed.is_new) == (True, False, False)
    assert first.rating == again.rating == changed.rating
    assert changed.rating.value == 0.3
    assert Rating.objects.count() == 1


def test_a_key_is_one_rater_s_own(pair: Pair, rate: Rate, vera: Rater, boris: Rater) -> None:
    key = uuid4()
    rate(vera, 0.1, key=key)
    assert rate(boris, 0.2, key=key).value == 0.2


def test_a_key_cannot_serve_for_another_pair(campaign: Campaign, pair: Pair, rate: Rate, vera: Rater) -> None:
    key = uuid4()
    rate(vera, 0.1, key=key)
    make_pair(campaign=campaign)
    other = lease(vera, campaign, now=HEARD)
    with pytest.raises(KeyReused):
        submit(vera, other.token, 0.9, key=key, now=HEARD + timedelta(minutes=1))
    other.refresh_from_db()
    assert other.state == SlotState.LEASED


def test_a_second_answer_to_the_same_lease_does_not_count(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot = lease(vera, campaign)
    submit(vera, slot.token, 0.3)
    second = submit(vera, slot.token, 0.9, now=HEARD + timedelta(minutes=1)).rating
    assert (second.state, second.slot) == (RatingState.SURPLUS, None)
    pair.refresh_from_db()
    assert pair.rating_count == 1


def test_a_key_stored_between_the_look_and_the_write_gives_the_first_answer(
    campaign: Campaign, pair: Pair, vera: Rater, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, key = lease(vera, campaign), uuid4()
    first = submit(vera, slot.token, 0.3, key=key).rating
    seen = []

    def blind_once(rater: Rater, token: UUID, key: UUID) -> services.Submission | None:
        seen.append(key)
        return None if len(seen) == 1 else services.Submission(Rating.objects.get(key=key), is_new=False)

    monkeypatch.setattr(services, "_answered", blind_once)
    again = submit(vera, slot.token, 0.9, key=key, now=HEARD + timedelta(minutes=1))
    assert (again.rating, again.is_new) == (first, False)
    assert len(seen) == 2
    assert Rating.objects.count() == 1


def test_another_broken_constraint_is_not_taken_for_a_repeated_key(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot = lease(vera, campaign)
    with pytest.raises(IntegrityError):
        submit(vera, slot.token, 1.5)
    assert not Rating.objects.exists()


def test_the_database_itself_refuses_a_rating_too_many(campaign: Campaign, pair: Pair, rate: Rate) -> None:
    first = rate(make_rater(), 0.1)
    fields = {"pair": pair, "value": 0.5, "created_at": NOON}
    for broken in (
        {"rater": make_rater(), "slot": first.slot},  # a second counted rating in one slot
        {"rater": make_rater(), "slot": None},  # a counted rating without a slot
        {"rater": first.rater, "slot": pair.slots.get(index=2)},  # a second counted one by the same rater
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rating.objects.create(key=uuid4(), **fields | broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.create(pair=pair, campaign=campaign, index=3, quota=3, order_key=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.filter(pair=pair, index__gte=1).update(rater=make_rater(), token=uuid4(), state=SlotState.FILLED)


def test_a_refused_answer_leaves_nothing_behind(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot, key = lease(vera, campaign), uuid4()
    with pytest.raises(TooSoon):
        submit(vera, slot.token, key=key, now=NOON + timedelta(seconds=1))
    assert not Rating.objects.exists()
    assert submit(vera, slot.token, key=key).is_new


def test_a_simulated_rater_s_rating_says_so(campaign: Campaign, pair: Pair) -> None:
    rater = make_rater(is_simulated=True)
    done = submit(rater, lease(rater, campaign).token, waive_gate=True, now=NOON)
    assert done.rating.is_simulated


def test_a_correction_supersedes_and_the_score_follows(pair: Pair, rate: Rate, vera: Rater) -> None:
    for value in (0.2, 0.9):
        rate(make_rater(), value)
    old = rate(vera, 0.4)
    done = rating_correct(rater=vera, rating_key=old.key, key=uuid4(), value=0.6, now=HEARD)
    old.refresh_from_db()
    pair.refresh_from_db()
    assert (old.state, old.value) == (RatingState.SUPERSEDED, 0.4)
    assert (done.rating.state, done.rating.supersedes, done.rating.slot) == (RatingState.COUNTED, old, old.slot)
    assert (pair.score, pair.rating_count, pair.completed_at) == (0.6, 3, HEARD)


def test_a_correction_sent_twice_is_one_correction(pair: Pair, rate: Rate, vera: Rater) -> None:
    old, key = rate(vera, 0.4), uuid4()
    first = rating_correct(rater=vera, rating_key=old.key, key=key, value=0.6, now=HEARD)
    again = rating_correct(rater=vera, rating_key=old.key, key=key, value=0.6, now=HEARD)
    assert (first.rating, first.is_new, again.rating, again.is_new) == (again.rating, True, first.rating, False)
    assert Rating.objects.count() == 2


def test_a_correction_of_surplus_stays_surplus(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    slot = lease(vera, campaign)
    submit(vera, slot.token, 0.3)
    spare = submit(vera, slot.token, 0.9, now=HEARD + timedelta(minutes=1)).rating
    done = rating_correct(rater=vera, rating_key=spare.key, key=uuid4(), value=0.8, now=HEARD)
    assert done.rating.state == RatingState.SURPLUS
    assert Rating.objects.get(state=RatingState.COUNTED).value == 0.3


def test_only_one_s_own_standing_and_latest_ratings_can_be_corrected(
    campaign: Campaign, pair: Pair, rate: Rate, vera: Rater, boris: Rater
) -> None:
    his = rate(boris, 0.4)
    with pytest.raises(CannotCorrect):
        rating_correct(rater=vera, rating_key=his.key, key=uuid4(), value=0.6, now=HEARD)
    first = rate(vera, 0.4)
    rating_correct(rater=vera, rating_key=first.key, key=uuid4(), value=0.5, now=HEARD)
    with pytest.raises(CannotCorrect):  # superseded already
        rating_correct(rater=vera, rating_key=first.key, key=uuid4(), value=0.6, now=HEARD)
    for _ in range(CORRECTABLE + 1):
        make_pair(campaign=campaign)
    hour = timedelta(hours=1)
    later = [rate(vera, 0.5, now=NOON + hour * number) for number in range(1, CORRECTABLE + 2)]
    with pytest.raises(CannotCorrect):  # the eleventh from the end
        rating_correct(rater=vera, rating_key=later[0].key, key=uuid4(), value=0.6, now=HEARD + 20 * hour)
    assert rating_correct(rater=vera, rating_key=later[1].key, key=uuid4(), value=0.6, now=HEARD + 20 * hour).is_new
