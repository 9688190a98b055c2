from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from tests import factories
from tests.conftest import NOON
from tests.pages.conftest import logged_in

CONSENT, BACKGROUND, BRIEFING = reverse("consent"), reverse("background"), reverse("briefing")
ABOUT = {"role": "art_teacher", "discipline": "painting", "training_years": 12, "background": ""}


@pytest.fixture
def newcomer(db) -> Rater:
    return factories.make_rater("nina", consented_at=None, briefed_at=None, admitted_at=None)


@pytest.fixture
def as_newcomer(newcomer: Rater) -> Client:
    return logged_in(newcomer.user)


def test_consent_then_background_then_briefing_then_work(as_newcomer: Client, newcomer: Rater):
    campaign = factories.make_campaign()
    desk = reverse("scoring:page", args=[campaign.slug])
    first = as_newcomer.get(desk, follow=True)
    assert first.redirect_chain == [(f"{CONSENT}?next=%2Fscore%2F{campaign.slug}%2F", 302)]

    second = as_newcomer.post(CONSENT, {"agrees": "yes", "next": desk}, follow=True)
    assert second.redirect_chain == [(f"{BACKGROUND}?next=%2Fscore%2F{campaign.slug}%2F", 302)]
    newcomer.refresh_from_db()
    assert newcomer.consented_at is not None
    assert newcomer.briefed_at is None

    third = as_newcomer.post(BACKGROUND, {**ABOUT, "next": desk}, follow=True)
    assert third.redirect_chain == [(f"{BRIEFING}?next=%2Fscore%2F{campaign.slug}%2F", 302)]
    newcomer.refresh_from_db()
    assert (newcomer.role, newcomer.discipline, newcomer.training_years) == ("art_teacher", "painting", 12)
    assert newcomer.admitted_at is None

    fourth = as_newcomer.post(BRIEFING, {"next": desk})
    assert fourth.url == desk
    newcomer.refresh_from_db()
    assert newcomer.briefed_at is not None
    assert newcomer.admitted_at is not None
    assert newcomer.protocol_id == 1
    assert as_newcomer.get(desk).status_code == 200


def test_the_first_page_leads_to_consent(as_newcomer: Client):
    assert as_newcomer.get("/").url == CONSENT


def test_nobody_agrees_without_ticking_the_box(as_newcomer: Client, newcomer: Rater):
    page = as_newcomer.post(CONSENT, {})
    assert page.status_code == 422
    assert "Please tick the box" in page.content.decode()
    newcomer.refresh_from_db()
    assert newcomer.consented_at is None


def test_the_briefing_comes_after_consent(as_newcomer: Client, newcomer: Rater):
    assert as_newcomer.post(BRIEFING).url.startswith(CONSENT)
    newcomer.refresh_from_db()
    assert newcomer.briefed_at is None


def test_reading_again_does_not_change_when_it_was_first_read(as_vera: Client, vera: Rater):
    as_vera.post(CONSENT, {"agrees": "yes"})
    as_vera.post(BRIEFING)
    vera.refresh_from_db()
    assert (vera.consented_at, vera.briefed_at) == (NOON, NOON)


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_the_way_on_never_leads_off_the_site(as_vera: Client, target):
    assert as_vera.post(BRIEFING, {"next": target}).url == "/"


@pytest.mark.parametrize("address", [CONSENT, BACKGROUND, BRIEFING])
def test_four_people_at_the_welcome_pages(as_vera, as_boris, as_admin, as_stranger, address):
    assert as_vera.get(address).status_code == 200
    assert as_boris.get(address).status_code == 200
    assert as_admin.get(address).status_code == 403
    assert as_stranger.get(address).url.startswith(reverse("account_login"))


def test_consent_shows_the_pseudonym_that_leaves_the_house(as_vera: Client, vera: Rater):
    assert vera.code in as_vera.get(CONSENT).content.decode()
