"""axe-core on every page that a rater sees, light and dark: no violation."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from annotation_site.scoring.models import Campaign, Slot, SlotState
from tests.e2e.stage import LAPTOP, PHONE, Stage, in_state, sound_on

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def violations(page: Page, impacts: tuple[str, ...] = ()) -> list[str]:
    """What axe-core objects to, of these impacts or of any: the rule and where."""
    found = Axe().run(page).response["violations"]
    meant = [violation for violation in found if not impacts or violation["impact"] in impacts]
    return [f"{violation['id']}: {[node['html'][:120] for node in violation['nodes']]}" for violation in meant]


def serious(page: Page) -> list[str]:
    """Of the admin's pages, whose theme is not ours: what is serious or critical."""
    return violations(page, ("serious", "critical"))


@SCHEMES
def test_the_pages_that_are_read(stage: Stage, winter: Campaign, scheme: str):
    Campaign.objects.update(is_synthetic=True)
    context = stage.context(color_scheme=scheme)
    page = stage.visit("/", context=context)
    for address in (
        "/",
        "/welcome/consent/",
        "/welcome/briefing/",
        "/accounts/2fa/",
        "/accounts/logout/",
        "/accounts/login/?next=/score/winter/",
    ):
        page.goto(stage.url + address)
        assert violations(page) == [], address
    context.clear_cookies()
    page.goto(stage.url + "/accounts/login/")
    page.get_by_label("Username or e-mail").fill("vera")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    assert violations(page) == [], "log-in, refused"


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", LAPTOP), ("dark", LAPTOP), ("light", PHONE), ("dark", {"width": 844, "height": 390})],
)
def test_the_scoring_desk_in_each_of_its_states(stage: Stage, winter: Campaign, scheme: str, size: dict):
    Campaign.objects.update(is_synthetic=True)
    page = stage.visit("/score/winter/", color_scheme=scheme, viewport=size)
    in_state(page, "sound")
    assert violations(page) == [], "sound"
    sound_on(page)
    in_state(page, "playing")
    assert violations(page) == [], "playing"
    page.keyboard.press("ArrowRight")
    in_state(page, "heard")
    assert violations(page) == [], "heard"
    page.keyboard.press("+")
    assert violations(page) == [], "zoomed"
    page.keyboard.press("w")
    page.evaluate("document.querySelector('main').dataset.breakMinutes = '0.0001'")
    page.keyboard.press("Enter")
    in_state(page, "heard")
    expect(page.locator("[data-part=break]")).to_be_visible()
    page.keyboard.press("z")
    page.keyboard.press("z")
    assert violations(page) == [], "correcting, with a word about a break"
    page.keyboard.press("Escape")
    for key in ("?", "s"):
        page.keyboard.press(key)
        page.get_by_role("dialog").wait_for()
        assert violations(page) == [], key
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
    Campaign.objects.update(is_open=False)
    while held := Slot.objects.filter(state=SlotState.LEASED).count():
        page.keyboard.press("s")
        page.get_by_label("I know this too well").check()
        page.get_by_role("button", name="Skip it").click()
        page.get_by_role("dialog").wait_for(state="hidden")
        while Slot.objects.filter(state=SlotState.LEASED).count() == held:
            page.wait_for_timeout(50)
    in_state(page, "done")
    assert violations(page) == [], "done"


def test_the_desk_without_scripts(stage: Stage, winter: Campaign):
    """axe needs scripts, so it is given the page as such a browser shows it."""
    plain = stage.visit("/score/winter/", java_script_enabled=False).content()
    assert plain.count("<main") == 2, "the desk, hidden, and the plain form"
    page = stage.visit("/welcome/consent/")
    body = plain.split("<noscript>")[1].split("</noscript>")[0]
    page.evaluate("html => { document.body.className = 'at-desk'; document.body.innerHTML = html; }", body)
    assert violations(page) == []
