"""Coming, going and resting: leases when a tab closes, answers in the wrong hands, the word about a break."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from annotation_site.scoring.models import Campaign, Rating, RatingState, Slot, SlotState
from tests import factories
from tests.e2e.stage import SOON_MS, Stage, all_sent, at_desk, in_state, offline, painting_shown, rate

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def eventually(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()


def n_leased() -> int:
    return Slot.objects.filter(state=SlotState.LEASED).count()


def test_closing_the_tab_gives_the_leases_back_and_coming_back_resumes(stage: Stage, winter: Campaign):
    context = stage.context()
    page = at_desk(stage, context=context)
    shown = painting_shown(page)
    assert eventually(lambda: n_leased() == 3)
    page.close(run_before_unload=True)
    assert eventually(lambda: n_leased() == 0)
    assert painting_shown(at_desk(stage, context=context)) == shown


def test_an_answer_that_was_not_sent_yet_keeps_its_lease(stage: Stage, winter: Campaign):
    context = stage.context()
    page = at_desk(stage, context=context)
    page.wait_for_load_state("networkidle")
    context.route("**/ratings/", lambda route: route.abort())
    answered = Slot.objects.filter(state=SlotState.LEASED).order_by("leased_at", "pk")[0]
    rate(page)
    expect(page.locator("[data-part=network]")).to_contain_text("1 answer is saved here", timeout=SOON_MS)
    page.close(run_before_unload=True)
    assert eventually(lambda: n_leased() == 1)
    left = Slot.objects.get(state=SlotState.LEASED)
    assert (left.pk, left.token) == (answered.pk, answered.token)

    context.unroute("**/ratings/")
    stage.visit("/score/winter/", context=context)
    assert eventually(lambda: Rating.objects.filter(pair=answered.pair, state=RatingState.COUNTED).count() == 1)


def test_a_second_tab_that_closes_leaves_the_first_ones_answer_alone(stage: Stage, winter: Campaign):
    context = stage.context()
    first = at_desk(stage, context=context)
    second = stage.visit("/score/winter/", context=context)
    second.wait_for_load_state("networkidle")
    second.close(run_before_unload=True)
    rate(first)
    all_sent(first)
    assert eventually(lambda: Rating.objects.filter(state=RatingState.COUNTED).count() == 1)


def logged_in_as(context: BrowserContext, stage: Stage, name: str) -> None:
    client = Client()
    client.force_login(factories.make_rater(name, now=timezone.now()).user)
    cookies = [{"name": key, "value": morsel.value, "url": stage.url} for key, morsel in client.cookies.items()]
    context.add_cookies(cookies)  # type: ignore[arg-type]


def test_an_answer_is_kept_when_somebody_else_has_logged_in_meanwhile(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    logged_in_as(page.context, stage, "boris")
    rate(page)
    expect(page.locator("[data-part=network]")).to_contain_text("Somebody else has logged in", timeout=SOON_MS)
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    assert not Rating.objects.exists()
    assert page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('atelier.outbox')).length") == 1


def test_a_rater_who_is_paused_is_told_so_and_the_answer_is_kept(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    stage.rater.state = "paused"
    stage.rater.save(update_fields=["state"])
    rate(page)
    expect(page.locator("[data-part=network]")).to_contain_text("Your work is paused", timeout=SOON_MS)
    expect(page.get_by_role("link", name="Log in")).to_be_hidden()
    assert not Rating.objects.exists()


def test_a_lost_secret_mends_itself(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.context.clear_cookies(name="csrftoken")
    rate(page)
    all_sent(page)
    assert eventually(lambda: Rating.objects.count() == 1)


def test_a_secret_that_cannot_be_mended_asks_for_a_fresh_page(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.route(
        "**/ratings/",
        lambda route: route.fulfill(status=403, json={"code": "csrf_failed", "detail": "Load it again."}),
    )
    rate(page)
    expect(page.locator("[data-part=network]")).to_contain_text("Load the page again to send", timeout=SOON_MS)
    expect(page.get_by_role("link", name="Log in")).to_be_hidden()
    page.unroute("**/ratings/")
    page.get_by_role("link", name="Load the page again").click()
    assert eventually(lambda: Rating.objects.count() == 1)


def test_a_break_is_suggested_between_two_pairs_and_never_over_the_painting(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    assert page.locator("main").get_attribute("data-break-minutes") == "20"
    line = page.locator("[data-part=break]")
    rate(page)
    in_state(page, "playing")
    expect(line).to_be_hidden()
    page.evaluate("document.querySelector('main').dataset.breakMinutes = '0.02'")  # 1.2 s
    page.wait_for_timeout(1300)
    expect(line).to_be_hidden()  # not in the middle of a pair
    rate(page)
    expect(line).to_contain_text("A short break")
    box, wall = line.bounding_box(), page.locator("[data-part=wall]").bounding_box()
    assert box
    assert wall
    assert box["x"] >= wall["x"] + wall["width"], "beside the painting, not over it"
    page.get_by_role("button", name="Go on").click()
    expect(line).to_be_hidden()


def test_no_break_is_suggested_where_none_is_wanted(stage: Stage, winter: Campaign):
    page = at_desk(stage)
    page.evaluate("document.querySelector('main').dataset.breakMinutes = '0'")
    for _ in range(2):
        rate(page)
        in_state(page, "playing")
    expect(page.locator("[data-part=break]")).to_be_hidden()


def test_progress_is_in_sight_on_a_phone_too(stage: Stage, winter: Campaign):
    page = at_desk(stage, viewport={"width": 390, "height": 844})
    expect(page.locator("[data-part=session]")).to_be_visible()
    rate(page)
    expect(page.locator("[data-part=session]")).to_have_text("1")
    expect(page.locator("[data-part=mine]")).to_have_text("1")


@pytest.mark.parametrize("size", [(1366, 768), (820, 1180), (1180, 820), (390, 844), (844, 390)])
def test_whatever_is_said_the_scale_stays_in_sight(stage: Stage, winter: Campaign, size: tuple[int, int]):
    page = at_desk(stage, viewport={"width": size[0], "height": size[1]})
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('main').dataset.breakMinutes = '0.0001'")
    with offline(page.context):
        rate(page)
        expect(page.locator("[data-part=network]")).to_contain_text("saved here and will be sent", timeout=SOON_MS)
        in_state(page, "heard")
        page.keyboard.press("z")
        page.keyboard.press("z")
        expect(page.locator("[data-part=notice]")).to_contain_text("the earliest one")
        room = page.locator(".desk").evaluate("desk => desk.clientHeight - desk.scrollHeight")
        assert room >= 0, "the desk would have to be scrolled"
        painting = page.locator("[data-part=wall] img").bounding_box()
        assert painting
        assert painting["height"] > size[1] * 0.2
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    all_sent(page)


def test_a_foreign_answer_in_the_store_keeps_no_lease(stage: Stage, winter: Campaign):
    """Another rater's answer in this browser says nothing about one's own leases."""
    context = stage.context()
    page = at_desk(stage, context=context)
    token = str(Slot.objects.filter(state=SlotState.LEASED)[0].token)
    page.evaluate(
        """([key, token]) => localStorage.setItem(`atelier.outbox.R99999.000000000000001.${key}`,
             JSON.stringify({url: "/api/v1/scoring/ratings/", body: {key, token}}))""",
        [str(uuid4()), token],
    )
    page.close(run_before_unload=True)
    assert eventually(lambda: n_leased() == 0)
