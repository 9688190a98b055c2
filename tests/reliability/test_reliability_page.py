"""The reliability page: who sees it, what it says, how it follows."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation_site.scoring.models import Campaign
from tests.factories import (
    make_admin,
    make_campaign,
    make_clip,
    make_painting,
    make_pair,
    make_rater,
    make_rating,
    make_repeat,
)

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/reliability/"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def campaign() -> Campaign:
    """Three complete pairs, fifteen ratings."""
    campaign = make_campaign(name="Autumn", slug="autumn")
    raters = [make_rater() for _ in range(5)]
    for base in (0.2, 0.5, 0.8):
        pair = make_pair(campaign=campaign, painting=make_painting(), clip=make_clip())
        for rater, offset in zip(raters, (-0.1, 0.0, 0.0, 0.05, 0.1), strict=True):
            make_rating(pair=pair, rater=rater, value=base + offset)
    return campaign


@pytest.fixture
def ada() -> Client:
    client = Client()
    client.force_login(make_admin())
    return client


def test_it_stands_in_the_panel_under_its_name() -> None:
    assert reverse("admin:reliability") == ADDRESS


def test_only_admins_see_it(campaign: Campaign, ada: Client) -> None:
    rater, stranger = Client(), Client()
    rater.force_login(make_rater().user)
    for headers in ({}, HTMX):
        assert ada.get(ADDRESS, headers=headers).status_code == 200
        assert rater.get(ADDRESS, headers=headers, follow=True).status_code == 403
        assert stranger.get(ADDRESS, headers=headers).status_code == 302


def test_it_shows_the_numbers_beside_the_papers(campaign: Campaign, ada: Client) -> None:
    page = ada.get(ADDRESS).text
    assert "15" in page
    assert "paper 0.86" in page
    assert "paper 84.8 %" in page
    assert "95 % interval" in page
    assert page.count("R0") >= 5  # a line for each rater


def test_it_says_how_raters_agree_with_themselves(campaign: Campaign, ada: Client) -> None:
    assert "No pair has come back to its rater yet" in ada.get(ADDRESS).content.decode()
    cache.clear()
    rater = campaign.pairs.all()[0].ratings.all()[0].rater
    for first, moved in zip(rater.ratings.order_by("pk"), (0.1, -0.1, 0.0), strict=True):
        make_repeat(first=first, value=first.value + moved)
    page = " ".join(ada.get(ADDRESS).content.decode().split())
    assert "3 times, 1 rater)" in page
    assert "0.067 away from their own first score" in page


def test_a_campaign_that_is_not_there_is_not_found(campaign: Campaign, ada: Client) -> None:
    assert ada.get(ADDRESS, {"campaign": "winter"}).status_code == 404


def test_without_a_campaign_it_says_what_to_do(ada: Client) -> None:
    assert "Nothing to measure yet" in ada.get(ADDRESS).text


def test_an_empty_campaign_reads_undefined_and_never_nan(ada: Client) -> None:
    make_campaign()
    page = ada.get(ADDRESS).text
    assert "undefined" in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


def test_the_live_part_is_the_numbers_alone_and_says_nothing_when_nothing_is_new(
    campaign: Campaign, ada: Client
) -> None:
    part = ada.get(ADDRESS, {"campaign": "autumn"}, headers=HTMX)
    assert part.text.lstrip().startswith('<div id="reliability"')
    assert "<html" not in part.text
    seen = part.context["seen"]
    assert ada.get(ADDRESS, {"campaign": "autumn", "seen": seen}, headers=HTMX).status_code == 204
    assert ada.get(ADDRESS, {"campaign": "autumn", "seen": "earlier"}, headers=HTMX).status_code == 200
