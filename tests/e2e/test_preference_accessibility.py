"""axe-core on the preference desk in each of its states, both directions, light and dark: no violation at all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import VoteSlot
from annotation_site.scoring.models import Campaign
from tests.e2e.preference_stage import DESK, spring, tasks
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, Stage, all_sent, in_state, offline, sound_on
from tests.e2e.test_accessibility import violations

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

BEFORE_ONE = re.compile("ready|playing|heard")
LANDSCAPE, PORTRAIT = (1200, 900), (900, 1200)


def check(page: Page, state: str) -> None:
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page) == [], f"{state}, {scheme}"


@pytest.mark.parametrize(
    ("asks_with", "size"),
    [("music", LAPTOP), ("music", PHONE), ("painting", PHONE), ("painting", {"width": 844, "height": 390})],
)
def test_the_preference_desk_in_each_of_its_states(
    stage: Stage, spring: Campaign, asks_with: str, size: dict[str, Any]
):
    Campaign.objects.update(is_synthetic=True)
    tasks(spring, asks_with=asks_with, count=4, sizes=(LANDSCAPE, PORTRAIT))
    page = stage.visit(DESK, viewport=size)
    in_state(page, "sound")
    check(page, "sound")
    sound_on(page)
    in_state(page, "playing")
    check(page, "playing")
    page.keyboard.press("x")
    page.keyboard.press("+")
    check(page, "switched and zoomed")
    page.keyboard.press("w")
    page.keyboard.press("o")
    check(page, "one at a time, or both")
    page.keyboard.press("o")
    _vote(page)
    check(page, "the next one")
    page.evaluate("document.querySelector('main').dataset.breakMinutes = '0.0001'")
    with offline(page.context):
        _vote(page)
        expect(page.locator("[data-part=network]")).to_contain_text("saved here", timeout=SOON_MS)
        check(page, "offline, with a word about a break")
    all_sent(page)
    page.keyboard.press("z")
    check(page, "correcting")
    page.keyboard.press("Escape")
    for key in ("?", "s"):
        page.keyboard.press(key)
        page.get_by_role("dialog").wait_for()
        check(page, key)
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
    Campaign.objects.update(is_open=False)
    for _ in range(VoteSlot.objects.filter(state=SlotState.LEASED).count()):
        expect(page.locator("main")).to_have_attribute("data-state", BEFORE_ONE, timeout=SOON_MS)
        page.keyboard.press("s")
        page.get_by_label("I know this too well").check()
        with page.expect_response("**/skip/") as skipped:
            page.get_by_role("button", name="Skip it").click()
        assert skipped.value.ok, skipped.value.text()
        page.get_by_role("dialog").wait_for(state="hidden")
    in_state(page, "done")
    check(page, "done")


def _vote(page: Page) -> None:
    """Hear and see what is missing, choose, submit."""
    submit = page.locator("[data-part=submit]")
    for key in ("1", "r", "2", "r"):
        page.keyboard.press(key)
        if key == "r":
            expect(page.locator(".is-playing")).to_have_count(0, timeout=SOON_MS)
            page.wait_for_timeout(1100)
    page.keyboard.press("ArrowLeft")
    expect(submit).to_have_attribute("aria-disabled", "false", timeout=SOON_MS)
    check(page, "chosen")
    page.keyboard.press("Enter")


def test_a_task_that_does_not_arrive(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=1)
    context = stage.context()
    context.route("**/*.flac", lambda route: route.abort())
    page = stage.visit(DESK, context=context)
    sound_on(page)
    in_state(page, "trouble")
    check(page, "trouble")
    context.unroute("**/*.flac")
    page.get_by_role("button", name="Try again").click()
    in_state(page, "playing")


def test_the_desk_without_scripts(stage: Stage, spring: Campaign):
    """axe needs scripts, so it is given the page as such a browser shows it."""
    tasks(spring, asks_with="painting", count=1)
    plain = stage.visit(DESK, java_script_enabled=False).content()
    page = stage.visit("/welcome/consent/")
    body = plain.split("<noscript>")[1].split("</noscript>")[0]
    page.evaluate("html => { document.body.className = 'at-desk'; document.body.innerHTML = html; }", body)
    check(page, "plain")
