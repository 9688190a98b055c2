"""The painting on its wall, in a real Chromium: as large as fits, nearer by hand, wheel and key, and never coloured."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotation_site.scoring.models import Campaign
from tests.e2e.stage import PHONE, Stage, at_desk, in_state, rate

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WHERE = """() => {
  const image = document.querySelector("[data-part=wall] img");
  const matrix = new DOMMatrix(getComputedStyle(image).transform);
  return { scale: matrix.a, x: matrix.e, y: matrix.f, style: image.style.transform };
}"""


def lies(page: Page) -> dict:
    page.wait_for_timeout(250)  # a key's move glides for 140 ms
    return page.evaluate(WHERE)


def wall_middle(page: Page) -> tuple[float, float]:
    box = page.locator("[data-part=wall]").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def fitted(page: Page) -> bool:
    where = lies(page)
    return where["style"] == "" and where["scale"] == 1


def test_at_rest_it_is_as_large_as_fits_and_has_no_transform_that_could_blur_it(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    assert fitted(page)
    room = page.evaluate(
        """() => {
          const wall = document.querySelector("[data-part=wall]");
          const style = getComputedStyle(wall);
          const image = wall.querySelector("img");
          return [wall.clientWidth - 2 * parseFloat(style.paddingLeft), image.clientWidth,
                  wall.clientHeight - 2 * parseFloat(style.paddingTop), image.clientHeight];
        }"""
    )
    assert room[0] == pytest.approx(room[1], abs=1)
    assert room[2] == pytest.approx(room[3], abs=1)


def test_the_wheel_zooms_at_the_pointer_and_back(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    x, y = wall_middle(page)
    page.mouse.move(x + 60, y + 40)
    page.mouse.wheel(0, -400)
    where = lies(page)
    assert where["scale"] > 1.5
    assert where["x"] == pytest.approx(60 * (1 - where["scale"]), abs=2), "what is under the pointer stays there"
    expect(page.get_by_role("button", name="Show the whole painting")).to_be_visible()
    page.mouse.wheel(0, 4000)
    assert fitted(page)
    expect(page.get_by_role("button", name="Show the whole painting")).to_be_hidden()


def test_a_zoomed_painting_is_dragged_but_never_off_its_wall(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    x, y = wall_middle(page)
    page.mouse.dblclick(x, y)
    assert lies(page)["scale"] == pytest.approx(2.5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, y - 30, steps=5)
    page.mouse.up()
    where = lies(page)
    assert (where["x"], where["y"]) == (-50, -30)
    page.mouse.down()
    page.mouse.move(x - 5000, y, steps=3)
    page.mouse.up()
    image = page.locator("[data-part=wall] img").bounding_box()
    wall = page.locator("[data-part=wall]").bounding_box()
    assert image
    assert wall
    assert image["x"] + image["width"] >= wall["x"] + wall["width"] - 1
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute("aria-valuenow", "51")
    page.mouse.dblclick(x, y)
    assert fitted(page)


def test_keys_zoom_and_move_it_beside_those_of_the_scale(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("Shift+ArrowRight")
    assert fitted(page), "there is nothing to move before it is zoomed"
    for _ in range(3):
        page.keyboard.press("+")
    where = lies(page)
    assert where["scale"] == pytest.approx(1.25**3, rel=1e-4)
    page.keyboard.press("Shift+ArrowDown")
    assert lies(page)["y"] < where["y"]
    expect(page.locator("[data-part=mark]")).to_be_hidden()
    page.keyboard.press("-")
    assert lies(page)["scale"] == pytest.approx(1.25**2, rel=1e-4)
    page.keyboard.press("w")
    assert fitted(page)
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    assert fitted(page)


def test_with_the_focus_on_it_arrows_move_it_and_0_fits_it(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.locator("[data-part=wall]").focus()
    for key in ("+", "+", "+", "ArrowRight"):
        page.keyboard.press(key)
    assert lies(page)["x"] < 0
    expect(page.locator("[data-part=mark]")).to_be_hidden()
    page.keyboard.press("0")
    assert fitted(page)
    expect(page.locator("[data-part=mark]")).to_be_hidden()


def test_the_next_painting_comes_whole(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("+")
    rate(page)
    in_state(page, "playing")
    assert fitted(page)


def test_two_fingers_and_two_taps_on_a_phone(stage: Stage, winter: Campaign):
    page = at_desk(stage, viewport=PHONE, has_touch=True, is_mobile=True)
    x, y = wall_middle(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    fingers("touchStart", (x - 30, y), (x + 30, y))
    for reach in (40, 50, 60):
        fingers("touchMove", (x - reach, y), (x + reach, y))
    fingers("touchEnd")
    assert lies(page)["scale"] == pytest.approx(2, abs=0.05)
    fingers("touchStart", (x - 60, y), (x + 60, y))
    fingers("touchMove", (x - 20, y), (x + 20, y))
    fingers("touchEnd")
    assert fitted(page)
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    assert lies(page)["scale"] == pytest.approx(2.5)
    page.get_by_role("button", name="Show the whole painting").tap()
    assert fitted(page)


def test_full_screen_by_key_and_button(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    button = page.get_by_role("button", name="Full screen")
    page.keyboard.press("f")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.fullscreenElement !== null")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("document.fullscreenElement === null")


@pytest.mark.parametrize(("motion", "glides"), [("no-preference", True), ("reduce", False)])
def test_it_glides_only_for_those_who_like_motion(stage: Stage, winter: Campaign, motion: str, glides: bool):
    page = at_desk(stage, reduced_motion=motion)
    page.keyboard.press("+")
    took = page.locator("[data-part=wall] img").evaluate("image => getComputedStyle(image).transitionDuration")
    assert (took != "0s") is glides


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_is_no_colour_but_the_paintings(stage: Stage, winter: Campaign, scheme: str):
    page = at_desk(stage, color_scheme=scheme)
    page.keyboard.press("+")
    coloured = page.evaluate(
        """() => [...document.querySelectorAll("body, body *")].flatMap((element) => {
          const style = getComputedStyle(element);
          const said = ["color", "backgroundColor", "borderTopColor", "outlineColor"].map((name) => style[name]);
          return said.filter((colour) => {
            const [r, g, b, alpha = 1] = (colour.match(/[\\d.]+/g) ?? [0, 0, 0]).map(Number);
            return colour.startsWith("rgb") && alpha > 0 && (r !== g || g !== b);
          }).map((colour) => `${element.tagName} ${element.className}: ${colour}`);
        })"""
    )
    assert coloured == []
