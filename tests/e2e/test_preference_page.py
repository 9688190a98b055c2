"""The preference desk in a real Chromium: two candidates, one choice, never two sounds at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotation_site.preferences.models import Vote, VoteState
from annotation_site.scoring.models import Campaign
from tests.e2e.preference_stage import DESK, desk, playing, spring, tasks
from tests.e2e.stage import CLIP_S, PHONE, Stage, all_sent, in_state
from tests.e2e.test_accessibility import violations

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_music_asks_for_a_painting(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music")
    page = desk(stage)
    expect(page.get_by_text("Which painting belongs better to this music?")).to_be_visible()
    expect(page.locator("figure:visible img")).to_have_count(2)
    expect(page.locator(".player:visible")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Listen to the end.")
    assert not Vote.objects.exists()

    in_state(page, "heard")
    second = page.locator("[data-frame=right] img").get_attribute("src") or ""
    page.keyboard.press("Enter")
    expect(page.locator("[data-choose=right]")).to_have_attribute("aria-pressed", "false")
    all_sent(page)
    vote = Vote.objects.get()
    chosen = vote.task.pair_a if vote.choice == "a" else vote.task.pair_b
    assert chosen.painting.display.url == second, "what was stored is what stood on the right"
    assert vote.choice != vote.left
    assert vote.evidence["clips"]["query"]["played_ms"] == pytest.approx(CLIP_S * 1000, abs=60)


def test_a_painting_asks_for_music_and_two_clips_never_sound_together(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting")
    page = desk(stage)
    expect(page.get_by_text("Which music belongs better to this painting?")).to_be_visible()
    expect(page.locator("figure:visible img")).to_have_count(1)
    expect(page.locator(".player:visible")).to_have_count(2)
    sounding = page.locator(".player:has(.is-playing)")
    first = sounding.get_attribute("data-clip")
    other = {"left": "right", "right": "left"}[str(first)]
    page.keyboard.press({"left": "1", "right": "2"}[other])
    expect(page.locator(f"[data-clip={other}] .is-playing")).to_be_visible()
    assert playing(page) == 1
    page.locator(f"[data-clip={first}] .round").click()
    expect(page.locator(f"[data-clip={first}] .is-playing")).to_be_visible()
    assert playing(page) == 1

    page.keyboard.press("f")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Listen to both to the end.")
    expect(page.locator(f"[data-clip={first}] .is-playing")).to_be_hidden()
    page.keyboard.press({"left": "1", "right": "2"}[other])
    in_state(page, "heard")
    page.keyboard.press("Enter")
    all_sent(page)
    vote = Vote.objects.get()
    assert vote.choice == vote.left
    for side in ("left", "right"):
        assert vote.evidence["clips"][side]["played_ms"] == pytest.approx(CLIP_S * 1000, abs=80)


def test_the_last_choice_is_corrected(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music")
    page = desk(stage)
    in_state(page, "heard")
    page.get_by_role("button", name="Painting 1").click()
    page.get_by_role("button", name="Submit").click()
    in_state(page, "playing")
    page.keyboard.press("Backspace")
    expect(page.get_by_role("button", name="Painting 1")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    all_sent(page)
    old, new = Vote.objects.order_by("pk")
    assert (old.state, new.state, new.supersedes) == (VoteState.SUPERSEDED, VoteState.COUNTED, old)
    assert old.choice == old.left
    assert new.choice != new.left


def test_by_touch_on_the_painting_itself(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music")
    page = desk(stage, viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator("[data-frame=left] img").tap()
    expect(page.locator("[data-choose=left]")).to_have_attribute("aria-pressed", "true")
    in_state(page, "heard")
    page.get_by_role("button", name="Submit").tap(force=True)  # it says what is missing
    expect(page.locator("[data-part=prompt]")).to_have_text("Look at painting 2, too.")
    assert not Vote.objects.exists()
    page.get_by_role("button", name="Show painting 2").tap()
    expect(page.locator("[data-part=prompt]")).to_have_text("Submit when you are sure.")
    page.get_by_role("button", name="Submit").tap()
    all_sent(page)
    assert Vote.objects.get().choice == Vote.objects.get().left


def test_without_scripts_the_page_is_a_form(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music")
    page = stage.visit(DESK, java_script_enabled=False)
    page.get_by_role("radio", name="Painting 2").check()
    page.wait_for_timeout(CLIP_S * 1000)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("radio", name="Painting 2")).not_to_be_checked()
    vote = Vote.objects.get()
    assert vote.choice != vote.left


def test_one_walks_back_through_the_votes_and_corrects_one(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=3)
    page = desk(stage)
    shown = []
    first = page.locator("[data-frame=left] img")
    for key in ("ArrowLeft", "ArrowRight"):
        in_state(page, "heard")
        shown.append(first.get_attribute("src") or "")
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        in_state(page, "playing")
    now = first.get_attribute("src") or ""
    page.keyboard.press("z")
    page.keyboard.press("z")
    expect(first).to_have_attribute("src", shown[0])
    expect(page.get_by_role("button", name="Painting 1")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("j")
    page.keyboard.press("n")
    expect(page.locator("[data-part=notice]")).to_contain_text("You did not submit that change")
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("src", now)
    all_sent(page)
    old = Vote.objects.get(state=VoteState.SUPERSEDED)
    assert old.superseded_by.choice != old.choice
    assert Vote.objects.filter(state=VoteState.COUNTED).count() == 2


def test_its_keys_can_be_changed_too(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting")
    page = desk(stage)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="How to choose, and the keys")
    sheet.get_by_role("button", name="choose 1: ← or ↑ or F. Change it").click()
    page.keyboard.press("q")
    expect(sheet.get_by_role("status")).to_have_text("Q now means “choose 1”.")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-choose=left]")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("q")
    expect(page.locator("[data-choose=left]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-choose=left] kbd")).to_have_text("Q")


def test_a_click_on_either_waveform_goes_there(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting")
    page = desk(stage)
    second = page.get_by_role("slider", name="Position in music 2")
    box = second.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    expect(second).to_have_attribute("aria-valuenow", "1")
    assert playing(page) == 1, "seeking starts nothing"
