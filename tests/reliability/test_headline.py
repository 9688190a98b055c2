"""The headline is that of the ratings, whatever happened to them, and is never older than a minute."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.apps import apps
from django.core.cache import cache

from annotation_site.accounts.models import Rater
from annotation_site.reliability.headline import LEAST_REST, MOST_REST, figures_compute, headline
from annotation_site.scoring import migrations
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from annotation_site.scoring.services import pairs_close, rater_withdraw, rating_correct
from mpd_builder.reliability import krippendorff_alpha
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_rating, make_repeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def raters() -> list[Rater]:
    return [make_rater() for _ in range(6)]


@pytest.fixture
def campaign(raters: list[Rater]) -> Campaign:
    """Seven complete pairs, one begun twice, one begun once, one without a rating."""
    campaign = make_campaign()
    rng = np.random.default_rng(8)
    for n in (5,) * 7 + (2, 1, 0):
        pair = make_pair(campaign=campaign, painting=make_painting(), clip=make_clip())
        for rater in raters[:n]:
            make_rating(pair=pair, rater=rater, value=round(float(rng.random()), 2))
    return campaign


def assert_is_of_the_ratings(campaign: Campaign) -> None:
    """Against the ratings themselves, looked at one by one."""
    rows = Rating.objects.filter(pair__campaign=campaign, state=RatingState.COUNTED).values_list("pair", "value")
    units, values = zip(*rows, strict=True)
    expected = krippendorff_alpha(units, values)
    found = figures_compute(campaign=campaign)
    for name in ("value", "low", "high"):
        assert getattr(found.alpha, name) == pytest.approx(getattr(expected, name), abs=1e-9), name
    assert found.n_ratings == len(values)
    spreads = [np.std([v for u, v in rows if u == unit]) for unit in set(units) if units.count(unit) == 5]
    assert found.n_complete == len(spreads)
    assert found.dispersion.value == pytest.approx(np.mean(spreads))


def test_it_is_of_the_ratings(campaign: Campaign) -> None:
    assert_is_of_the_ratings(campaign)
    found = figures_compute(campaign=campaign)
    assert (found.n_pairs, found.n_begun, found.n_complete) == (10, 9, 7)


def test_it_follows_a_correction(campaign: Campaign, raters: list[Rater]) -> None:
    old = Rating.objects.filter(rater=raters[0]).order_by("-created_at", "-pk")[0]
    rating_correct(rater=raters[0], rating_key=old.key, key=uuid4(), value=0.99, now=NOON)
    assert_is_of_the_ratings(campaign)


def test_it_follows_a_withdrawal(campaign: Campaign, raters: list[Rater]) -> None:
    before = figures_compute(campaign=campaign)
    rater_withdraw(rater=raters[1], now=NOON)
    after = figures_compute(campaign=campaign)
    assert (after.n_complete, after.n_ratings) == (0, before.n_ratings - 8)
    rows = Rating.objects.filter(pair__campaign=campaign, state=RatingState.COUNTED).values_list("pair", "value")
    assert after.alpha.value == pytest.approx(krippendorff_alpha(*zip(*rows, strict=True)).value, abs=1e-9)


def test_a_withdrawal_of_everybody_leaves_nothing(campaign: Campaign, raters: list[Rater]) -> None:
    for rater in raters:
        rater_withdraw(rater=rater, now=NOON)
    assert set(Pair.objects.values_list("rating_count", "value_total", "value_squares")) == {(0, 0.0, 0.0)}
    assert figures_compute(campaign=campaign).alpha.value is None


def test_closing_pairs_changes_no_figure_but_how_many_are_open(campaign: Campaign) -> None:
    before = figures_compute(campaign=campaign)
    pairs_close(pair_ids=list(campaign.pairs.values_list("pk", flat=True)), because="enough", now=NOON)
    after = figures_compute(campaign=campaign)
    assert (before.n_closed, after.n_closed) == (0, 3)
    assert (after.alpha, after.dispersion) == (before.alpha, before.dispersion)


def test_a_hidden_repeat_changes_nothing(campaign: Campaign, raters: list[Rater]) -> None:
    before = figures_compute(campaign=campaign)
    make_repeat(first=Rating.objects.filter(rater=raters[0])[0], value=0.9)
    assert figures_compute(campaign=campaign) == before


def test_it_is_never_older_than_a_minute(
    campaign: Campaign, raters: list[Rater], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation_site.reliability.headline.REST_IS_TIMES", 1e12)
    first = headline(campaign=campaign, now=NOON)
    pair = make_pair(campaign=campaign, painting=make_painting(), clip=make_clip())
    make_rating(pair=pair, rater=raters[0], value=0.5)
    assert headline(campaign=campaign, now=NOON + MOST_REST - timedelta(seconds=1)) == first
    later = headline(campaign=campaign, now=NOON + MOST_REST)
    assert later.figures.n_ratings == first.figures.n_ratings + 1


def test_it_is_computed_once_for_all_who_ask_within_seconds(
    campaign: Campaign, django_assert_num_queries: object
) -> None:
    headline(campaign=campaign, now=NOON)
    with django_assert_num_queries(0):  # type: ignore[operator]
        headline(campaign=campaign, now=NOON + LEAST_REST / 2)


def test_the_sums_of_old_pairs_are_filled_by_the_migration(campaign: Campaign) -> None:
    expected = list(Pair.objects.order_by("pk").values_list("value_total", "value_squares"))
    Pair.objects.update(value_total=0.0, value_squares=0.0)
    (migration,) = Path(migrations.__path__[0]).glob("*_pair_sums.py")
    import_module(f"{migrations.__name__}.{migration.stem}").fill(apps, None)
    found = list(Pair.objects.order_by("pk").values_list("value_total", "value_squares"))
    assert np.array(found) == pytest.approx(np.array(expected), abs=1e-12)
