"""Hidden repeats: given like any pair, kept beside the ratings, never counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import AlreadyJudged, KeyReused, LeaseLost, LeaseUnknown, TooSoon
from annotation_site.leases.models import SlotState
from annotation_site.scoring.holding import pair_release, pair_renew, pairs_hold
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, Repeat, RepeatState, Slot, SlotBar
from annotation_site.scoring.selectors import campaign_progress, own_progress
from annotation_site.scoring.services import pair_skip, pairs_close, rater_withdraw, rating_correct
from annotation_site.snapshots.source import judgments_of
from tests import factories
from tests.conftest import NOON
from tests.leases.clock import Clock
from tests.scoring.conftest import HEARD, submit

DISTANCE = 10
MINUTE = timedelta(minutes=1)


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Two ratings a pair; every second piece of work may be a repeat."""
    return factories.make_campaign(raters_per_pair=2, trim=0, repeat_percent=50, repeat_distance=DISTANCE)


def add_pairs(campaign: Campaign, count: int) -> list[Pair]:
    painting = factories.make_painting()
    return [factories.make_pair(campaign=campaign, painting=painting) for _ in range(count)]


def rate_all(campaign: Campaign, rater: Rater, count: int) -> list[Pair]:
    """So many new pairs, rated by this rater a minute apart; the last one just before noon."""
    pairs = add_pairs(campaign, count)
    for number, pair in enumerate(pairs):
        factories.make_rating(pair=pair, rater=rater, value=number / count, now=NOON - (count - number) * MINUTE)
    return pairs


def hold(rater: Rater, campaign: Campaign, now: datetime = NOON, count: int = 1) -> list[Slot | Repeat]:
    return pairs_hold(rater=rater, campaign=campaign, count=count, now=now).leases


@pytest.fixture
def again(campaign: Campaign, vera: Rater) -> Repeat:
    """A repeat that Vera holds, after 12 ratings; two other pairs wait for her."""
    rate_all(campaign, vera, DISTANCE + 2)
    add_pairs(campaign, 2)
    (found,) = hold(vera, campaign)
    assert isinstance(found, Repeat)
    return found


def test_a_repeat_is_an_old_pair_of_one_s_own(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    oldest = list(Rating.objects.order_by("created_at")[:2])
    assert again.first in oldest
    assert again.pair == again.first.pair
    assert again.distance >= again.least_distance == DISTANCE
    assert (again.rater, again.number, again.given_after) == (vera, 0, DISTANCE + 2)


def test_a_reload_and_a_second_tab_find_the_same(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    one = hold(vera, campaign, NOON + MINUTE)
    two = hold(vera, campaign, NOON + MINUTE, count=2)
    assert one == [again]
    assert two[0] == again
    assert isinstance(two[1], Slot)
    assert hold(vera, campaign, NOON + MINUTE, count=2) == two
    assert Repeat.objects.count() == 1


def test_its_answer_is_kept_and_never_counts(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    before = campaign_progress(campaign=campaign, now=NOON)
    done = submit(vera, again.token, 0.9, evidence={"replays": 2}, played_ms=15_000)
    rating, pair = done.rating, again.pair
    assert done.is_new
    assert (rating.state, rating.slot, rating.repeat, rating.value) == (RatingState.REPEAT, None, again, 0.9)
    assert (rating.evidence, rating.played_ms) == ({"replays": 2}, 15_000)
    pair.refresh_from_db()
    assert (pair.rating_count, pair.score) == (1, None)
    assert pair.slots.filter(state=SlotState.FREE).count() == 1
    after = campaign_progress(campaign=campaign, now=NOON)
    assert (after.ratings, after.surplus, after.over_quota) == (before.ratings, before.surplus, 0)
    assert len(judgments_of(campaign=campaign).ratings) == before.ratings
    again.refresh_from_db()
    assert again.state == RepeatState.ANSWERED


def test_to_the_rater_it_is_work_like_all_other(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    before = own_progress(rater=vera, campaign=campaign, now=HEARD)
    submit(vera, again.token)
    after = own_progress(rater=vera, campaign=campaign, now=HEARD)
    assert (after.mine, after.session) == (before.mine + 1, before.session + 1)


def test_sent_again_it_is_the_same_answer(again: Repeat, vera: Rater) -> None:
    key = uuid4()
    first = submit(vera, again.token, 0.3, key=key)
    second = submit(vera, again.token, 0.8, key=key)
    assert (second.rating, second.is_new, second.rating.value) == (first.rating, False, 0.3)
    other = submit(vera, again.token, 0.8, now=HEARD + MINUTE).rating
    assert (other.state, other.slot) == (RatingState.SURPLUS, None)
    assert Rating.objects.filter(state=RatingState.REPEAT).count() == 1


def test_a_key_belongs_to_one_of_the_two_judgments(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    with pytest.raises(KeyReused):  # the first rating's key, for the repeat of the same pair
        submit(vera, again.token, key=again.first.key)
    key = uuid4()
    submit(vera, again.token, key=key)
    assert again.first.slot is not None
    with pytest.raises(KeyReused):  # and the repeat's, for the slot of the first
        submit(vera, again.first.slot.token, key=key)
    (slot,) = hold(vera, campaign, HEARD)
    with pytest.raises(KeyReused):
        submit(vera, slot.token, key=key, now=HEARD + MINUTE)


def test_nobody_else_can_answer_it(again: Repeat, boris: Rater) -> None:
    with pytest.raises(LeaseUnknown):
        submit(boris, again.token)
    with pytest.raises(LeaseUnknown):
        pair_renew(rater=boris, token=again.token, now=NOON)  # type: ignore[arg-type]
    pair_release(rater=boris, token=again.token, now=NOON)  # type: ignore[arg-type]
    again.refresh_from_db()
    assert again.token is not None


def test_the_music_has_to_be_heard_again(again: Repeat, vera: Rater) -> None:
    with pytest.raises(TooSoon):
        submit(vera, again.token, now=NOON + timedelta(seconds=5))
    assert submit(vera, again.token).is_new


def test_a_lease_of_it_is_renewed_and_runs_out(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    assert again.token is not None
    late = NOON + timedelta(minutes=15)
    until = pair_renew(rater=vera, token=again.token, now=late)
    assert until == late + timedelta(minutes=campaign.lease_minutes)
    assert hold(vera, campaign, NOON + timedelta(minutes=30)) == [again]
    (found,) = hold(vera, campaign, NOON + timedelta(hours=3))
    assert found == again
    assert found.token != again.token
    with pytest.raises(LeaseLost):
        pair_renew(rater=vera, token=again.token, now=NOON + timedelta(hours=3))
    done = submit(vera, again.token, now=NOON + timedelta(hours=3)).rating  # late, by the first tab
    assert done.state == RatingState.REPEAT
    assert submit(vera, found.token, now=NOON + timedelta(hours=4)).rating.state == RatingState.SURPLUS


def test_given_back_it_waits_for_its_rater(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    assert again.token is not None
    for _ in range(2):
        pair_release(rater=vera, token=again.token, now=NOON + MINUTE)
    (found,) = hold(vera, campaign, NOON + 2 * MINUTE)
    assert found == again
    assert found.token not in (None, again.token)
    assert (found.leased_at, Repeat.objects.count()) == (NOON + 2 * MINUTE, 1)


def test_skipped_it_does_not_come_again(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    assert again.token is not None
    for _ in range(2):
        assert pair_skip(rater=vera, token=again.token, reason="media", note="no sound", now=NOON) == again.pair
    bar = SlotBar.objects.get()
    assert (bar.pair, bar.rater, bar.reason, bar.note) == (again.pair, vera, "media", "no sound")
    (found,) = hold(vera, campaign, HEARD)
    assert isinstance(found, Slot)
    assert submit(vera, again.token, now=HEARD + MINUTE).rating.state == RatingState.SURPLUS
    submit(vera, found.token, now=HEARD + 2 * MINUTE)
    assert Rating.objects.get(pair=again.pair, state=RatingState.COUNTED) == again.first


def test_what_is_answered_cannot_be_skipped(again: Repeat, vera: Rater) -> None:
    assert again.token is not None
    submit(vera, again.token)
    with pytest.raises(AlreadyJudged):
        pair_skip(rater=vera, token=again.token, reason="other", now=HEARD)


def test_a_correction_of_it_supersedes_and_stays_a_repeat(again: Repeat, vera: Rater) -> None:
    old = submit(vera, again.token, 0.2).rating
    new = rating_correct(rater=vera, rating_key=old.key, key=uuid4(), value=0.7, now=HEARD).rating
    old.refresh_from_db()
    assert (old.state, new.state, new.repeat, new.slot) == (RatingState.SUPERSEDED, RatingState.REPEAT, again, None)
    assert Rating.objects.get(pair=again.pair, state=RatingState.COUNTED) == again.first
    assert submit(vera, again.token, key=old.key).rating == old


def test_an_answer_that_was_just_corrected_counts_as_new(campaign: Campaign, vera: Rater) -> None:
    pairs = rate_all(campaign, vera, DISTANCE)
    oldest = Rating.objects.get(pair=pairs[0])
    rating_correct(rater=vera, rating_key=oldest.key, key=uuid4(), value=0.6, now=NOON - timedelta(seconds=9))
    rate_all(campaign, vera, 1)  # a minute before noon: still before the correction
    pair = add_pairs(campaign, 1)[0]
    factories.make_rating(pair=pair, rater=vera, value=0.1, now=NOON)
    (found,) = hold(vera, campaign, NOON)
    assert isinstance(found, Repeat)
    assert found.pair in pairs[1:3]
    assert found.distance >= DISTANCE


def test_where_every_old_pair_came_back_already_a_new_one_is_given(campaign: Campaign, vera: Rater) -> None:
    rate_all(campaign, vera, DISTANCE + 1)
    waiting = add_pairs(campaign, 2)
    given = []
    for number in range(3):
        (lease,) = hold(vera, campaign, NOON + 2 * number * MINUTE)
        given.append(type(lease))
        submit(vera, lease.token, now=NOON + (2 * number + 1) * MINUTE)
    assert given.count(Repeat) in (1, 2)  # the second one only once another pair is old enough
    assert len(set(Repeat.objects.values_list("pair", flat=True))) == given.count(Repeat)
    assert Pair.objects.filter(pk__in=[pair.pk for pair in waiting], rating_count=1).count() == given.count(Slot)


def test_a_share_of_nothing_turns_it_off(campaign: Campaign, vera: Rater) -> None:
    Campaign.objects.update(repeat_percent=0)
    campaign.refresh_from_db()
    rate_all(campaign, vera, 2 * DISTANCE)
    assert hold(vera, campaign) == []
    add_pairs(campaign, 1)
    assert [type(lease) for lease in hold(vera, campaign)] == [Slot]


def test_a_closed_campaign_gives_none(campaign: Campaign, vera: Rater) -> None:
    rate_all(campaign, vera, 2 * DISTANCE)
    campaign.is_open = False
    campaign.save()
    assert hold(vera, campaign) == []


def test_closed_pairs_do_not_come_back_and_late_answers_are_taken(
    again: Repeat, campaign: Campaign, vera: Rater
) -> None:
    pairs_close(pair_ids=Pair.objects.filter(ratings__rater=vera).values_list("pk", flat=True), because="", now=NOON)
    (found,) = hold(vera, campaign, NOON)
    assert isinstance(found, Slot)
    again.refresh_from_db()
    assert again.state == RepeatState.DROPPED
    assert submit(vera, again.token).rating.state == RatingState.REPEAT
    assert [lease.pk for lease in hold(vera, campaign, HEARD)] == [found.pk]


def test_a_rater_who_leaves_takes_their_repeats_along(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    rating = submit(vera, again.token).rating
    rater_withdraw(rater=vera, now=HEARD)
    rating.refresh_from_db()
    again.refresh_from_db()
    assert (rating.state, again.state) == (RatingState.WITHDRAWN, RepeatState.WITHDRAWN)


def test_the_database_itself_keeps_repeats_apart(again: Repeat, campaign: Campaign, vera: Rater) -> None:
    other = Pair.objects.filter(ratings__rater=vera).exclude(pk=again.pair_id)[0]
    fields = {"rater": vera, "campaign": campaign, "created_at": NOON, "given_after": 12, "first": again.first}
    fields |= {"distance": 12, "least_distance": 10, "pair": other, "number": 1, "state": RepeatState.ANSWERED}
    for broken in (
        {"state": RepeatState.OPEN},  # a second open one
        {"pair": again.pair},  # the same pair twice
        {"number": 0},  # two with the same number
        {"distance": 9},  # too soon
        {"token": uuid4()},  # a lease without its times
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Repeat.objects.create(**fields | broken)
    Repeat.objects.create(**fields)
    rating = {"pair": again.pair, "rater": vera, "value": 0.5, "created_at": NOON}
    for wrong in (
        {"state": RatingState.REPEAT, "repeat": None},
        {"state": RatingState.REPEAT, "repeat": again, "slot": again.pair.slots.get(state=SlotState.FREE)},
        {"state": RatingState.COUNTED, "repeat": again},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rating.objects.create(key=uuid4(), **rating | wrong)
    Rating.objects.create(key=uuid4(), state=RatingState.REPEAT, repeat=again, **rating)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.create(key=uuid4(), state=RatingState.REPEAT, repeat=again, **rating)
    for field, value in (("repeat_percent", 51), ("repeat_distance", 9)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Campaign.objects.update(**{field: value})


def test_over_a_long_session_the_share_and_the_distance_hold(vera: Rater) -> None:
    campaign = factories.make_campaign(raters_per_pair=2, trim=0, repeat_percent=10, repeat_distance=20)
    add_pairs(campaign, 130)
    now, works = NOON, 0
    while leases := hold(vera, campaign, now, count=2):
        now += MINUTE
        submit(vera, leases[0].token, now=now)
        works += 1
    repeats = list(Repeat.objects.order_by("number"))
    assert works == 130 + len(repeats)
    assert 10 <= len(repeats) <= 14  # a tenth of what comes after the first 20: 12.2
    assert all(repeat.state == RepeatState.ANSWERED for repeat in repeats)
    assert own_progress(rater=vera, campaign=campaign, now=now).mine == works
    ratings = {rating.pk: rating for rating in Rating.objects.all()}
    for repeat in repeats:
        answer = Rating.objects.get(repeat=repeat)
        first = ratings[repeat.first_id]
        between = [
            rating
            for rating in ratings.values()
            if rating.state == RatingState.COUNTED and first.created_at < rating.created_at < answer.created_at
        ]
        assert (answer.pair_id, answer.rater) == (first.pair_id, vera)
        assert len(between) >= repeat.distance >= 20
    assert not Pair.objects.exclude(rating_count=1).exists()


def test_over_the_api_and_as_a_plain_form_it_looks_like_any_pair(
    campaign: Campaign, vera: Rater, client: Client, clock: Clock
) -> None:
    rate_all(campaign, vera, DISTANCE + 2)
    add_pairs(campaign, 2)
    client.force_login(vera.user)

    def ask(path: str, told: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/scoring/{path}/", told, content_type="application/json")

    slot, again = ask("leases", {"campaign": campaign.slug, "count": 2}).json()["leases"]
    assert Repeat.objects.get().token == UUID(again["token"])
    for name, shown in slot.items():
        assert type(again[name]) is type(shown)
        assert not isinstance(shown, dict) or again[name].keys() == shown.keys()
    assert again.keys() == slot.keys()
    clock.shift(MINUTE)
    for lease in (slot, again):
        assert ask(f"leases/{lease['token']}/renew", {}).status_code == 200
        heard = {"clips": {"clip": {"gain_db": 0.0}}}
        told = {"token": lease["token"], "key": str(uuid4()), "value": 0.4, "count": 1, "evidence": heard}
        first, second = ask("ratings", told), ask("ratings", told)
        assert (first.status_code, second.status_code) == (201, 200)
        assert (
            first.json()["rating"] == second.json()["rating"] == {"id": told["key"], "state": "counted", "value": 0.4}
        )
        clock.shift(MINUTE)
    assert ask(f"leases/{again['token']}/skip", {"reason": "other"}).json()["code"] == "already_judged"
    assert ask(f"leases/{again['token']}/release", {}).status_code == 204
    assert (
        ask(f"ratings/{told['key']}/correct", {"key": str(uuid4()), "value": 0.5}).json()["rating"]["state"]
        == "counted"
    )


def test_the_plain_form_takes_it(again: Repeat, campaign: Campaign, vera: Rater, client: Client, clock: Clock) -> None:
    client.force_login(vera.user)
    page = client.get(f"/score/{campaign.slug}/").content.decode()
    assert str(again.token) in page
    clock.shift(MINUTE)
    client.post(f"/score/{campaign.slug}/", {"token": again.token, "key": uuid4(), "value": 40})
    again.refresh_from_db()
    assert again.state == RepeatState.ANSWERED


def test_strangers_and_others_reach_none_of_it(again: Repeat, boris: Rater, client: Client) -> None:
    url = f"/api/v1/scoring/leases/{again.token}/renew/"
    assert client.post(url).status_code in (401, 403)
    client.force_login(boris.user)
    assert client.post(url).json()["code"] == "lease_unknown"
    client.force_login(factories.make_admin())
    assert client.post(url).json()["code"] == "not_a_rater"
