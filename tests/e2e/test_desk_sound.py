"""Seeking, repeating and the listening gate, with sound that really plays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotation_site.scoring.models import Campaign, Rating
from tests.e2e.stage import CLIP_S, Stage, all_sent, at_desk, in_state

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def heard() -> dict:
    return Rating.objects.get().evidence["clips"]["clip"]


def click_clip_at(page: Page, share: float) -> None:
    box = page.get_by_role("slider", name="Position in the music").bounding_box()
    assert box
    page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def test_a_click_on_the_waveform_goes_there_and_what_was_left_out_is_missing(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    click_clip_at(page, 0.7)
    page.keyboard.press("5")
    in_state(page, "ready")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Play the music to its end.")
    assert not Rating.objects.exists()
    page.keyboard.press("r")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    all_sent(page)
    told = heard()
    assert told["seeks"] == 1
    assert told["played_ms"] == pytest.approx(CLIP_S * 1000, abs=60), "the union of what was played"
    assert told["total_ms"] > told["played_ms"] + 0.2 * CLIP_S * 1000


def test_seeking_while_it_rests_counts_as_nothing_heard(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("Space")
    in_state(page, "ready")
    for share in (0.1, 0.5, 0.9, 1.0):
        click_clip_at(page, share)
    page.keyboard.press("5")
    expect(page.locator("[data-part=submit]")).to_have_attribute("aria-disabled", "true")


def test_the_position_is_a_slider_for_the_keyboard(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("Space")
    in_state(page, "ready")
    position = page.get_by_role("slider", name="Position in the music")
    position.focus()
    page.keyboard.press("Home")
    expect(position).to_have_attribute("aria-valuetext", "second 0 of 2")
    page.keyboard.press("ArrowRight")
    expect(position).to_have_attribute("aria-valuetext", "second 1 of 2")
    page.keyboard.press("ArrowLeft")
    expect(position).to_have_attribute("aria-valuenow", "0")
    expect(page.locator("[data-part=mark]")).to_be_hidden()
    page.get_by_role("slider", name="How well do").focus()
    page.keyboard.press(".")
    expect(position).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press(",")
    expect(position).to_have_attribute("aria-valuenow", "0")


def test_over_and_over_until_it_is_switched_off(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    button = page.get_by_role("button", name="Play over and over")
    page.keyboard.press("l")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("6")
    page.wait_for_timeout(2.2 * CLIP_S * 1000)
    in_state(page, "playing")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    all_sent(page)
    told = heard()
    assert told["rounds"] >= 2
    assert told["plays"] == 1
    assert told["played_ms"] == pytest.approx(CLIP_S * 1000, abs=60)


def test_submit_opens_when_the_set_share_was_played(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    assert page.locator("main").get_attribute("data-heard-share") == "0.95"
    page.keyboard.press("6")
    submit = page.locator("[data-part=submit]")
    expect(submit).to_have_attribute("aria-disabled", "true")
    expect(submit).to_have_attribute("aria-disabled", "false", timeout=CLIP_S * 1000 + 2000)


def test_with_the_gate_off_an_answer_needs_no_listening(stage: Stage, winter: Campaign):
    Campaign.objects.update(heard_percent=0)
    page = at_desk(stage)
    page.keyboard.press("6")
    expect(page.locator("[data-part=submit]")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("Enter")
    all_sent(page)
    assert Rating.objects.get().played_ms < 0.9 * CLIP_S * 1000, "and the site takes it"


def test_a_campaign_may_show_the_number(stage: Stage, winter: Campaign):
    Campaign.objects.update(shows_number=True)
    page = at_desk(stage)
    number = page.locator("[data-part=number]")
    expect(number).to_have_text("")
    page.keyboard.press("6")
    expect(number).to_have_text("60")
    page.keyboard.press("ArrowRight")
    expect(number).to_have_text("61")
    line, shown = page.locator("[data-part=line]").bounding_box(), number.bounding_box()
    assert line
    assert shown
    assert shown["x"] + shown["width"] / 2 == pytest.approx(line["x"] + line["width"] / 2, abs=2)
