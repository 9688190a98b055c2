"""Back through the latest answers, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from annotation_site.scoring.models import Campaign, Rating, RatingState
from tests.e2e.stage import Stage, all_sent, at_desk, in_state, painting_shown, rate, real_pair

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_one_walks_back_and_forth_and_corrects_what_one_likes(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    shown = []
    for digit in (1, 2, 3):
        shown.append(rate(page, digit))
        in_state(page, "playing")
    now = painting_shown(page)
    image, mark = page.locator("[data-part=wall] img"), page.get_by_role("slider", name="How well do")

    page.keyboard.press("z")
    expect(image).to_have_attribute("src", shown[2])
    expect(mark).to_have_attribute("aria-valuenow", "30")
    expect(page.locator("[data-part=prompt]")).to_have_text("You are correcting your last answer.")
    page.get_by_role("button", name="Previous").click()
    page.keyboard.press("Backspace")
    expect(image).to_have_attribute("src", shown[0])
    expect(page.locator("[data-part=prompt]")).to_have_text("You are correcting an answer 3 back.")
    page.keyboard.press("Backspace")
    expect(page.locator("[data-part=notice]")).to_contain_text("the earliest one that you can still correct")
    expect(image).to_have_attribute("src", shown[0])

    page.keyboard.press("9")
    page.keyboard.press("n")
    expect(image).to_have_attribute("src", shown[1])
    expect(page.locator("[data-part=notice]")).to_contain_text("You did not submit that change")
    page.keyboard.press("8")
    page.keyboard.press("Enter")
    expect(image).to_have_attribute("src", now)
    all_sent(page)
    values = {rating.value for rating in Rating.objects.filter(state=RatingState.COUNTED)}
    assert values == {0.1, 0.8, 0.3}
    old = Rating.objects.get(state=RatingState.SUPERSEDED)
    assert (old.value, old.superseded_by.value) == (0.2, 0.8)

    page.keyboard.press("z")
    page.keyboard.press("z")
    expect(mark).to_have_attribute("aria-valuenow", "80")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    expect(image).to_have_attribute("src", now)
    expect(page.get_by_role("button", name="Next")).to_be_hidden()
    page.keyboard.press("z")
    page.keyboard.press("Escape")
    expect(image).to_have_attribute("src", now)


def test_ten_answers_are_in_reach_and_no_more(stage: Stage, winter: Campaign):
    for number in range(4, 13):
        real_pair(winter, number)
    page = at_desk(stage)
    shown = []
    for _ in range(12):
        shown.append(rate(page))
        in_state(page, "playing")
    for _ in range(11):
        page.keyboard.press("z")
    expect(page.locator("[data-part=wall] img")).to_have_attribute("src", shown[2])
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    all_sent(page)
    assert Rating.objects.filter(state=RatingState.SUPERSEDED).count() == 1, "the site takes all that the page offers"
    rate(page)
    in_state(page, "done")
    page.get_by_role("button", name="Correct an earlier answer").click()
    for _ in range(9):
        page.keyboard.press("z")
    expect(page.locator("[data-part=wall] img")).to_have_attribute("src", shown[2])
    page.keyboard.press("n")
    expect(page.locator("[data-part=wall] img")).to_have_attribute("src", shown[4])
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    all_sent(page)
    in_state(page, "done")
    assert Rating.objects.filter(state=RatingState.SUPERSEDED).count() == 2
