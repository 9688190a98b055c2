"""Ambiguous pairs that share items, and people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.preferences.services import VoteSubmission, vote_submit
from annotation_site.scoring.models import Campaign, Pair
from tests import factories
from tests.conftest import NOON
from tests.leases.clock import clock  # noqa: F401 - a fixture

HEARD = NOON + timedelta(minutes=1)
"""A minute after noon: by then the clips of a task leased at noon have been heard."""


@pytest.fixture
def campaign(db: None) -> Campaign:
    return factories.make_campaign(raters_per_pair=3)


@pytest.fixture
def vera(db: None) -> Rater:
    return factories.make_rater("vera", order_seed=0)


@pytest.fixture
def boris(db: None) -> Rater:
    return factories.make_rater("boris", order_seed=0)


@pytest.fixture
def task(campaign: Campaign) -> PreferenceTask:
    """One clip, two paintings."""
    clip = factories.make_clip()
    return factories.make_task(pair_a=scored(campaign, clip=clip), pair_b=scored(campaign, clip=clip))


def scored(campaign: Campaign, score: float = 0.5, **items: Any) -> Pair:
    """A complete pair; only its aggregate is there."""
    return factories.make_pair(
        campaign=campaign, score=score, dispersion=0.1, rating_count=3, completed_at=NOON, **items
    )


def lease(rater: Rater, campaign: Campaign, *, now: datetime = NOON) -> VoteSlot:
    (slot,) = lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=1, now=now)
    return slot


def vote(
    rater: Rater, campaign: Campaign, choice: str, *, now: datetime = NOON, key: UUID | None = None, **told: Any
) -> VoteSubmission:
    """The rater takes the next task and votes on it."""
    slot = lease(rater, campaign, now=now)
    assert slot.token is not None
    later = now + timedelta(minutes=1)
    return vote_submit(rater=rater, token=slot.token, key=key or uuid4(), choice=choice, now=later, **told)
