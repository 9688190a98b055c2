"""Loudness normalisation at the scoring desk: the gain that is told, checked and recorded, and when it is fixed."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.errors import GainNotTold, WrongGain
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot, SlotState
from annotation_site.scoring.selectors import CampaignPlayback, campaign_playback
from annotation_site.scoring.services import rating_correct
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_clip, make_pair, make_rater, make_rating
from tests.leases.clock import Clock
from tests.scoring.conftest import HEARD, lease, submit
from tests.scoring.test_api import client_of, post

LOUD: dict[str, Any] = {"loudness_lufs": -9.4, "true_peak_dbtp": 0.3}
GAIN = -13.6  # from -9.4 to -23


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign(raters_per_pair=3, loudness_lufs=-23.0)


@pytest.fixture
def pair(campaign: Campaign) -> Pair:
    return make_pair(campaign=campaign, clip=make_clip(**LOUD))


def heard(gain: object) -> dict[str, Any]:
    """Evidence as the page sends it."""
    return {"clips": {"clip": {"ranges": [[0, 15]], "plays": 1, "gain_db": gain}}, "moves": 3}


def told_gain(rater: Rater, campaign: Campaign) -> float:
    (shown,) = post(client_of(rater.user), "leases/", campaign=campaign.slug).json()["leases"]
    gain: float = shown["clip"]["gain_db"]
    return gain


def test_a_lease_tells_the_gain_of_its_campaign(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> None:
    assert told_gain(vera, campaign) == GAIN


def test_the_same_clip_has_another_gain_in_another_campaign(pair: Pair, vera: Rater, clock: Clock) -> None:
    softer, plain = make_campaign(loudness_lufs=-30.0), make_campaign()
    for other in (softer, plain):
        make_pair(campaign=other, clip=pair.clip)
    assert told_gain(vera, softer) == -20.6
    assert told_gain(vera, plain) == 0.0


def test_a_clip_without_a_measured_loudness_plays_unchanged(campaign: Campaign, vera: Rater, clock: Clock) -> None:
    make_pair(campaign=campaign)
    assert told_gain(vera, campaign) == 0.0


def test_an_answer_keeps_the_gain_that_was_applied(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> None:
    client = client_of(vera.user)
    (shown,) = post(client, "leases/", campaign=campaign.slug).json()["leases"]
    clock.shift(timedelta(minutes=1))
    evidence = heard(shown["clip"]["gain_db"])
    answer = post(client, "ratings/", token=shown["token"], key=str(uuid4()), value=0.5, evidence=evidence)
    assert answer.status_code == 201
    assert Rating.objects.get().evidence["clips"]["clip"]["gain_db"] == GAIN


@pytest.mark.parametrize("gain", [0.0, -13.59, -13.61, 13.6, math.nan, math.inf, 1e300])
def test_another_gain_than_the_campaigns_is_refused_and_the_slot_stays_hers(
    campaign: Campaign, pair: Pair, vera: Rater, gain: float
) -> None:
    slot = lease(vera, campaign)
    with pytest.raises(WrongGain, match="Load the page again"):
        submit(vera, slot.token, evidence=heard(gain))
    assert not Rating.objects.exists()
    assert Slot.objects.get(pk=slot.pk).state == SlotState.LEASED
    assert submit(vera, slot.token, evidence=heard(GAIN)).is_new


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"clips": {}},
        {"clips": {"clip": {}}},
        {"clips": {"clip": [GAIN]}},
        {"clips": [GAIN]},
        {"clips": None},
        heard(None),
        heard(str(GAIN)),
        heard(True),
    ],
)
def test_an_answer_that_does_not_tell_its_gain_is_refused(
    campaign: Campaign, pair: Pair, vera: Rater, evidence: dict[str, Any]
) -> None:
    with pytest.raises(GainNotTold, match="JavaScript"):
        submit(vera, lease(vera, campaign).token, evidence=evidence)
    assert not Rating.objects.exists()


def test_the_api_refuses_in_words_and_with_a_code(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> None:
    token = str(lease(vera, campaign).token)
    clock.shift(timedelta(minutes=1))
    client = client_of(vera.user)
    wrong = post(client, "ratings/", token=token, key=str(uuid4()), value=0.5, evidence=heard(0.0))
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_gain")
    silent = post(client, "ratings/", token=token, key=str(uuid4()), value=0.5)
    assert (silent.status_code, silent.json()["code"]) == (409, "gain_not_told")


def test_without_normalisation_a_gain_of_0_or_none_told_is_taken_and_any_other_refused(db: None, vera: Rater) -> None:
    plain = make_campaign()
    first, second = make_pair(campaign=plain, clip=make_clip(**LOUD)), make_pair(campaign=plain)
    assert submit(vera, lease(vera, plain).token).is_new
    slot = lease(vera, plain)
    with pytest.raises(WrongGain):
        submit(vera, slot.token, evidence=heard(GAIN), now=HEARD + timedelta(minutes=1))
    assert submit(vera, slot.token, evidence=heard(0), now=HEARD + timedelta(minutes=1)).is_new
    assert set(Rating.objects.values_list("pair", flat=True)) == {first.pk, second.pk}


def test_the_same_key_again_gets_the_same_answer_whatever_was_measured_since(
    campaign: Campaign, pair: Pair, vera: Rater
) -> None:
    slot, key = lease(vera, campaign), uuid4()
    done = submit(vera, slot.token, key=key, evidence=heard(GAIN))
    Clip.objects.update(loudness_lufs=-30.0)
    again = submit(vera, slot.token, key=key, evidence=heard(GAIN))
    assert (again.rating, again.is_new) == (done.rating, False)


def test_a_correction_keeps_what_was_heard(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    first = submit(vera, lease(vera, campaign).token, evidence=heard(GAIN)).rating
    corrected = rating_correct(rater=vera, rating_key=first.key, key=uuid4(), value=0.9, now=HEARD).rating
    assert corrected.evidence == heard(GAIN)


def test_simulated_raters_hear_nothing_and_need_tell_nothing(campaign: Campaign, pair: Pair) -> None:
    robot = make_rater("robot", is_simulated=True)
    assert submit(robot, lease(robot, campaign).token).is_new


def test_a_campaigns_clips_are_counted_by_how_they_are_played(campaign: Campaign, pair: Pair) -> None:
    make_pair(campaign=campaign)  # its clip is not measured
    make_pair(campaign=campaign, clip=make_clip(loudness_lufs=-40.0, true_peak_dbtp=-10.0))
    make_pair(campaign=campaign, clip=pair.clip)
    make_clip()  # in no pair
    assert campaign_playback(campaign=campaign) == CampaignPlayback(
        target_lufs=-23.0, clips=3, unmeasured=1, held_back=1
    )


# --- The campaign's form -----------------------------------------------------------------------------------------
@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(make_admin())
    return client


def change(client: Client, campaign: Campaign, loudness: str) -> Any:
    fields = {"name": campaign.name, "slug": campaign.slug, "is_open": "on", "raters_per_pair": 3, "trim": 1}
    fields |= {
        "band_low": 0.4,
        "band_high": 0.6,
        "votes_per_task": 3,
        "most_votes_per_task": 5,
        "lease_minutes": 20,
        "instructions": "",
    }
    fields |= {"repeat_percent": 5, "repeat_distance": 50, "heard_percent": 95, "break_minutes": 20}
    fields |= {"target_alpha": 0.8, "target_dispersion": 0.09, "too_fast_s": 2}
    return client.post(
        reverse("admin:scoring_campaign_change", args=[campaign.pk]), fields | {"loudness_lufs": loudness}
    )


def target(campaign: Campaign) -> float | None:
    return Campaign.objects.get(pk=campaign.pk).loudness_lufs


def test_the_target_is_set_and_taken_back_until_the_first_rating_and_then_fixed(admin: Client, vera: Rater) -> None:
    campaign = make_campaign(raters_per_pair=3)
    pair = make_pair(campaign=campaign)
    page = admin.get(reverse("admin:scoring_campaign_change", args=[campaign.pk])).content.decode()
    assert 'name="loudness_lufs"' in page
    assert "is fixed from the first rating on" in page
    assert change(admin, campaign, "-23").status_code == 302
    assert target(campaign) == -23.0
    assert change(admin, campaign, "").status_code == 302
    assert target(campaign) is None
    assert change(admin, campaign, "-23").status_code == 302
    make_rating(pair=pair, rater=vera, value=0.5)
    page = admin.get(reverse("admin:scoring_campaign_change", args=[campaign.pk])).content.decode()
    assert 'name="loudness_lufs"' not in page
    assert change(admin, campaign, "-14").status_code == 302
    assert target(campaign) == -23.0


@pytest.mark.parametrize("loudness", ["-9", "-40", "loud", "23"])
def test_a_target_that_is_none_is_refused(admin: Client, loudness: str) -> None:
    campaign = make_campaign(raters_per_pair=3)
    answer = change(admin, campaign, loudness)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode() or "error" in answer.content.decode()
    assert target(campaign) is None


def test_the_campaign_page_says_how_many_clips_play_unchanged(admin: Client, campaign: Campaign, pair: Pair) -> None:
    make_pair(campaign=campaign)
    page = " ".join(admin.get(reverse("admin:scoring_campaign_change", args=[campaign.pk])).content.decode().split())
    assert "Clips are played at -23 LUFS" in page
    assert "1 of 2 clips has no measured loudness and is played unchanged" in page
    Clip.objects.update(**LOUD)
    cache.clear()  # the page's figures are kept for a few seconds
    page = admin.get(reverse("admin:scoring_campaign_change", args=[campaign.pk])).content.decode()
    assert "no measured loudness" not in page


def test_without_a_target_the_campaign_page_does_not_speak_of_loudness(admin: Client) -> None:
    plain = make_campaign()
    make_pair(campaign=plain)
    assert "LUFS." not in admin.get(reverse("admin:scoring_campaign_progress", args=[plain.pk])).content.decode()


# --- Without scripts ---------------------------------------------------------------------------------------------
def test_the_plain_page_is_barred_while_a_campaign_normalises(
    client: Client, campaign: Campaign, pair: Pair, vera: Rater, clock: Clock
) -> None:
    client.force_login(vera.user)
    address = reverse("scoring:page", args=[campaign.slug])
    page = client.get(address).content.decode()
    assert "This campaign needs JavaScript" in page
    assert "<audio" not in page
    slot = Slot.objects.get(state=SlotState.LEASED)
    clock.now = NOON + timedelta(minutes=1)
    answer = client.post(address, {"token": str(slot.token), "key": str(uuid4()), "value": 50})
    assert answer.status_code == 409
    assert "Turn JavaScript on" in answer.content.decode()
    assert not Rating.objects.exists()
    Campaign.objects.update(loudness_lufs=None)
    assert "<audio" in client.get(address).content.decode()
