from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, Slot, SlotBar, SlotState
from tests import factories
from tests.conftest import NOON
from tests.pages.conftest import at

LATER = NOON + timedelta(seconds=20)


@pytest.fixture
def campaign(db) -> Campaign:
    return factories.make_campaign(name="Winter panel", slug="winter")


@pytest.fixture
def pair(campaign: Campaign) -> Pair:
    painting = factories.make_painting(title="The Tall Spruce", artist="A. Painter", file_name="spruce-by-painter.jpg")
    return factories.make_pair(campaign=campaign, painting=painting)


DESK = "/score/winter/"


def answer_of(client: Client, value: object) -> dict[str, object]:
    """What a browser without scripts sends back from the page that it was given."""
    with at(NOON):
        page = client.get(DESK).content.decode()
    hidden = dict(re.findall(r'name="(token|key)" value="([^"]+)"', page))
    return {"token": hidden["token"], "key": hidden["key"], "value": value}


def test_the_address_is_the_one_agreed_on(campaign):
    assert reverse("scoring:page", args=["winter"]) == DESK


def test_four_people_at_the_desk(as_vera, as_boris, as_admin, as_stranger, pair):
    assert as_vera.get(DESK).status_code == 200
    assert as_boris.get(DESK).status_code == 200
    assert as_admin.get(DESK).status_code == 403
    assert as_stranger.get(DESK).url == f"{reverse('account_login')}?next={DESK}"


def test_four_people_sending_an_answer(as_vera, as_boris, as_admin, as_stranger, pair):
    answer = answer_of(as_vera, 40)
    with at(LATER):
        assert as_boris.post(DESK, answer).status_code == 409
        assert as_admin.post(DESK, answer).status_code == 403
        assert as_stranger.post(DESK, answer).url.startswith(reverse("account_login"))
        assert not Rating.objects.exists()
        assert as_vera.post(DESK, answer).url == DESK
    rating = Rating.objects.get()
    assert (rating.rater.user.username, rating.value, rating.state) == ("vera", 0.4, RatingState.COUNTED)
    assert rating.input_method == "form"


def test_the_page_tells_nothing_about_the_items(as_vera: Client, pair: Pair):
    page = as_vera.get(DESK).content.decode()
    for secret in ("The Tall Spruce", "A. Painter", "spruce-by-painter", pair.painting.key, pair.clip.key, pair.key):
        assert secret not in page


def test_the_page_shows_no_score_of_others(as_vera: Client, pair: Pair, boris: Rater):
    factories.make_rating(pair=pair, rater=boris, value=0.7654)
    page = as_vera.get(DESK).content.decode()
    assert "0.76" not in page
    assert "76" not in re.sub(r'"[^"]*"', "", page)


def test_the_same_form_sent_twice_is_one_rating(as_vera: Client, pair: Pair):
    answer = answer_of(as_vera, 40)
    with at(LATER):
        assert [as_vera.post(DESK, answer).status_code for _ in range(2)] == [302, 302]
    assert Rating.objects.count() == 1


def test_an_answer_before_the_music_can_have_ended_is_refused_in_words(as_vera: Client, pair: Pair):
    answer = answer_of(as_vera, 40)
    with at(NOON + timedelta(seconds=3)):
        page = as_vera.post(DESK, answer)
    assert page.status_code == 409
    assert "has not been played to its end" in page.content.decode()
    assert 'value="40"' in page.content.decode(), "what was typed stays"
    assert str(answer["key"]) in page.content.decode()
    assert not Rating.objects.exists()


@pytest.mark.parametrize("value", ["", "abc", "-1", "101", "nan", "inf"])
def test_a_value_that_is_none_is_refused_in_words(as_vera: Client, pair: Pair, value):
    answer = answer_of(as_vera, value)
    with at(LATER):
        page = as_vera.post(DESK, answer)
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    assert not Rating.objects.exists()


def test_a_made_up_lease_is_refused_in_words(as_vera: Client, pair: Pair):
    page = as_vera.post(DESK, {"token": str(uuid4()), "key": str(uuid4()), "value": 3})
    assert page.status_code == 409
    assert "not one of yours" in page.content.decode()


def test_skipping_gives_the_pair_back_and_never_offers_it_again(as_vera: Client, pair: Pair, vera: Rater):
    token = answer_of(as_vera, 1)["token"]
    assert as_vera.post(DESK, {"token": token, "reason": "not_suitable"}).url == DESK
    assert SlotBar.objects.get(pair=pair, rater=vera).reason == "not_suitable"
    assert not Slot.objects.filter(pair=pair, state=SlotState.LEASED).exists()
    assert "You have rated or skipped every pair" in as_vera.get(DESK).content.decode()


def test_a_reason_that_is_none_is_refused(as_vera: Client, pair: Pair):
    token = answer_of(as_vera, 1)["token"]
    assert as_vera.post(DESK, {"token": token, "reason": "bored"}).status_code == 422
    assert not SlotBar.objects.exists()


def test_looking_twice_holds_one_pair(as_vera: Client, campaign: Campaign):
    for _ in range(3):
        factories.make_pair(campaign=campaign)
    as_vera.get(DESK)
    as_vera.get(DESK)
    assert Slot.objects.filter(state=SlotState.LEASED).count() == 1


def test_a_closed_campaign_thanks(as_vera: Client, campaign: Campaign):
    Campaign.objects.update(is_open=False)
    assert "This campaign is closed" in as_vera.get(DESK).content.decode()


def test_a_campaign_that_is_not_there_is_not_found(as_vera: Client):
    page = as_vera.get("/score/nowhere/")
    assert page.status_code == 404
    assert "Nothing hangs at this address" in page.content.decode()


def test_synthetic_data_says_so(as_vera: Client, pair: Pair):
    assert "Synthetic demonstration data" not in as_vera.get(DESK).content.decode()
    Campaign.objects.update(is_synthetic=True)
    assert "Synthetic demonstration data" in as_vera.get(DESK).content.decode()


def test_the_desk_is_never_cached(as_vera: Client, pair: Pair):
    assert "no-store" in as_vera.get(DESK)["Cache-Control"]


def test_the_desk_brings_the_secret_that_its_requests_need_even_with_nothing_to_do(as_vera: Client, campaign: Campaign):
    assert "csrftoken" in as_vera.get(DESK).cookies
