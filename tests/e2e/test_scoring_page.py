"""The scoring desk in a real Chromium, with sound that really plays (in seconds that are short, for speed)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, Slot, SlotBar, SlotState
from tests import factories
from tests.e2e.stage import (
    CLIP_S,
    LAPTOP,
    PHONE,
    SOON_MS,
    TABLET,
    Stage,
    all_sent,
    at_desk,
    in_state,
    offline,
    painting_shown,
    real_pair,
    sound_on,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK = "/score/winter/"


def clip_evidence(rating: Rating) -> dict:
    return rating.evidence["clips"]["clip"]


def test_nothing_sounds_before_the_person_turns_the_sound_on(stage: Stage, winter: Campaign):
    page = stage.visit(DESK, has_heard_the_tone=False)
    in_state(page, "sound")
    expect(page.get_by_role("heading", name="Turn the sound on")).to_be_visible()
    expect(page.get_by_role("button", name="I hear it well, begin")).to_be_hidden()
    expect(page.locator("[data-part=wall] img")).to_have_count(0)
    page.get_by_role("button", name="Play the test tone").click()
    sound_on(page)
    in_state(page, "playing")
    expect(page.locator("[data-part=wall] img")).to_have_count(1)


def test_by_keyboard_alone_with_real_sound(stage: Stage, winter: Campaign):
    page = stage.visit(DESK, has_heard_the_tone=False)
    expect(page.get_by_role("button", name="Play the test tone")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="I hear it well, begin")).to_be_focused(timeout=SOON_MS)
    page.keyboard.press("Enter")
    in_state(page, "playing")
    first = painting_shown(page)
    for key in ("ArrowRight", "PageUp", "PageUp", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)

    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Listen to the end.")
    assert not Rating.objects.exists(), "the gate is closed until the clip was heard"

    in_state(page, "heard")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=wall] img")).not_to_have_attribute("src", first)
    all_sent(page)
    rating = Rating.objects.get()
    assert rating.value == pytest.approx(0.69)
    assert rating.input_method == "keyboard"
    assert rating.state == RatingState.COUNTED
    assert rating.played_ms == pytest.approx(CLIP_S * 1000, abs=60)
    ((start, end),) = clip_evidence(rating)["ranges"]
    assert start == 0
    assert end == pytest.approx(CLIP_S, abs=0.06)
    assert rating.active_ms >= rating.played_ms - 100
    in_state(page, "playing")


def test_pausing_and_replaying_count_only_what_really_sounded(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.wait_for_timeout(500)
    page.keyboard.press("Space")
    in_state(page, "ready")
    page.wait_for_timeout(800)
    in_state(page, "ready")
    page.keyboard.press("Space")
    in_state(page, "heard")
    page.keyboard.press("r")
    in_state(page, "playing")
    page.keyboard.press("Space")
    page.keyboard.press("PageUp")
    page.keyboard.press("Enter")
    all_sent(page)
    heard = clip_evidence(Rating.objects.get())
    assert heard["played_ms"] == pytest.approx(CLIP_S * 1000, abs=60), "the union, although some was played twice"
    assert heard["total_ms"] > heard["played_ms"]
    assert (heard["pauses"], heard["replays"]) == (2, 1)


def test_there_is_no_mark_before_the_first_touch(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    scale, mark = page.get_by_role("slider", name="How well do"), page.locator("[data-part=mark]")
    expect(mark).to_be_hidden()
    expect(scale).to_have_attribute("aria-valuetext", "no answer yet")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Put your mark on the line.")

    line = page.locator("[data-part=line]").bounding_box()
    assert line
    page.mouse.click(line["x"] + 0.25 * line["width"], line["y"])
    expect(mark).to_be_visible()
    expect(scale).to_have_attribute("aria-valuetext", "fits badly, 25 of 100")
    page.keyboard.press("Enter")
    all_sent(page)
    rating = Rating.objects.get()
    assert rating.value == pytest.approx(0.25, abs=0.005)
    assert rating.input_method == "mouse"
    assert rating.evidence["scale_px"] == pytest.approx(line["width"], abs=1)


def test_the_mark_stops_at_the_ends_and_can_be_dragged(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    line = page.locator("[data-part=line]").bounding_box()
    assert line
    page.mouse.move(line["x"] + 0.5 * line["width"], line["y"])
    page.mouse.down()
    page.mouse.move(line["x"] + 3 * line["width"], line["y"] + 40, steps=4)
    page.mouse.up()
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute(
        "aria-valuetext", "fits completely, 100 of 100"
    )
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute("aria-valuenow", "100")
    page.keyboard.press("Home")
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute(
        "aria-valuetext", "does not fit at all, 0 of 100"
    )


def test_enter_pressed_many_times_is_one_rating(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    for _ in range(5):
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Submit").dblclick(force=True)
    all_sent(page)
    assert Rating.objects.count() == 1


def test_a_network_lost_in_the_middle_loses_nothing(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.wait_for_load_state("networkidle")
    with offline(page.context):
        for shown in range(2):
            page.keyboard.press("PageUp")
            in_state(page, "heard")
            before = painting_shown(page)
            page.keyboard.press("Enter")
            expect(page.locator("[data-part=wall] img")).not_to_have_attribute("src", before)
            expect(page.locator("[data-part=network]")).to_contain_text(f"{shown + 1} answer")
            expect(page.locator("[data-part=network]")).to_contain_text("saved here")
        assert not Rating.objects.exists()
    all_sent(page)
    assert Rating.objects.filter(state=RatingState.COUNTED).count() == 2
    assert len(set(Rating.objects.values_list("pair", flat=True))) == 2


def test_an_answer_survives_its_tab(stage: Stage, winter: Campaign):
    context = stage.context()
    page = stage.visit(DESK, context=context)
    sound_on(page)
    in_state(page, "playing")
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    with offline(context):
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=network]")).to_contain_text("saved here")
        page.close()
    assert not Rating.objects.exists()
    again = stage.visit(DESK, context=context)
    expect(again.locator("[data-part=session]")).to_have_text("1", timeout=SOON_MS)
    assert Rating.objects.get().state == RatingState.COUNTED


def test_anothers_answers_are_never_sent(stage: Stage, winter: Campaign):
    """On a computer that two raters share, one logs in after the other had gone offline."""
    page = stage.visit(DESK)
    page.evaluate(
        """key => localStorage.setItem(`atelier.outbox.R99999.000000000000001.${key}`,
             JSON.stringify({url: "/api/v1/scoring/ratings/", body: {key}}))""",
        str(uuid4()),
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    sound_on(page)
    in_state(page, "playing")
    assert not [url for url in asked if url.endswith("/ratings/")]


def test_an_answer_that_comes_too_late_is_thanked_for(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    held = Slot.objects.filter(rater=stage.rater, state=SlotState.LEASED).order_by("leased_at", "pk")[0]
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    # Meanwhile the lease runs out, another takes the place, and all the others are filled.
    pair = held.pair
    Slot.objects.filter(pair=pair).delete()
    other = factories.make_rater()
    Slot.objects.create(
        pair=pair,
        campaign=winter,
        index=0,
        quota=5,
        order_key=1,
        state=SlotState.FILLED,
        rater=other,
        token=uuid4(),
        leased_at=timezone.now(),
    )
    slot = Slot.objects.get(pair=pair)
    slot.ended_leases.create(
        rater=stage.rater, token=held.token, end="taken", issued_at=held.leased_at, ended_at=timezone.now()
    )
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")  # as on coming back to the tab
    expect(page.locator("[data-part=notice]")).to_contain_text("your hold on this one has run out")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=notice]")).to_contain_text("kept with thanks", timeout=SOON_MS)
    assert Rating.objects.get(rater=stage.rater).state == RatingState.SURPLUS


def test_the_last_answer_is_corrected_and_the_work_goes_on(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    first = painting_shown(page)
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=wall] img")).not_to_have_attribute("src", first)
    second = painting_shown(page)
    page.keyboard.press("ArrowLeft")

    page.keyboard.press("Backspace")
    expect(page.locator("[data-part=wall] img")).to_have_attribute("src", first)
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute("aria-valuenow", "60")
    page.keyboard.press("PageUp")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=wall] img")).to_have_attribute("src", second)
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute("aria-valuenow", "49")
    in_state(page, "playing")
    all_sent(page)
    old, new = Rating.objects.order_by("pk")
    assert (old.state, new.state, new.supersedes) == (RatingState.SUPERSEDED, RatingState.COUNTED, old)
    assert (old.value, new.value) == (pytest.approx(0.6), pytest.approx(0.7))


def test_skipping_asks_why_and_brings_the_next(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    first = painting_shown(page)
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Why skip this one?")
    dialog.get_by_role("button", name="Skip it").click()
    assert not SlotBar.objects.exists(), "no reason is chosen beforehand, and one is needed"
    dialog.get_by_label("It is not suitable").check()
    dialog.get_by_label("Anything to add?").fill("s is for spiders")
    dialog.get_by_role("button", name="Skip it").click()
    expect(page.locator("[data-part=wall] img")).not_to_have_attribute("src", first)
    bar = SlotBar.objects.get()
    assert (bar.reason, bar.note) == ("not_suitable", "s is for spiders")
    page.keyboard.press("s")
    dialog.get_by_label("Another reason").check()
    dialog.get_by_role("button", name="Skip it").click()
    expect(dialog).to_be_visible()  # another reason says nothing without words
    dialog.get_by_role("button", name="Stay").click()
    assert SlotBar.objects.count() == 1


def test_when_nothing_is_left_the_page_says_why(stage: Stage, winter: Campaign):
    Pair.objects.exclude(pk=Pair.objects.order_by("pk")[0].pk).delete()
    page = at_desk(stage)
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    in_state(page, "done")
    expect(page.locator("[data-part=none-because]")).to_have_text(
        "You have rated or skipped every pair that is still open. Thank you!"
    )
    real_pair(winter, 9)
    page.get_by_role("button", name="Look again").click()
    in_state(page, "playing")


def test_media_that_do_not_come_can_be_tried_again_or_skipped(stage: Stage, winter: Campaign):
    context = stage.context()
    context.route("**/*.flac", lambda route: route.abort())
    page = stage.visit(DESK, context=context)
    sound_on(page)
    in_state(page, "trouble")
    expect(page.get_by_role("alert")).to_contain_text("The music has not come yet.")
    context.unroute("**/*.flac")
    page.get_by_role("button", name="Try again").click()
    in_state(page, "playing")


def test_someone_logged_out_keeps_the_answer(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Log in")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-part=network]")).to_contain_text("1 answer is saved here")
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    "size",
    [
        LAPTOP,
        TABLET,
        PHONE,
        {"width": 1366, "height": 650},
        {"width": 1180, "height": 820},
        {"width": 844, "height": 390},
    ],
)
def test_everything_is_within_reach_without_scrolling(stage: Stage, winter: Campaign, size):
    page = at_desk(stage, viewport=size, has_touch=size["width"] < 1366)
    for control in [*page.locator("main :is(button, a):visible").all(), page.get_by_role("slider", name="How well do")]:
        box = control.bounding_box()
        assert box
        name = control.inner_text() or control.get_attribute("role")
        assert box["width"] >= 48, name
        assert box["height"] >= 48, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= size["width"], name
        assert box["y"] + box["height"] <= size["height"], name
    painting = page.locator("[data-part=wall] img").bounding_box()
    assert painting
    assert painting["height"] > size["height"] * 0.3


def test_on_a_phone_by_touch(stage: Stage, winter: Campaign):
    page = at_desk(stage, viewport=PHONE, has_touch=True, is_mobile=True)
    first = painting_shown(page)
    line = page.locator("[data-part=line]").bounding_box()
    assert line
    page.touchscreen.tap(line["x"] + 0.8 * line["width"], line["y"])
    in_state(page, "heard")
    page.get_by_role("button", name="Submit").tap()
    expect(page.locator("[data-part=wall] img")).not_to_have_attribute("src", first)
    all_sent(page)
    rating = Rating.objects.get()
    assert rating.value == pytest.approx(0.8, abs=0.01)
    assert rating.input_method == "touch"


def test_without_scripts_the_page_is_a_form(stage: Stage, winter: Campaign):
    page = stage.visit(DESK, java_script_enabled=False)
    expect(page.locator("main[data-desk]")).to_be_hidden()
    expect(page.get_by_role("img", name="The painting")).to_be_visible()
    expect(page.locator("audio")).to_be_visible()
    page.get_by_label("From 0, does not fit at all").fill("37.5")
    page.wait_for_timeout(CLIP_S * 1000)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_label("From 0, does not fit at all")).to_have_value("")
    assert Rating.objects.get().value == 0.375


def test_help_opens_by_key_and_keys_rest_meanwhile(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="How to judge, and the keys")).to_be_visible()
    page.keyboard.press("PageUp")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-part=mark]")).to_be_hidden()


def test_the_look_can_be_chosen_and_is_remembered(stage: Stage, winter: Campaign):
    page = stage.visit("/", color_scheme="light")
    root = page.locator("html")
    expect(page.locator("body")).to_have_css("color", "rgb(28, 27, 26)")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("body")).to_have_css("color", "rgb(236, 234, 229)")
    page.goto(stage.url + DESK)
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.locator(".at-desk")).to_have_css("background-color", "rgb(48, 48, 48)")
