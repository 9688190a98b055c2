"""Two paintings at the preference desk: as large as fit, nearer together or each alone, and both looked at."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation_site.preferences.models import Vote
from annotation_site.scoring.models import Campaign
from tests.e2e.preference_stage import desk, spring, tasks
from tests.e2e.stage import PHONE, Stage, all_sent, in_state

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LANDSCAPE, PORTRAIT, WIDE = (1200, 900), (900, 1200), (1600, 600)


def scale(page: Page, place: str) -> float:
    page.wait_for_timeout(250)  # a key's move glides for 140 ms
    return page.locator(f"[data-frame={place}] img").evaluate(
        "image => new DOMMatrix(getComputedStyle(image).transform).a"
    )


def middle(page: Page, place: str) -> tuple[float, float]:
    box = page.locator(f"[data-frame={place}] .easel").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def layout(page: Page) -> str:
    return page.locator("main").get_attribute("data-layout") or ""


def chosen(page: Page) -> list[bool]:
    return [page.locator(f"[data-choose={side}]").get_attribute("aria-pressed") == "true" for side in ("left", "right")]


def picture(page: Page, side: str) -> dict[str, float]:
    """How large the painting itself is shown, without the room beside it."""
    shown: dict[str, float] = page.locator(f"[data-frame={side}] img").evaluate(
        """image => {
          const { width, height } = image.getBoundingClientRect();
          const ratio = image.naturalWidth / image.naturalHeight;
          const fits = Math.min(width, height * ratio);
          return { width: fits, height: fits / ratio };
        }"""
    )
    return shown


def test_keys_bring_both_nearer_in_step(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage)
    for _ in range(3):
        page.keyboard.press("+")
    assert scale(page, "left") == scale(page, "right") == pytest.approx(1.25**3, rel=1e-4)
    page.keyboard.press("Shift+ArrowRight")
    assert chosen(page) == [False, False], "moving them chooses nothing"
    expect(page.get_by_role("button", name="Show the whole painting")).to_be_visible()
    page.keyboard.press("Escape")
    assert scale(page, "left") == scale(page, "right") == 1
    page.keyboard.press("+")
    page.get_by_role("button", name="Show the whole painting").click()
    assert scale(page, "left") == scale(page, "right") == 1


def test_the_wheel_a_double_click_and_keys_on_one_bring_it_nearer_alone(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage)
    page.mouse.move(*middle(page, "right"))
    page.mouse.wheel(0, -400)
    assert scale(page, "right") > 1.5
    assert scale(page, "left") == 1
    page.mouse.wheel(0, 4000)
    page.mouse.dblclick(*middle(page, "left"))
    assert scale(page, "left") == pytest.approx(2.5)
    assert scale(page, "right") == 1
    page.wait_for_timeout(500)
    assert chosen(page) == [False, False], "a double click looks nearer and chooses nothing"
    page.locator("[data-frame=left] .easel").focus()
    page.keyboard.press("0")
    page.keyboard.press("+")
    assert scale(page, "left") == pytest.approx(1.25)
    assert scale(page, "right") == 1
    page.keyboard.press("ArrowRight")
    assert chosen(page) == [False, False], "arrows move the zoomed painting that has the focus"


def test_a_click_on_a_painting_chooses_it_and_a_drag_does_not(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage)
    page.mouse.click(*middle(page, "left"))
    expect(page.locator("[data-choose=left]")).to_have_attribute("aria-pressed", "true")
    x, y = middle(page, "right")
    page.mouse.dblclick(x, y)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=4)
    page.mouse.up()
    page.wait_for_timeout(500)
    assert chosen(page) == [True, False]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((LANDSCAPE, PORTRAIT), "row"), ((PORTRAIT, PORTRAIT), "row"), ((WIDE, WIDE), "column")],
)
def test_two_hang_however_they_are_larger(stage: Stage, spring: Campaign, sizes: Any, expected: str):
    tasks(spring, asks_with="music", count=1, sizes=sizes)
    page = desk(stage)
    assert layout(page) == expected
    for side, (width, height) in zip(("left", "right"), sorted(sizes, reverse=True), strict=True):
        assert picture(page, side)["width"] * picture(page, side)["height"] > 100_000, (side, width, height)


def test_one_at_a_time_shows_it_as_large_as_the_wall_and_one_key_turns_to_the_other(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=1, sizes=(LANDSCAPE, LANDSCAPE))
    page = desk(stage)
    beside = picture(page, "left")
    page.keyboard.press("x")
    assert layout(page) == "row", "both are in view: there is nothing to turn to"
    page.keyboard.press("o")
    assert layout(page) == "one"
    alone = picture(page, "left")
    assert alone["width"] > 1.7 * beside["width"]
    expect(page.locator("[data-frame=right]")).to_be_hidden()
    page.keyboard.press("x")
    expect(page.locator("[data-frame=right]")).to_be_visible()
    expect(page.locator("[data-frame=left]")).to_be_hidden()
    page.keyboard.press("1")
    expect(page.locator("[data-frame=left]")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-frame=right]")).to_be_visible()
    assert chosen(page) == [False, True], "what is chosen is shown"
    page.get_by_role("button", name="Show one painting at a time").click()
    assert layout(page) == "row"
    page.set_viewport_size({"width": 360, "height": 640})
    expect(page.locator("main")).to_have_attribute("data-layout", "one")
    page.keyboard.press("o")
    expect(page.locator("figure:visible img")).to_have_count(2)


def test_both_must_have_been_on_a_phone_s_screen(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage, viewport=PHONE, has_touch=True, is_mobile=True)
    assert layout(page) == "one"
    page.get_by_role("button", name="Painting 1", exact=True).tap()
    in_state(page, "heard")
    prompt = page.locator("[data-part=prompt]")
    expect(prompt).to_have_text("Look at painting 2, too.")
    page.keyboard.press("Enter")
    assert not Vote.objects.exists()
    page.get_by_role("button", name="Show painting 2").tap()
    page.get_by_role("button", name="Show painting 1").tap()
    expect(prompt).to_have_text("Look at painting 2, too.")
    page.get_by_role("button", name="Show painting 2").tap()
    expect(prompt).to_have_text("Submit when you are sure.")
    page.get_by_role("button", name="Submit").tap()
    all_sent(page)
    evidence = Vote.objects.get().evidence
    assert evidence["layout"] == "one"
    assert evidence["looks"]["left"]["times"] == 2
    assert evidence["looks"]["right"]["times"] == 2
    assert evidence["looks"]["left"]["ms"] >= 1600
    assert evidence["looks"]["right"]["ms"] >= 1000


def test_how_long_both_were_in_view_is_told(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage)
    in_state(page, "heard")
    page.wait_for_timeout(600)
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    all_sent(page)
    vote = Vote.objects.get()
    looks = vote.evidence["looks"]
    assert looks["left"] == pytest.approx(looks["right"], abs=60)
    assert vote.active_ms - 250 <= looks["left"]["ms"] <= vote.active_ms + 60


def test_a_finger_wipes_from_one_to_the_other_and_two_fingers_zoom(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", sizes=(LANDSCAPE, PORTRAIT))
    page = desk(stage, viewport=PHONE, has_touch=True, is_mobile=True)
    x, y = middle(page, "left")
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    def wipe(across: float) -> None:
        fingers("touchStart", (x, y))
        for step in (0.3, 0.6, 1.0):
            fingers("touchMove", (x + step * across, y + 4))
        fingers("touchEnd")

    wipe(-120)
    expect(page.locator("[data-frame=right]")).to_be_visible()
    wipe(120)
    expect(page.locator("[data-frame=left]")).to_be_visible()
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for reach in (40, 50, 60):
        fingers("touchMove", (x - reach, y), (x + reach, y))
    fingers("touchEnd")
    assert scale(page, "left") == pytest.approx(2, abs=0.1)
    wipe(-120)
    expect(page.locator("[data-frame=left]")).to_be_visible()
    page.wait_for_timeout(500)
    assert chosen(page) == [False, False]


def test_the_query_is_zoomed_like_any_painting(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", sizes=(LANDSCAPE, None))
    page = desk(stage)
    page.keyboard.press("+")
    assert scale(page, "query") == pytest.approx(1.25, rel=1e-4)
    page.keyboard.press("w")
    assert scale(page, "query") == 1
    expect(page.get_by_role("button", name="Show one painting at a time")).to_be_hidden()


def test_full_screen_by_key_and_button(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music")
    page = desk(stage)
    button = page.get_by_role("button", name="Full screen")
    page.keyboard.press("v")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
