"""The keys of the desk in a real Chromium: what they do, and that each can be changed or switched off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from annotation_site.scoring.models import Campaign, Rating
from tests.e2e.stage import SOON_MS, Stage, all_sent, at_desk, in_state, sound_on

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def scale(page: Page) -> Locator:
    return page.get_by_role("slider", name="How well do")


def opened_sheet(page: Page) -> Locator:
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="How to judge, and the keys")
    expect(sheet).to_be_visible()
    return sheet


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("0", 0),
        ("7", 70),
        ("9", 90),
        ("Home", 0),
        ("End", 100),
        ("4 ArrowRight", 41),
        ("4 ArrowUp ArrowUp", 42),
        ("4 ArrowDown", 39),
        ("4 PageUp", 50),
        ("4 PageDown PageDown", 20),
    ],
)
def test_keys_put_the_mark(stage: Stage, winter: Campaign, keys: str, value: int):
    page = at_desk(stage)
    for key in keys.split():
        page.keyboard.press(key)
    expect(scale(page)).to_have_attribute("aria-valuenow", str(value))


def test_a_key_is_changed_and_stays_so(stage: Stage, winter: Campaign):
    context = stage.context()
    page = at_desk(stage, context=context)
    sheet = opened_sheet(page)
    button = sheet.get_by_role("button", name="submit: Enter. Change it")
    button.click()
    expect(button).to_have_text("press a key")
    expect(sheet.get_by_role("status")).to_contain_text("Press the new key for “submit”")
    page.keyboard.press("g")
    expect(sheet.get_by_role("status")).to_have_text("G now means “submit”.")
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=submit] kbd")).to_have_text("G")
    in_state(page, "heard")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    in_state(page, "heard")

    page.reload()
    sound_on(page)
    in_state(page, "playing")
    expect(page.locator("[data-part=submit] kbd")).to_have_text("G")
    in_state(page, "heard")
    page.keyboard.press("5")
    page.keyboard.press("g")
    expect(page.locator("[data-part=mine]")).to_have_text("1", timeout=SOON_MS)
    all_sent(page)
    assert Rating.objects.count() == 1

    sheet = opened_sheet(page)
    sheet.get_by_role("button", name="All keys as at first").click()
    expect(sheet.get_by_role("button", name="submit: Enter. Change it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=submit] kbd")).to_have_text("Enter")


def test_a_key_that_is_taken_is_refused_with_the_reason(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    sheet = opened_sheet(page)
    sheet.get_by_role("button", name="from the beginning: R. Change it").click()
    page.keyboard.press("s")
    expect(sheet.get_by_role("status")).to_contain_text("S means “skip, with a reason” already")
    page.keyboard.press("3")
    expect(sheet.get_by_role("status")).to_contain_text("3 means “straight to that tenth of the line” already")
    page.keyboard.press("Control+b")
    expect(sheet.get_by_role("status")).to_contain_text("belong to the browser")
    page.keyboard.press("Escape")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("status")).to_have_text("Left as it was.")
    expect(sheet.get_by_role("button", name="from the beginning: R. Change it")).to_be_visible()


def test_the_digits_can_be_given_up_and_then_mean_something_else(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    sheet = opened_sheet(page)
    sheet.get_by_role("button", name="straight to that tenth of the line: 0 … 9. Change it").click()
    sheet.get_by_role("button", name="from the beginning: R. Change it").click()
    page.keyboard.press("1")
    sheet.get_by_role("button", name="straight to that tenth of the line: off. Change it").click()
    expect(sheet.get_by_role("status")).to_contain_text("one means “from the beginning”")
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    page.keyboard.press("1")
    expect(page.locator("[data-part=mark]")).to_be_hidden()
    assert page.evaluate("performance.getEntriesByName('atelier:sound-started').length") == 2, "played from the start"


def test_keys_can_be_switched_off_and_each_control_still_works(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    sheet = opened_sheet(page)
    sheet.get_by_label("Keys work anywhere on the page").uncheck()
    page.keyboard.press("Escape")
    page.locator("main").focus()
    for key in ("7", "s", "ArrowRight", "f", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("[data-part=mark]")).to_be_hidden()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-part=submit] kbd")).to_be_hidden()

    scale(page).focus()
    page.keyboard.press("7")
    expect(page.locator("[data-part=mark]")).to_be_hidden()
    page.keyboard.press("PageUp")
    expect(scale(page)).to_have_attribute("aria-valuenow", "60")
    page.get_by_role("button", name="Help and keys").click()
    page.get_by_label("Keys work anywhere on the page").check()
    page.keyboard.press("Escape")
    page.keyboard.press("7")
    expect(scale(page)).to_have_attribute("aria-valuenow", "70")


def test_keys_are_dead_while_typing(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("s")
    note = page.get_by_label("Anything to add?")
    note.focus()
    page.keyboard.type("z 7 ,.?")
    expect(note).to_have_value("z 7 ,.?")
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=mark]")).to_be_hidden()


def test_unreadable_settings_are_the_defaults(stage: Stage, winter: Campaign):
    context = stage.context()
    name = f"atelier.keys.{stage.rater.code}.scoring"
    context.add_init_script(f"localStorage.setItem('{name}', '{{')")
    page = at_desk(stage, context=context)
    page.keyboard.press("7")
    expect(scale(page)).to_have_attribute("aria-valuenow", "70")


def test_another_rater_on_the_same_computer_has_their_own(stage: Stage, winter: Campaign):
    context = stage.context()
    context.add_init_script("""localStorage.setItem("atelier.keys.R99999.scoring", '{"own": {"submit": ["g"]}}')""")
    page = at_desk(stage, context=context)
    expect(page.locator("[data-part=submit] kbd")).to_have_text("Enter")
