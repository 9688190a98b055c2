"""Loudness normalisation at the preference desk: each clip of a task with its own gain, checked by its side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import GainNotTold, WrongGain
from annotation_site.preferences.models import PreferenceTask, Side, Vote, VoteSlot
from annotation_site.preferences.services import vote_submit
from annotation_site.scoring.models import Campaign
from tests.factories import make_campaign, make_clip, make_painting, make_task
from tests.leases.clock import Clock
from tests.preferences.conftest import HEARD, lease, scored
from tests.preferences.test_api import client_of, post

LOUD: dict[str, Any] = {"loudness_lufs": -9.4, "true_peak_dbtp": 0.3}
SOFT: dict[str, Any] = {"loudness_lufs": -30.0, "true_peak_dbtp": -14.0}
GAINS = {Side.A: -13.6, Side.B: 7.0}


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign(raters_per_pair=3, loudness_lufs=-23.0)


@pytest.fixture
def of_music(campaign: Campaign) -> PreferenceTask:
    """One painting; clip A is loud, clip B is soft."""
    painting = make_painting()
    pair_a = scored(campaign, painting=painting, clip=make_clip(**LOUD))
    pair_b = scored(campaign, painting=painting, clip=make_clip(**SOFT))
    return make_task(pair_a=pair_a, pair_b=pair_b)


@pytest.fixture
def of_paintings(campaign: Campaign) -> PreferenceTask:
    clip = make_clip(**LOUD)
    return make_task(pair_a=scored(campaign, clip=clip), pair_b=scored(campaign, clip=clip))


def heard(**gains: float) -> dict[str, Any]:
    return {"clips": {name: {"plays": 1, "gain_db": gain} for name, gain in gains.items()}}


def by_side(slot: VoteSlot) -> tuple[float, float]:
    """The gains of the first and the second music, as this rater gets them."""
    return (GAINS[Side.A], GAINS[Side.B]) if slot.left == Side.A else (GAINS[Side.B], GAINS[Side.A])


def submit(rater: Rater, slot: VoteSlot, evidence: dict[str, Any]) -> Vote:
    assert slot.token is not None
    return vote_submit(rater=rater, token=slot.token, key=uuid4(), choice="a", now=HEARD, evidence=evidence).vote


def test_a_task_tells_the_gain_of_each_of_its_clips(
    campaign: Campaign, of_music: PreferenceTask, vera: Rater, clock: Clock
) -> None:
    (shown,) = post(client_of(vera.user), "leases/", campaign=campaign.slug).json()["leases"]
    assert {each["choice"]: each["item"]["gain_db"] for each in shown["candidates"]} == {"a": -13.6, "b": 7.0}


def test_a_task_about_paintings_tells_the_gain_of_its_query(
    campaign: Campaign, of_paintings: PreferenceTask, vera: Rater, clock: Clock
) -> None:
    (shown,) = post(client_of(vera.user), "leases/", campaign=campaign.slug).json()["leases"]
    assert shown["query"]["gain_db"] == -13.6


def test_both_gains_are_checked_by_side_and_kept(campaign: Campaign, of_music: PreferenceTask, vera: Rater) -> None:
    slot = lease(vera, campaign)
    left, right = by_side(slot)
    with pytest.raises(WrongGain):
        submit(vera, slot, heard(left=right, right=left))
    with pytest.raises(GainNotTold):
        submit(vera, slot, heard(left=left))
    assert not Vote.objects.exists()
    assert submit(vera, slot, heard(left=left, right=right)).evidence == heard(left=left, right=right)


def test_the_gain_of_the_query_is_checked_and_kept(
    campaign: Campaign, of_paintings: PreferenceTask, vera: Rater
) -> None:
    slot = lease(vera, campaign)
    with pytest.raises(WrongGain):
        submit(vera, slot, heard(query=0.0))
    assert submit(vera, slot, heard(query=-13.6)).evidence["clips"]["query"]["gain_db"] == -13.6


@pytest.mark.parametrize("name", ["of_music", "of_paintings"])
def test_the_plain_page_is_barred_while_a_campaign_normalises(
    name: str, request: pytest.FixtureRequest, client: Client, campaign: Campaign, vera: Rater, clock: Clock
) -> None:
    request.getfixturevalue(name)
    client.force_login(vera.user)
    address = reverse("preferences:page", args=[campaign.slug])
    page = client.get(address).content.decode()
    assert "This campaign needs JavaScript" in page
    assert "<audio" not in page
    slot = VoteSlot.objects.get(rater=vera)
    clock.shift(timedelta(minutes=1))
    answer = client.post(address, {"token": str(slot.token), "key": str(uuid4()), "choice": "a"})
    assert answer.status_code == 409
    assert "Turn JavaScript on" in answer.content.decode()
    assert not Vote.objects.exists()
