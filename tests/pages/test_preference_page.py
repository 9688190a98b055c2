from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.preferences.models import PreferenceTask, Vote, VoteBar, VoteSlot
from tests import factories
from tests.conftest import NOON
from tests.pages.conftest import at

DESK = "/prefer/winter/"
LATER = NOON + timedelta(seconds=40)


@pytest.fixture(params=["music", "painting"])
def task(db, request) -> PreferenceTask:
    """A task in each direction."""
    campaign = factories.make_campaign(slug="winter")
    shared = {"clip": factories.make_clip()} if request.param == "music" else {"painting": factories.make_painting()}
    first, second = (
        factories.make_pair(campaign=campaign, score=0.5, dispersion=0.1, completed_at=NOON, **shared) for _ in "ab"
    )
    return factories.make_task(pair_a=first, pair_b=second)


def answer_of(client: Client, *, position: int) -> dict[str, str]:
    """What a browser without scripts sends when the candidate at `position` (0 or 1) is chosen."""
    with at(NOON):
        page = client.get(DESK).content.decode()
    hidden = dict(re.findall(r'name="(token|key)" value="([^"]+)"', page))
    choices = re.findall(r'name="choice"\s+value="([ab])"', page)
    assert sorted(choices) == ["a", "b"]
    return {**hidden, "choice": choices[position]}


def test_the_address_is_the_one_agreed_on():
    assert reverse("preferences:page", args=["winter"]) == DESK


def test_four_people_at_the_desk(as_vera, as_boris, as_admin, as_stranger, task):
    assert as_vera.get(DESK).status_code == 200
    assert as_boris.get(DESK).status_code == 200
    assert as_admin.get(DESK).status_code == 403
    assert as_stranger.get(DESK).url == f"{reverse('account_login')}?next={DESK}"


def test_four_people_sending_a_choice(as_vera, as_boris, as_admin, as_stranger, task):
    answer = answer_of(as_vera, position=0)
    with at(LATER):
        assert as_boris.post(DESK, answer).status_code == 409
        assert as_admin.post(DESK, answer).status_code == 403
        assert as_stranger.post(DESK, answer).url.startswith(reverse("account_login"))
        assert not Vote.objects.exists()
        assert as_vera.post(DESK, answer).url == DESK
    vote = Vote.objects.get()
    assert vote.choice == answer["choice"] == vote.left, "the first candidate is the left one"


def test_the_query_is_shown_once_and_two_candidates_beside_it(as_vera: Client, task: PreferenceTask):
    plain = as_vera.get(DESK).content.decode().split("<noscript>")[1]
    asks_with_music = task.direction == "music->painting"
    assert plain.count("<audio") == (1 if asks_with_music else 2)
    assert plain.count("<img") == (2 if asks_with_music else 1)


def test_the_page_tells_nothing_about_the_items(as_vera: Client, task: PreferenceTask):
    page = as_vera.get(DESK).content.decode()
    for pair in (task.pair_a, task.pair_b):
        for secret in (pair.key, pair.painting.key, pair.painting.title, pair.clip.key, pair.clip.track.title):
            assert secret not in page
    assert task.key not in page


def test_choosing_neither_is_refused_in_words(as_vera: Client, task: PreferenceTask):
    answer = answer_of(as_vera, position=0)
    del answer["choice"]
    with at(LATER):
        page = as_vera.post(DESK, answer)
    assert page.status_code == 422
    assert "Choose one of the two." in page.content.decode()
    assert not Vote.objects.exists()


def test_the_same_form_sent_twice_is_one_vote(as_vera: Client, task: PreferenceTask):
    answer = answer_of(as_vera, position=1)
    with at(LATER):
        assert [as_vera.post(DESK, answer).status_code for _ in range(2)] == [302, 302]
    assert Vote.objects.count() == 1


def test_an_answer_sooner_than_the_music_is_refused_in_words(as_vera: Client, task: PreferenceTask):
    answer = answer_of(as_vera, position=1)
    with at(NOON + timedelta(seconds=5)):
        page = as_vera.post(DESK, answer)
    assert page.status_code == 409
    assert "has not been played to its end" in page.content.decode()


def test_skipping_gives_the_task_back(as_vera: Client, task: PreferenceTask):
    token = answer_of(as_vera, position=0)["token"]
    assert as_vera.post(DESK, {"token": token, "reason": "familiar"}).url == DESK
    assert VoteBar.objects.get().reason == "familiar"
    assert not VoteSlot.objects.filter(state="leased").exists()


def test_a_made_up_lease_is_refused_in_words(as_vera: Client, task: PreferenceTask):
    page = as_vera.post(DESK, {"token": str(uuid4()), "key": str(uuid4()), "choice": "a"})
    assert page.status_code == 409
    assert "not one of yours" in page.content.decode()
