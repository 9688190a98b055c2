"""Two raters, and work of theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache

from annotation_site.accounts.models import Rater
from annotation_site.scoring.models import Campaign, Rating
from tests import factories
from tests.conftest import NOON


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Rate limits of another test would tell nothing about this one."""
    cache.clear()


@pytest.fixture
def vera(db: None) -> Rater:
    return factories.make_rater("vera", code="R-VERA22")


@pytest.fixture
def boris(db: None) -> Rater:
    return factories.make_rater("boris", code="R-BRSS22")


@pytest.fixture
def campaign(db: None) -> Campaign:
    return factories.make_campaign(name="Winter panel", slug="winter", raters_per_pair=3)


def rate_all(
    campaign: Campaign, rater: Rater, values: list[float], *, start: datetime = NOON - timedelta(days=3)
) -> list[Rating]:
    """A new pair for each value, rated a minute apart from `start` on."""
    painting = factories.make_painting(title="The Yellow Cow", file_name="yellow-cow.jpg")
    clip = factories.make_clip(track=factories.make_track(clips=0, title="Lark Ascending", file_name="lark.mp3"))
    ratings = []
    for number, value in enumerate(values):
        kind = {"painting": factories.make_painting(), "clip": clip} if number else {"painting": painting, "clip": clip}
        pair = factories.make_pair(campaign=campaign, **kind)
        ratings.append(
            factories.make_rating(pair=pair, rater=rater, value=value, now=start + timedelta(minutes=number))
        )
    return ratings
