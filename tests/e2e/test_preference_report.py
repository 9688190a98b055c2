"""The preference report in a real browser: accessible in light and dark, wide and narrow, following by itself."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Page, expect

from annotation_site.preferences.making import tasks_make
from annotation_site.scoring.models import Campaign
from tests import factories
from tests.conftest import NOON
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, TABLET, Stage, real_clip, real_painting
from tests.e2e.test_accessibility import serious
from tests.preferences.worked import Worked, ambiguous, cast, worked_campaign

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

REPORT, QUERY = "/admin/preferences/report/", "/admin/preferences/query/"


@pytest.fixture
def worked(transactional_db: None) -> Worked:
    return worked_campaign(painting=real_painting, clip=lambda number: real_clip(number, seconds=15.0))


@pytest.fixture
def spring(transactional_db: None) -> Campaign:
    """What a panel of six, one of whom leans to the left, says of 60 tasks among twelve paintings and eight clips."""
    chance = Random(3)
    campaign = factories.make_campaign(name="Spring panel", slug="spring")
    paintings, clips = [real_painting(number) for number in range(12)], [real_clip(number) for number in range(8)]
    score_of = {}
    for painting, clip in chance.sample([(painting, clip) for painting in paintings for clip in clips], 34):
        score = round(chance.uniform(0.4, 0.6), 3)
        score_of[ambiguous(campaign, score, painting=painting, clip=clip).pk] = score
    raters = [factories.make_rater(is_simulated=number > 3) for number in range(6)]
    for number, task in enumerate(tasks_make(campaign=campaign, count=30, seed=1, now=NOON)):
        leaning = 0.5 + 2.5 * (score_of[task.pair_a_id] - score_of[task.pair_b_id])
        for rater in chance.sample(raters, 2 if number % 9 == 0 else 3):
            is_a_left = chance.random() < 0.5
            is_unseen = rater == raters[0] and chance.random() < 0.8
            is_a = is_a_left if is_unseen else chance.random() < leaning
            cast(task, rater, "a" if is_a else "b", is_left=is_a == is_a_left)
    return campaign


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def largest_query(campaign: Campaign) -> str:
    """The clip about which most is asked."""
    asked = Counter(campaign.tasks.filter(direction="music->painting").values_list("pair_a__clip__key", flat=True))
    return asked.most_common(1)[0][0]


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", LAPTOP), ("dark", TABLET), ("light", PHONE)],
    ids=["laptop-light", "tablet-dark", "phone-light"],
)
def test_every_state_of_it_is_accessible_and_fits(
    admin: Stage,
    spring: Campaign,
    worked: Worked,
    scheme: str,
    size: dict,
    screens: Path,
    request: pytest.FixtureRequest,
):
    name = request.node.callspec.id
    factories.make_campaign(name="Nothing yet", slug="empty")
    page = admin.visit("/admin/", color_scheme=scheme, viewport=size)
    for what, address in (
        ("report", f"{REPORT}?campaign=spring"),
        ("worked", f"{REPORT}?campaign=winter&query={worked.clip.key}"),
        ("music", f"{QUERY}?campaign=winter&query={worked.clip.key}"),
        ("painting", f"{QUERY}?campaign=winter&query={worked.painting.key}"),
        ("large", f"{QUERY}?campaign=spring&query={largest_query(spring)}"),
        ("empty", f"{REPORT}?campaign=empty"),
    ):
        page.goto(admin.url + address)
        for picture in page.locator("img[loading=lazy]").all():
            picture.scroll_into_view_if_needed()
        page.screenshot(path=screens / f"preferences-{what}-{name}.png", full_page=True)
        assert serious(page) == [], what
        assert fits(page), f"{what} is wider than the screen"


def test_numbers_follow_while_a_clip_goes_on_playing(admin: Stage, worked: Worked):
    page = admin.visit(f"{REPORT}?campaign=winter")
    play = page.get_by_role("region", name=f"Candidates for {worked.painting}").get_by_role("button").first
    play.click()
    expect(play).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    live = page.locator("#preference-report")
    expect(live.get_by_text("by 3 raters")).to_be_visible()
    cast(worked.tasks["CD"], factories.make_rater(), "a", is_left=True)
    expect(live.get_by_text("by 4 raters")).to_be_visible(timeout=SOON_MS)
    expect(play).to_have_attribute("aria-label", f"Pause {worked.pairs['z'].clip}")
    assert page.locator("[data-player][data-state=playing]").count() == 1


def test_from_the_report_to_a_query_to_a_task_and_back(admin: Stage, worked: Worked):
    page = admin.visit("/admin/")
    page.get_by_role("link", name="Preference report").click()
    page.get_by_role("link", name=f"All comparisons about {worked.clip}").click()
    expect(page.get_by_role("heading", name="Which painting fits this music better?")).to_be_visible()
    a, b = (str(worked.pairs[letter].painting) for letter in "AB")
    page.get_by_role("link", name=f"{a} 2, {b} 1").click()
    page.wait_for_url(f"**/preferencetask/{worked.tasks['AB'].pk}/change/")
    page.go_back()
    page.get_by_role("link", name="Preference report of Winter panel").click()
    page.get_by_role("link", name=f"Show {worked.painting} in the chart").click()
    expect(page.get_by_text("Ability against trimmed mean, one query").first).to_be_visible()


def test_all_numbers_are_saved_as_a_file(admin: Stage, worked: Worked, tmp_path: Path):
    page = admin.visit(f"{REPORT}?campaign=winter")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (JSON)").click()
    download.value.save_as(tmp_path / "numbers.json")
    assert download.value.suggested_filename.startswith("preferences-winter-")
    assert json.loads((tmp_path / "numbers.json").read_text())["votes"] == 20
