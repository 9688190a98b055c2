"""A rater's own page in a real browser: read, paused, left, and accessible in light and dark, wide and narrow."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.services import rater_pause
from annotation_site.preferences.models import Vote, VoteBar
from annotation_site.scoring.models import Campaign, Pair, Rating, SlotBar
from tests import factories
from tests.accounts.conftest import rate_all
from tests.accounts.test_own_consistency import FIRSTS, SECONDS, repeat_all
from tests.accounts.test_own_work import vote
from tests.e2e.stage import LAPTOP, PHONE, Stage
from tests.e2e.test_accessibility import SCHEMES, violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SIZES = pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])


@pytest.fixture
def worked(stage: Stage) -> Rater:
    """Two weeks of work in two campaigns, with pairs that came back, choices, corrections and skips."""
    rater, now = stage.rater, timezone.now()
    Rater.objects.filter(pk=rater.pk).update(code="R-7KQ2MX")
    rater.refresh_from_db()
    winter = factories.make_campaign(name="Winter panel", slug="winter", now=now)
    synthetic = factories.make_campaign(
        name="Baroque and after, second round", slug="second", is_synthetic=True, is_open=False, now=now
    )
    repeat_all(rate_all(winter, rater, FIRSTS, start=now - timedelta(days=12)), SECONDS, start=now - timedelta(days=3))
    for days_ago, count in ((13, 4), (9, 12), (8, 7), (6, 15), (2, 9)):
        rate_all(synthetic, rater, [0.5] * count, start=now - timedelta(days=days_ago))
    rate_all(winter, rater, [0.4] * 6, start=now - timedelta(minutes=9))
    Rating.objects.update(active_ms=34_000)
    Pair.objects.filter(campaign=synthetic).update(completed_at=now, score=0.5, dispersion=0.1)
    vote(rater, winter, now=now)
    Vote.objects.update(active_ms=21_000)
    first = factories.make_pair(campaign=winter)
    task = factories.make_task(pair_a=first, pair_b=factories.make_pair(campaign=winter, clip=first.clip))
    SlotBar.objects.create(pair=first, rater=rater, reason="familiar", created_at=now)
    VoteBar.objects.create(task=task, rater=rater, reason="cannot_play", created_at=now)
    return rater


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@SCHEMES
@SIZES
def test_every_state_of_it_is_accessible_and_fits(
    stage: Stage, worked: Rater, scheme: str, size: dict, screens: Path, request: pytest.FixtureRequest
):
    name = request.node.callspec.id.replace("[", "").replace("]", "")
    page = stage.visit("/", color_scheme=scheme, viewport=size)

    def look(what: str) -> None:
        page.screenshot(path=screens / f"own-{what}-{name}.png", full_page=True)
        assert violations(page) == [], what
        assert fits(page), f"{what} is wider than the screen"

    look("home")
    page.goto(stage.url + "/me/")
    expect(page.get_by_role("heading", name="How steady your marks are")).to_be_visible()
    look("page")
    page.get_by_role("link", name="withdraw from the study").click()
    look("withdraw")
    page.goto(stage.url + "/me/")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("You are on a pause")).to_be_visible()
    look("paused")
    Rater.objects.update(state=RaterState.ACTIVE, is_own_pause=False)
    rater_pause(rater=worked)
    page.goto(stage.url + "/me/")
    look("paused-by-admin")
    Rater.objects.update(state=RaterState.WITHDRAWN)
    page.goto(stage.url + "/me/")
    look("withdrawn")


@SCHEMES
def test_a_newcomer_s_page_is_accessible_too(stage: Stage, scheme: str, screens: Path):
    page = stage.visit("/me/", color_scheme=scheme)
    page.screenshot(path=screens / f"own-newcomer-{scheme}.png", full_page=True)
    assert violations(page) == []


def test_a_rater_pauses_is_kept_from_the_desk_and_goes_on_from_there(stage: Stage, worked: Rater, screens: Path):
    page = stage.visit("/")
    page.get_by_role("link", name="vera").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.goto(stage.url + "/score/winter/")
    expect(page.get_by_role("heading", name="You are on a pause")).to_be_visible()
    page.screenshot(path=screens / "own-kept-from-desk.png")
    assert violations(page) == []
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Your work")).to_be_visible()
    assert stage.faults == [f"403 {stage.url}/score/winter/"]
    stage.faults.clear()


def test_the_data_are_saved_as_a_file(stage: Stage, worked: Rater, tmp_path: Path):
    page = stage.visit("/me/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    download.value.save_as(tmp_path / "mine.zip")
    assert download.value.suggested_filename.startswith("atelier-R-7KQ2MX-")
    with ZipFile(tmp_path / "mine.zip") as archive:
        assert archive.read("ratings.csv").count(b"\r\n") == Rating.objects.count() + 1


def test_withdrawing_by_keyboard_takes_the_right_code(stage: Stage, worked: Rater, screens: Path):
    campaign = Campaign.objects.get(slug="winter")
    page = stage.visit("/me/withdraw/", viewport=PHONE)
    page.get_by_label("Type your code").fill("R-WRONG2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is not your code")
    page.screenshot(path=screens / "own-wrong-code.png", full_page=True)
    assert violations(page) == []
    worked.refresh_from_db()
    assert worked.state == RaterState.ACTIVE
    page.get_by_label("Type your code").fill("r-7kq2mx")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You have withdrawn. Thank you for the time that you gave.")).to_be_visible()
    assert not campaign.pairs.filter(rating_count__gt=0).exists()
    assert stage.faults == [f"422 {stage.url}/me/withdraw/"]
    stage.faults.clear()
