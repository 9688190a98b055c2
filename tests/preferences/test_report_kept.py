"""The kept preference report: it follows whatever moves it, not too often, and is looked at cheaply."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache

from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.models import Vote
from annotation_site.preferences.report.keeping import MIN_AGE, is_newest, report_cached
from annotation_site.preferences.services import vote_correct, votes_withdraw
from annotation_site.scoring.models import Pair
from tests.conftest import NOON
from tests.preferences.worked import Worked, cast, worked_campaign

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def worked() -> Worked:
    cache.clear()
    return worked_campaign()


def test_it_follows_a_vote_but_not_more_often_than_every_few_seconds(worked: Worked) -> None:
    first = report_cached(campaign=worked.campaign, now=NOON)
    cast(worked.tasks["CD"], worked.raters[2], "a", is_left=True)
    assert report_cached(campaign=worked.campaign, now=NOON + MIN_AGE / 2) == first
    later = report_cached(campaign=worked.campaign, now=LATER)
    assert (first.n_votes, later.n_votes) == (20, 21)


def test_it_is_kept_while_nothing_changes_and_looked_at_cheaply(worked: Worked, django_assert_num_queries: Any) -> None:
    first = report_cached(campaign=worked.campaign, now=NOON)
    seen = first.computed_at.isoformat()
    with django_assert_num_queries(4):
        assert is_newest(campaign=worked.campaign, seen=seen, now=LATER)
    with django_assert_num_queries(0):
        assert is_newest(campaign=worked.campaign, seen=seen, now=LATER + MIN_AGE / 2)
        assert not is_newest(campaign=worked.campaign, seen="earlier", now=LATER + MIN_AGE / 2)
        assert report_cached(campaign=worked.campaign, now=LATER + MIN_AGE / 2) == first


def test_a_report_that_the_cache_has_dropped_is_computed_again(worked: Worked) -> None:
    first = report_cached(campaign=worked.campaign, now=NOON)
    cache.clear()
    assert not is_newest(campaign=worked.campaign, seen=first.computed_at.isoformat(), now=NOON)
    assert report_cached(campaign=worked.campaign, now=LATER).computed_at == LATER


def correct(worked: Worked) -> None:
    vote = Vote.objects.filter(task=worked.tasks["BC"])[0]
    vote_correct(rater=vote.rater, vote_key=vote.key, key=uuid4(), choice="b", now=NOON)


def withdraw(worked: Worked) -> None:
    votes_withdraw(raters=[worked.raters[0]])


def rescore(worked: Worked) -> None:
    Pair.objects.filter(pk=worked.pairs["A"].pk).update(score=0.44)


def close(worked: Worked) -> None:
    Pair.objects.filter(pk=worked.pairs["A"].pk).update(closed_at=NOON)


def make_more(worked: Worked) -> None:
    tasks_make(campaign=worked.campaign, count=None, seed=1, now=NOON)


def narrow_the_band(worked: Worked) -> None:
    worked.campaign.band_low = 0.46


@pytest.mark.parametrize("change", [correct, withdraw, rescore, close, make_more, narrow_the_band])
def test_whatever_moves_it_is_seen(worked: Worked, change: Any) -> None:
    before = report_cached(campaign=worked.campaign, now=NOON)
    change(worked)
    after = report_cached(campaign=worked.campaign, now=LATER)
    assert after.computed_at == LATER
    assert after.directions != before.directions or after.queries != before.queries
