"""What a rater did, counted from their own rows: against small cases worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from annotation_site.accounts.mine.work import duration_words, own_work, what_goes
from annotation_site.accounts.models import Rater
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import VoteBar, VoteSlot
from annotation_site.preferences.services import vote_correct, vote_submit
from annotation_site.scoring.models import Campaign, Rating, RatingState, SlotBar
from annotation_site.scoring.services import rater_withdraw, rating_correct
from tests import factories
from tests.accounts.conftest import rate_all
from tests.conftest import NOON

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def vote(rater: Rater, campaign: Campaign, now: datetime = NOON) -> None:
    first = factories.make_pair(campaign=campaign)
    factories.make_task(pair_a=first, pair_b=factories.make_pair(campaign=campaign, clip=first.clip))
    (slot,) = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=now - MINUTE)
    assert slot.token is not None
    told = {"key": uuid4(), "choice": "a", "active_ms": 8_000}
    done = vote_submit(rater=rater, token=slot.token, now=now, **told).vote
    vote_correct(rater=rater, vote_key=done.key, key=uuid4(), choice="b", now=now)


def test_a_newcomer_has_done_nothing(vera: Rater) -> None:
    work = own_work(rater=vera, now=NOON)
    assert (work.n_marks, work.n_choices, work.given, work.active_ms, work.campaigns, work.skips) == (
        0,
        0,
        0,
        0,
        (),
        (),
    )
    assert (work.median_mark_ms, work.median_mark, work.busiest) == (None, "", 0)


def test_marks_and_choices_are_counted_by_campaign_and_only_one_s_own(
    campaign: Campaign, vera: Rater, boris: Rater
) -> None:
    rate_all(campaign, vera, [0.1, 0.2, 0.3])
    rate_all(campaign, boris, [0.1] * 4)
    spring = factories.make_campaign(name="Spring panel", now=NOON + DAY)
    rate_all(spring, vera, [0.5])
    vote(vera, spring)
    work = own_work(rater=vera, now=NOON)
    assert [(done.campaign, done.n_marks, done.n_choices) for done in work.campaigns] == [
        (campaign, 3, 0),
        (spring, 1, 1),
    ]
    assert (work.n_marks, work.n_choices, work.given, work.corrections) == (4, 1, 5, 1)


def test_a_hidden_repeat_is_a_mark_like_any_other(campaign: Campaign, vera: Rater) -> None:
    first, *_ = rate_all(campaign, vera, [0.1, 0.2, 0.3])
    before = own_work(rater=vera, now=NOON)
    factories.make_repeat(first=first, value=0.2, active_ms=5_000)
    after = own_work(rater=vera, now=NOON)
    assert (after.n_marks, after.given, after.today, after.active_ms) == (4, 4, before.today + 1, 5_000)
    assert after.late == before.late == 0


def test_a_correction_is_no_second_mark_and_takes_no_second_time(campaign: Campaign, vera: Rater) -> None:
    ratings = rate_all(campaign, vera, [0.1, 0.2, 0.3], start=NOON - 10 * MINUTE)
    for rating, active_ms in zip(ratings, (10_000, 20_000, 60_000), strict=True):
        Rating.objects.filter(pk=rating.pk).update(active_ms=active_ms)
    rating_correct(rater=vera, rating_key=ratings[2].key, key=uuid4(), value=0.9, now=NOON)
    work = own_work(rater=vera, now=NOON)
    assert (work.n_marks, work.given, work.today, work.corrections) == (3, 3, 3, 1)
    assert (work.active_ms, work.median_mark_ms) == (90_000, 20_000)
    assert (work.active, work.median_mark) == ("2 min", "20 s")


def test_an_answer_of_unknown_time_does_not_pull_the_median_down(campaign: Campaign, vera: Rater) -> None:
    ratings = rate_all(campaign, vera, [0.1, 0.2, 0.3])
    Rating.objects.filter(pk=ratings[0].pk).update(active_ms=30_000)
    assert own_work(rater=vera, now=NOON).median_mark_ms == 30_000


def test_what_came_too_late_is_told_apart(campaign: Campaign, vera: Rater) -> None:
    rating = rate_all(campaign, vera, [0.1])[0]
    Rating.objects.filter(pk=rating.pk).update(state=RatingState.SURPLUS, slot=None)
    work = own_work(rater=vera, now=NOON)
    assert (work.n_marks, work.given, work.late) == (0, 1, 1)


def test_days_begin_at_midnight_and_the_fifteenth_is_gone(campaign: Campaign, vera: Rater) -> None:
    midnight = datetime(2026, 1, 15, tzinfo=UTC)
    for start in (midnight, midnight - MINUTE, midnight - 13 * DAY, midnight - 13 * DAY - MINUTE):
        rate_all(campaign, vera, [0.5], start=start)
    vote(vera, campaign, now=midnight + MINUTE)
    work = own_work(rater=vera, now=NOON)
    assert work.days == (1, *[0] * 11, 1, 2)
    assert (work.first_day, work.today) == (date(2026, 1, 2), 2)


def test_skips_are_given_with_the_words_that_the_rater_saw(campaign: Campaign, vera: Rater, boris: Rater) -> None:
    pairs = [factories.make_pair(campaign=campaign, clip=factories.make_clip()) for _ in range(3)]
    task = factories.make_task(pair_a=pairs[0], pair_b=factories.make_pair(campaign=campaign, clip=pairs[0].clip))
    for pair, reason in zip(pairs, ("familiar", "other", "distress"), strict=True):
        SlotBar.objects.create(pair=pair, rater=vera, reason=reason, created_at=NOON)
    VoteBar.objects.create(task=task, rater=vera, reason="familiar", created_at=NOON)
    SlotBar.objects.create(pair=pairs[0], rater=boris, reason="other", created_at=NOON)
    assert own_work(rater=vera, now=NOON).skips == (
        ("I know this too well", 2),
        ("Another reason", 1),
        ("It distresses me", 1),
    )


def test_what_would_go_tells_of_repeats_neither_by_its_numbers_nor_by_their_difference(
    campaign: Campaign, vera: Rater
) -> None:
    ratings = rate_all(campaign, vera, [0.1, 0.2, 0.3])
    for rating in ratings[:2]:
        for other in (factories.make_rater(), factories.make_rater()):
            factories.make_rating(pair=rating.pair, rater=other, value=0.5)
    factories.make_repeat(first=ratings[0], value=0.2)
    goes = what_goes(rater=vera)
    assert (goes.n_marks, goes.n_choices, goes.n_on_complete) == (4, 0, 3)
    assert goes.n_marks == own_work(rater=vera, now=NOON).n_marks


def test_after_withdrawing_it_is_still_there_and_nothing_stands(campaign: Campaign, vera: Rater) -> None:
    rate_all(campaign, vera, [0.1, 0.2])
    rater_withdraw(rater=vera, now=NOON)
    work = own_work(rater=vera, now=NOON)
    assert (work.n_marks, work.given, work.campaigns) == (0, 2, ())
    assert what_goes(rater=vera).n_marks == 0


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, ""),
        (400, "0 s"),
        (59_499, "59 s"),
        (59_500, "1 min"),
        (3_569_000, "59 min"),
        (3_571_000, "1 h 00 min"),
        (7_500_000, "2 h 05 min"),
    ],
)
def test_spans_of_time_read_as_people_say_them(milliseconds: float | None, words: str) -> None:
    assert duration_words(milliseconds) == words
