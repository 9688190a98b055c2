"""What a campaign's page says of its progress: counted from rows, in words where a number would be a guess."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache

from annotation_site.accounts.models import Rater
from annotation_site.leases.services import lease_hold
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from annotation_site.scoring.progress import (
    DAYS,
    active_raters,
    campaign_pulse,
    pace_of,
    pulse_cached,
    ratings_a_day,
)
from annotation_site.scoring.services import rating_correct
from tests.conftest import NOON
from tests.factories import make_clip, make_painting, make_pair, make_rater, make_rating, make_repeat

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def pairs_of(campaign: Campaign, count: int) -> list[Pair]:
    painting, clips = make_painting(), [make_clip() for _ in range(count)]
    return [make_pair(campaign=campaign, painting=painting, clip=clip) for clip in clips]


def finish(campaign: Campaign) -> tuple[str, str]:
    pulse = campaign_pulse(campaign=campaign, now=NOON)
    return pulse.finish, pulse.finish_detail


def test_ratings_are_counted_by_day_once_each(campaign: Campaign, vera: Rater) -> None:
    pairs = pairs_of(campaign, 6)
    ages = [timedelta(0), HOUR, 13 * HOUR, 2 * DAY, 13 * DAY, 15 * DAY]
    ratings = [
        make_rating(pair=pair, rater=vera, value=0.5, now=NOON - age) for pair, age in zip(pairs, ages, strict=True)
    ]
    rating_correct(rater=vera, rating_key=ratings[0].key, key=uuid4(), value=0.4, now=NOON)
    make_repeat(first=ratings[5], value=0.5)
    days = ratings_a_day(campaign=campaign, now=NOON)
    assert len(days) == DAYS
    assert (days[-1], days[-2], days[-3], days[0]) == (2, 1, 1, 1)
    assert sum(days) == 5
    assert campaign_pulse(campaign=campaign, now=NOON).repeats == 1


def test_the_pace_is_that_of_the_last_week(campaign: Campaign, vera: Rater) -> None:
    pairs = pairs_of(campaign, 12)
    for number, pair in enumerate(pairs):
        make_rating(pair=pair, rater=vera, value=0.5, now=NOON - 4 * DAY + number * HOUR)
    assert pace_of(campaign=campaign, now=NOON).a_day == pytest.approx(12 / 4)
    # 36 places, 12 of them filled: 24 to go at 3 a day are 8 days from 15 January
    assert finish(campaign) == ("23 Jan", "24 to go at 3 a day")


def test_a_first_day_counts_as_a_whole_one(campaign: Campaign, vera: Rater) -> None:
    for number, pair in enumerate(pairs_of(campaign, 12)):
        make_rating(pair=pair, rater=vera, value=0.5, now=NOON - HOUR + number * timedelta(minutes=1))
    assert pace_of(campaign=campaign, now=NOON).a_day == 12


def test_what_cannot_be_known_is_said_in_words(campaign: Campaign, vera: Rater) -> None:
    assert finish(campaign) == ("Not yet", "there are no pairs")
    (pair,) = pairs_of(campaign, 1)
    assert finish(campaign) == ("Unknown", "nobody has rated for a week")
    make_rating(pair=pair, rater=vera, value=0.5, now=NOON - DAY)
    assert finish(campaign) == ("Unknown", "too few ratings yet: 1 in a week")
    campaign.is_open = False
    campaign.save()
    assert finish(campaign) == ("Unknown", "2 ratings missing, and the campaign is closed")
    for _ in range(2):
        make_rating(pair=pair, rater=make_rater(), value=0.5, now=NOON - DAY)
    assert finish(campaign) == ("Done", "every open pair has its ratings")


def test_at_work_is_who_holds_something_or_answered_just_now(campaign: Campaign, vera: Rater, boris: Rater) -> None:
    pairs = pairs_of(campaign, 4)
    gone = make_rater()
    make_rating(pair=pairs[0], rater=gone, value=0.5, now=NOON - timedelta(minutes=16))
    for pair, minutes in zip(pairs, (600, 14), strict=False):
        make_rating(pair=pair, rater=boris, value=0.5, now=NOON - timedelta(minutes=minutes))
    lease_hold(model=Slot, rater=vera, campaign=campaign, count=2, now=NOON - timedelta(minutes=1))
    lease_hold(model=Slot, rater=gone, campaign=campaign, count=1, now=NOON - HOUR)  # ran out
    seen = {one.code: (one.holds, one.today) for one in active_raters(campaign=campaign, now=NOON)}
    assert seen == {boris.code: (0, 2), vera.code: (2, 0)}


def test_the_page_counts_again_only_every_few_seconds(campaign: Campaign, vera: Rater) -> None:
    (pair,) = pairs_of(campaign, 1)
    assert pulse_cached(campaign=campaign, now=NOON).progress.ratings == 0
    make_rating(pair=pair, rater=vera, value=0.5)
    assert pulse_cached(campaign=campaign, now=NOON + timedelta(seconds=1)).progress.ratings == 0
    assert pulse_cached(campaign=campaign, now=NOON + timedelta(seconds=60)).progress.ratings == 1
    assert Rating.objects.count() == 1
