"""The same tests for both kinds of slots: `kind` makes subjects and speaks of them in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.leases.models import LeasedSlot
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import PreferenceTask, VoteLease, VoteSlot
from annotation_site.preferences.services import task_skip, vote_correct, vote_submit
from annotation_site.scoring.models import Campaign, Pair, Slot, SlotLease
from annotation_site.scoring.services import pair_skip, rating_correct, rating_submit
from tests import factories

Subject = Pair | PreferenceTask


@dataclass(frozen=True)
class Kind:
    """One kind of judging: its slots, how to make a subject, how to judge and to skip."""

    model: type[LeasedSlot]
    ended: type[Any]
    make: Callable[[Campaign], Subject]
    judge: Callable[..., Any]
    correct: Callable[..., Any]
    skip: Callable[..., Any]

    def hold(self, rater: Rater, campaign: Campaign, now: datetime, count: int = 1) -> list[Any]:
        return lease_hold(model=self.model, rater=rater, campaign=campaign, count=count, now=now)

    def slots(self, subject: Subject) -> Any:
        return self.model._default_manager.filter(**{self.model.subject_field: subject}).order_by("index")


def _score(rater: Rater, token: UUID, now: datetime, key: UUID | None = None, choice: str = "a") -> Any:
    return rating_submit(rater=rater, token=token, key=key or uuid4(), value=0.5, now=now).rating


def _vote(rater: Rater, token: UUID, now: datetime, key: UUID | None = None, choice: str = "a") -> Any:
    return vote_submit(rater=rater, token=token, key=key or uuid4(), choice=choice, now=now).vote


def _score_again(rater: Rater, key: UUID, now: datetime) -> Any:
    return rating_correct(rater=rater, rating_key=key, key=uuid4(), value=0.7, now=now).rating


def _vote_again(rater: Rater, key: UUID, now: datetime) -> Any:
    return vote_correct(rater=rater, vote_key=key, key=uuid4(), choice="b", now=now).vote


def _task(campaign: Campaign) -> PreferenceTask:
    painting = factories.make_painting()
    return factories.make_task(
        pair_a=factories.make_pair(campaign=campaign, painting=painting, score=0.5),
        pair_b=factories.make_pair(campaign=campaign, painting=painting, score=0.5),
    )


def _pair(campaign: Campaign) -> Pair:
    return factories.make_pair(campaign=campaign)


PAIRS = Kind(Slot, SlotLease, _pair, _score, _score_again, pair_skip)
TASKS = Kind(VoteSlot, VoteLease, _task, _vote, _vote_again, task_skip)


@pytest.fixture(params=[PAIRS, TASKS], ids=["pairs", "tasks"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Three places a subject, for pairs and for tasks."""
    return factories.make_campaign(raters_per_pair=3)


@pytest.fixture
def vera(db: None) -> Rater:
    return factories.make_rater("vera", order_seed=0)


@pytest.fixture
def boris(db: None) -> Rater:
    return factories.make_rater("boris", order_seed=1)
