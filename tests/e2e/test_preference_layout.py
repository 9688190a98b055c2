"""The preference desk on screens of every size: nothing scrolls, all is in reach, paintings are as large as fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from annotation_site.scoring.models import Campaign
from tests.e2e.preference_stage import desk, spring, tasks
from tests.e2e.stage import Stage, in_state

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LANDSCAPE, PORTRAIT, WIDE = (1200, 900), (900, 1200), (1600, 600)
SCREENS = {
    "laptop": (1366, 768),
    "tablet": (820, 1180),
    "tablet-landscape": (1180, 820),
    "phone": (390, 844),
    "phone-landscape": (844, 390),
}


def viewport(name: str) -> dict[str, int]:
    width, height = SCREENS[name]
    return {"width": width, "height": height}


def picture(page: Page, side: str) -> dict[str, float]:
    """Where the painting itself lies, without the room beside it."""
    return page.locator(f"[data-frame={side}] img").evaluate(
        """image => {
          const box = image.getBoundingClientRect();
          const ratio = image.naturalWidth / image.naturalHeight;
          const width = Math.min(box.width, box.height * ratio);
          return { width, height: width / ratio, x: box.x + (box.width - width) / 2, bottom: box.bottom };
        }"""
    )


@pytest.mark.parametrize("asks_with", ["music", "painting"])
@pytest.mark.parametrize("screen", SCREENS)
def test_everything_is_within_reach_without_scrolling(
    stage: Stage, spring: Campaign, screens: Path, screen: str, asks_with: str
):
    size = viewport(screen)
    tasks(spring, asks_with=asks_with, count=1, sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage, viewport=size, has_touch=screen != "laptop")
    page.keyboard.press("ArrowLeft")
    for state in ("playing", "heard"):
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
