"""A campaign of three ratings a pair, a pair, and people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache

from annotation_site.accounts.models import Rater
from annotation_site.leases.services import lease_hold
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from annotation_site.scoring.services import Submission, rating_submit
from tests import factories
from tests.conftest import NOON
from tests.leases.clock import clock  # noqa: F401 - a fixture

HEARD = NOON + timedelta(minutes=1)
"""A minute after noon: by then a clip leased at noon has been heard."""


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """A campaign's figures are kept for seconds by its number, and tests give the same numbers again."""
    cache.clear()


@pytest.fixture
def campaign(db: None) -> Campaign:
    return factories.make_campaign(raters_per_pair=3)


@pytest.fixture
def pair(campaign: Campaign) -> Pair:
    return factories.make_pair(campaign=campaign)


@pytest.fixture
def vera(db: None) -> Rater:
    return factories.make_rater("vera", order_seed=0)


@pytest.fixture
def boris(db: None) -> Rater:
    return factories.make_rater("boris", order_seed=0)


@pytest.fixture
def rate(campaign: Campaign) -> Callable[..., Rating]:
    """A rater takes the next pair and scores it: `rate(rater, value)`."""

    def scored(rater: Rater, value: float, *, now: datetime = NOON, key: UUID | None = None) -> Rating:
        (slot,) = lease_hold(model=Slot, rater=rater, campaign=campaign, count=1, now=now)
        assert slot.token is not None
        return submit(rater, slot.token, value, key=key, now=now + timedelta(minutes=1)).rating

    return scored


def submit(rater: Rater, token: UUID | None, value: float = 0.5, *, key: UUID | None = None, **told: Any) -> Submission:
    assert token is not None
    return rating_submit(rater=rater, token=token, key=key or uuid4(), value=value, **{"now": HEARD} | told)


def lease(rater: Rater, campaign: Campaign, *, now: datetime = NOON) -> Slot:
    (slot,) = lease_hold(model=Slot, rater=rater, campaign=campaign, count=1, now=now)
    return slot
