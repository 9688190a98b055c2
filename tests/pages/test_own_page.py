"""A rater's own page, tried by the rater, another one, an admin and a stranger."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.services import rater_pause
from annotation_site.leases.models import SlotState
from annotation_site.scoring.models import Campaign, Rating, RatingState
from tests import factories
from tests.accounts.conftest import rate_all
from tests.accounts.test_own_consistency import FIRSTS, SECONDS, repeat_all
from tests.pages.conftest import at, logged_in

MINE, PAUSE, RESUME, WITHDRAW, DATA = "/me/", "/me/pause/", "/me/resume/", "/me/withdraw/", "/me/data/"
SHOWN, DONE = (MINE, WITHDRAW, DATA), (PAUSE, RESUME, WITHDRAW)


@pytest.fixture
def campaign(db) -> Campaign:
    return factories.make_campaign(name="Winter panel", slug="winter", raters_per_pair=2, trim=0)


def state_of(rater: Rater) -> str:
    rater.refresh_from_db()
    return rater.state


def taken(client: Client) -> bytes:
    answer = client.get(DATA)
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content)
    return content


def steady(campaign: Campaign, rater: Rater) -> None:
    """Ten pairs that came back to the rater, days ago."""
    now = timezone.now()
    ratings = rate_all(campaign, rater, FIRSTS, start=now - timedelta(days=5))
    repeat_all(ratings, SECONDS, start=now - timedelta(days=3))


@pytest.mark.parametrize("address", SHOWN)
def test_a_stranger_is_asked_to_log_in_first(as_stranger: Client, address: str):
    assert as_stranger.get(address).url == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("address", DONE)
def test_a_stranger_changes_nothing(as_stranger: Client, vera: Rater, address: str):
    answer = as_stranger.post(address, {"code": vera.code})
    assert answer.url == f"{reverse('account_login')}?next={address}"
    assert state_of(vera) == RaterState.ACTIVE


@pytest.mark.parametrize("address", SHOWN)
def test_who_does_not_judge_has_no_such_page(as_admin: Client, address: str):
    page = as_admin.get(address)
    assert page.status_code == 403
    assert "admin without a rater" in page.content.decode()


@pytest.mark.parametrize("address", DONE)
def test_an_admin_decides_for_nobody_here(as_admin: Client, vera: Rater, address: str):
    assert as_admin.post(address, {"code": vera.code}).status_code == 403
    assert state_of(vera) == RaterState.ACTIVE


def test_an_admin_who_judges_too_has_one(db):
    admin = factories.make_admin("both")
    factories.make_rater(user=admin)
    assert logged_in(admin).get(MINE).status_code == 200


def test_another_rater_sees_and_changes_their_own_only(
    as_vera: Client, as_boris: Client, vera: Rater, boris: Rater, campaign: Campaign
):
    steady(campaign, vera)
    for address in (MINE, WITHDRAW):
        page = as_boris.get(address).content.decode()
        assert boris.code in page
        assert vera.code not in page
    assert "Winter panel" not in as_boris.get(MINE).content.decode()
    assert "How steady" not in as_boris.get(MINE).content.decode()
    with ZipFile(BytesIO(taken(as_boris))) as archive:
        assert archive.read("ratings.csv").count(b"\r\n") == 1, "the columns' names alone"
    assert as_boris.post(WITHDRAW, {"code": vera.code}).status_code == 422
    as_boris.post(PAUSE)
    assert (state_of(boris), state_of(vera)) == (RaterState.PAUSED, RaterState.ACTIVE)


@pytest.mark.parametrize("address", [PAUSE, RESUME])
def test_looking_changes_nothing(as_vera: Client, vera: Rater, address: str):
    assert as_vera.get(address).status_code == 405
    assert as_vera.get(WITHDRAW, {"code": vera.code}).status_code == 200
    assert state_of(vera) == RaterState.ACTIVE


@pytest.mark.parametrize("address", DONE)
def test_a_form_of_another_site_changes_nothing(vera: Rater, address: str):
    client = Client(enforce_csrf_checks=True)
    client.force_login(vera.user)
    assert client.post(address, {"code": vera.code}).status_code == 403
    assert state_of(vera) == RaterState.ACTIVE


def test_it_says_what_one_did(as_vera: Client, vera: Rater, boris: Rater, campaign: Campaign):
    ratings = rate_all(campaign, vera, [0.2, 0.3], start=timezone.now() - timedelta(minutes=3))
    Rating.objects.update(active_ms=31_000)
    factories.make_rating(pair=ratings[0].pair, rater=boris, value=0.777)
    page = " ".join(as_vera.get(MINE).content.decode().split())
    for words in ("<dt>Marks</dt> <dd> 2 </dd>", ">31 s</span>", "Winter panel", "busiest day: ", "chart-spark"):
        assert words in page, words
    assert "0.777" not in page
    assert "0.48" not in page, "the mean of the two"


def test_a_newcomer_before_consent_may_look_and_leave(db):
    nina = factories.make_rater("nina", consented_at=None, briefed_at=None)
    client = logged_in(nina.user)
    assert "Nothing yet" in client.get(MINE).content.decode()
    assert "no mark and no choice yet" in client.get(WITHDRAW).content.decode()
    assert client.post(WITHDRAW, {"code": nina.code}).url == MINE
    assert state_of(nina) == RaterState.WITHDRAWN


def test_the_steadiness_of_one_s_marks_is_said_once_there_is_enough(as_vera: Client, vera: Rater, campaign: Campaign):
    assert "came back" not in as_vera.get(MINE).content.decode()
    steady(campaign, vera)
    page = " ".join(as_vera.get(MINE).content.decode().split())
    difference, correlation = np.abs(np.subtract(SECONDS, FIRSTS)).mean(), np.corrcoef(FIRSTS, SECONDS)[0, 1]
    assert f'your second mark lay <strong class="number">{difference:.2f}</strong> from your first on average' in page
    assert f'The correlation of the two is <span class="number">{correlation:.2f}</span>' in page
    assert "Those who run the study see it under your code" in page


def test_nothing_on_it_tells_what_a_pair_was_or_which_came_back(
    as_vera: Client, vera: Rater, boris: Rater, campaign: Campaign
):
    steady(campaign, vera)
    pages = "".join(as_vera.get(address).content.decode() for address in (MINE, WITHDRAW)).lower()
    for pair in campaign.pairs.select_related("painting", "clip__track"):
        for hidden in (pair.key, pair.painting.title, pair.painting.file_name, pair.clip.track.title):
            assert hidden.lower() not in pages
    for hidden in (boris.code, "boris", "repeat", "lark.mp3", ">10<", " 10 "):
        assert hidden.lower() not in pages, hidden
    assert ">30<" in "".join(pages.split()), "ten marks, ten that came back, ten that followed: all are marks"


def test_the_first_page_and_every_header_lead_to_it(as_vera: Client, campaign: Campaign):
    assert as_vera.get("/").content.decode().count(f'href="{MINE}"') == 2
    for address in ("/welcome/briefing/", reverse("account_change_password"), "/nowhere/"):
        assert f'href="{MINE}"' in as_vera.get(address).content.decode(), address
    assert reverse("account_change_password") in as_vera.get(MINE).content.decode()


def test_who_does_not_judge_finds_their_password_instead(as_admin: Client):
    page = as_admin.get(reverse("account_change_password")).content.decode()
    assert f'href="{MINE}"' not in page
    plain = logged_in(factories.make_user("ulla")).get("/").content.decode()
    assert reverse("account_change_password") in plain


def test_the_link_in_the_header_asks_the_database_nothing(as_vera: Client):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        as_vera.get(reverse("account_change_password"))
    assert not [query for query in queries if 'FROM "accounts_rater"' in query["sql"]], "it came with the user"


def test_a_rater_pauses_and_goes_on(as_vera: Client, vera: Rater, campaign: Campaign):
    page = as_vera.post(PAUSE, follow=True)
    assert page.redirect_chain == [(MINE, 302)]
    assert "You are on a pause" in page.content.decode()
    assert state_of(vera) == RaterState.PAUSED
    for address in ("/", reverse("scoring:page", args=["winter"])):
        refused = as_vera.get(address)
        assert refused.status_code == 403
        assert f'action="{RESUME}"' in refused.content.decode()
        assert f'href="{MINE}"' in refused.content.decode()
    assert taken(as_vera)
    assert as_vera.post(RESUME).url == "/"
    assert state_of(vera) == RaterState.ACTIVE
    assert as_vera.get("/").status_code == 200


def test_a_pause_by_an_admin_is_ended_by_an_admin(as_vera: Client, vera: Rater):
    rater_pause(rater=vera)
    for address in ("/", MINE):
        page = as_vera.get(address).content.decode()
        assert RESUME not in page, address
        assert "the person who invited you" in page
    assert f'href="{MINE}"' in as_vera.get("/").content.decode()
    page = as_vera.post(RESUME, follow=True)
    assert "An admin paused your work, so an admin ends the pause" in page.content.decode()
    assert state_of(vera) == RaterState.PAUSED


@pytest.mark.parametrize("state", [RaterState.WITHDRAWN, RaterState.EXCLUDED])
def test_who_is_out_sees_their_page_takes_their_data_and_changes_nothing(
    as_vera: Client, vera: Rater, campaign: Campaign, state: RaterState
):
    rate_all(campaign, vera, [0.2])
    Rater.objects.filter(pk=vera.pk).update(state=state)
    page = as_vera.get(MINE).content.decode()
    assert PAUSE not in page
    assert WITHDRAW not in page
    assert taken(as_vera)
    assert as_vera.get(WITHDRAW).url == MINE
    for address in DONE:
        assert as_vera.post(address, {"code": vera.code}).url == MINE
    assert state_of(vera) == state
    assert f'href="{MINE}"' in as_vera.get("/").content.decode()


def test_the_way_out_says_in_numbers_what_changes(as_vera: Client, vera: Rater, boris: Rater, campaign: Campaign):
    ratings = rate_all(campaign, vera, [0.2, 0.3])
    factories.make_rating(pair=ratings[0].pair, rater=boris, value=0.5)
    page = " ".join(as_vera.get(WITHDRAW).content.decode().split())
    assert (
        'Your <strong class="number">2</strong> marks and <strong class="number">0</strong> choices no longer' in page
    )
    assert '<strong class="number">1</strong> of the marks lies on a pair that is complete' in page
    assert vera.code in page
    assert "pause instead" in page


def test_withdrawing_opens_the_places_again_and_says_thanks(
    as_vera: Client, vera: Rater, boris: Rater, campaign: Campaign
):
    pair = rate_all(campaign, vera, [0.2])[0].pair
    factories.make_rating(pair=pair, rater=boris, value=0.5)
    assert pair.slots.filter(state=SlotState.FILLED).count() == 2
    for _ in range(2):
        page = as_vera.post(WITHDRAW, {"code": vera.code}, follow=True)
        assert page.redirect_chain == [(MINE, 302)]
        assert "Thank you for the time that you gave" in page.content.decode()
        pair.refresh_from_db()
        assert (pair.rating_count, pair.score, pair.completed_at) == (1, None, None)
        assert pair.slots.filter(state=SlotState.FREE, rater=None).count() == 1
    assert Rating.objects.get(rater=vera).state == RatingState.WITHDRAWN
    assert Rating.objects.get(rater=boris).state == RatingState.COUNTED
    assert taken(as_vera)


@pytest.mark.parametrize("typed", ["", "R-WRONG2"])
def test_a_wrong_code_is_said_so_and_nothing_changes(as_vera: Client, vera: Rater, campaign: Campaign, typed: str):
    rating = rate_all(campaign, vera, [0.2])[0]
    page = as_vera.post(WITHDRAW, {"code": typed})
    assert page.status_code == 422
    assert "This is not your code" in page.content.decode()
    assert 'role="alert"' in page.content.decode()
    rating.refresh_from_db()
    assert (state_of(vera), rating.state) == (RaterState.ACTIVE, RatingState.COUNTED)


def test_the_data_come_as_a_file_that_nobody_keeps(as_vera: Client, vera: Rater):
    with at(timezone.now().replace(year=2026, month=3, day=4)):
        answer = as_vera.get(DATA)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="atelier-{vera.code}-2026-03-04.zip"'
    assert "no-store" in answer["Cache-Control"]
    content = b"".join(answer.streaming_content)
    assert int(answer["Content-Length"]) == len(content)
    with ZipFile(BytesIO(content)) as archive:
        assert vera.code in archive.read("README.txt").decode()


def test_the_own_page_is_kept_by_no_cache(as_vera: Client):
    for address in (MINE, WITHDRAW):
        assert "no-store" in as_vera.get(address)["Cache-Control"]
