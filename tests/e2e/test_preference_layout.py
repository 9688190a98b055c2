"""The preference desk on screens of every size: nothing scrolls, all is in reach, paintings are as large as fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation_site.scoring.models import Campaign
from tests.e2e.preference_stage import desk, spring, tasks
from tests.e2e.stage import SOON_MS, Stage, all_sent, in_state, offline

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LANDSCAPE, PORTRAIT = (1200, 900), (900, 1200)
SCREENS = {
    "laptop": (1366, 768),
    "tablet": (820, 1180),
    "tablet-landscape": (1180, 820),
    "phone": (390, 844),
    "small-phone": (375, 667),
    "phone-landscape": (844, 390),
}


def viewport(name: str) -> dict[str, int]:
    width, height = SCREENS[name]
    return {"width": width, "height": height}


@pytest.mark.parametrize("asks_with", ["music", "painting"])
@pytest.mark.parametrize("screen", SCREENS)
def test_everything_is_within_reach_without_scrolling(
    stage: Stage, spring: Campaign, screens: Path, screen: str, asks_with: str
):
    size = viewport(screen)
    tasks(spring, asks_with=asks_with, count=1, sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage, viewport=size, has_touch=screen != "laptop")
    page.keyboard.press("ArrowLeft")
    for state in ("begun", "heard"):
        if state == "heard":
            in_state(page, state)
        for control in page.locator("main :is(button, a):visible").all():
            box = control.bounding_box()
            assert box
            name = control.get_attribute("aria-label") or control.inner_text()
            assert min(box["width"], box["height"]) >= 48, name
            assert box["x"] >= 0, name
            assert box["y"] >= 0, name
            assert box["x"] + box["width"] <= size["width"], name
            assert box["y"] + box["height"] <= size["height"], name
        room = page.locator(".desk").evaluate("desk => desk.clientHeight - desk.scrollHeight")
        assert room >= 0, "the desk would have to be scrolled"
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=screens / f"prefer-{asks_with}-{screen}-{scheme}-{state}.png")


@pytest.mark.parametrize("asks_with", ["music", "painting"])
def test_whatever_is_said_the_choices_stay_in_sight(stage: Stage, spring: Campaign, asks_with: str):
    """Offline, correcting, with a word about a break: every line that there can be, at once, on every screen."""
    tasks(spring, asks_with=asks_with, sizes=(LANDSCAPE, LANDSCAPE))
    page = desk(stage, viewport=viewport("small-phone"))
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_have_attribute("data-ahead", "1", timeout=SOON_MS)
    page.evaluate("document.querySelector('main').dataset.breakMinutes = '0.0001'")
    with offline(page.context):
        in_state(page, "heard")
        page.keyboard.press("1")
        expect(page.locator("[data-part=prompt]")).not_to_contain_text("painting 1", timeout=SOON_MS)
        page.keyboard.press("x")
        in_state(page, "heard")
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-part=submit]")).to_have_attribute("aria-disabled", "false", timeout=SOON_MS)
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=network]")).to_contain_text("saved here and will be sent", timeout=SOON_MS)
        in_state(page, "heard")
        page.keyboard.press("z")
        page.keyboard.press("z")
        expect(page.locator("[data-part=notice]")).to_contain_text("the earliest one")
        for screen in SCREENS:
            size = viewport(screen)
            page.set_viewport_size(size)  # type: ignore[arg-type]
            room = page.locator(".desk").evaluate("desk => desk.clientHeight - desk.scrollHeight")
            assert room >= 0, f"the desk would have to be scrolled on a {screen}"
            for control in page.locator("[data-choose], [data-part=submit], .round:visible").all():
                box = control.bounding_box()
                assert box, screen
                assert 0 <= box["y"] <= size["height"] - box["height"], screen
            image = page.locator("figure:visible img").first
            assert image.evaluate("image => image.clientHeight") > size["height"] * 0.2, screen
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), screen
    all_sent(page)
