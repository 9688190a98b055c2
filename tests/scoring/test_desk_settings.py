"""What a campaign settles about its desks: how much must be heard, whether a number shows, when a break is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import TooSoon
from annotation_site.scoring.models import Campaign, Rating
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_pair, make_rating
from tests.leases.clock import Clock
from tests.scoring.conftest import lease, submit

CLIP_S = 15


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(("percent", "opens_s"), [(100, 14.9), (95, 14.25), (50, 7.5)])
def test_the_site_takes_no_answer_before_the_set_share_had_time_to_sound(
    vera: Rater, percent: int, opens_s: float
) -> None:
    campaign = make_campaign(heard_percent=percent)
    make_pair(campaign=campaign)
    token = lease(vera, campaign).token
    with pytest.raises(TooSoon) as refused:
        submit(vera, token, now=NOON + seconds(opens_s - 0.05))
    assert refused.value.wait_s == pytest.approx(0.05)
    assert not Rating.objects.exists()
    assert submit(vera, token, now=NOON + seconds(opens_s)).is_new


def test_a_campaign_that_asks_for_nothing_takes_an_answer_at_once(vera: Rater) -> None:
    campaign = make_campaign(heard_percent=0)
    make_pair(campaign=campaign)
    assert submit(vera, lease(vera, campaign).token, now=NOON).is_new


def test_more_than_the_whole_clip_cannot_be_asked_for(db: None) -> None:
    with pytest.raises(ValidationError, match="less than or equal to 100"):
        Campaign(name="x", slug="x", heard_percent=101, created_at=NOON).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_campaign(heard_percent=101)


def test_the_desk_is_told_what_its_campaign_settled(client: Client, vera: Rater, clock: Clock) -> None:
    campaign = make_campaign(heard_percent=80, break_minutes=0)
    make_pair(campaign=campaign)
    client.force_login(vera.user)
    page = client.get(reverse("scoring:page", args=[campaign.slug])).content.decode()
    assert 'data-heard-share="0.8"' in page
    assert 'data-break-minutes="0"' in page
    assert 'data-part="number"' not in page
    Campaign.objects.update(shows_number=True)
    assert 'data-part="number"' in client.get(reverse("scoring:page", args=[campaign.slug])).content.decode()


def test_whether_the_number_shows_is_fixed_from_the_first_rating_on(client: Client, vera: Rater) -> None:
    campaign = make_campaign(raters_per_pair=3)
    pair = make_pair(campaign=campaign)
    client.force_login(make_admin())
    address = reverse("admin:scoring_campaign_change", args=[campaign.pk])
    assert 'name="shows_number"' in client.get(address).content.decode()
    make_rating(pair=pair, rater=vera, value=0.5)
    page: Any = client.get(address).content.decode()
    assert 'name="shows_number"' not in page
    assert 'name="heard_percent"' in page, "how much was heard is in each rating's evidence"
