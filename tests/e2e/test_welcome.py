"""From the first log-in to the first pair: consent, background, briefing, worked examples, practice with real sound."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import ExampleKind, PracticeAnswer, PracticeRound, ProtocolVersion
from annotation_site.protocols.services import draft_make, version_publish
from annotation_site.scoring.models import Campaign
from tests.e2e.stage import (
    CLIP_S,
    LAPTOP,
    PHONE,
    SOON_MS,
    TABLET,
    Stage,
    in_state,
    offline,
    real_clip,
    real_painting,
    sound_on,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def protocol(transactional_db: None) -> ProtocolVersion:
    """Two worked examples and two practice pairs; whoever comes within 0.3 of the references may go on."""
    now = timezone.now()
    draft = draft_make(now=now)
    draft.qualifies_within, draft.practice_attempts = 0.3, 2
    draft.save()
    kinds = [ExampleKind.WORKED] * 2 + [ExampleKind.PRACTICE] * 2
    for number, (kind, reference) in enumerate(zip(kinds, (0.12, 0.86, 0.2, 0.8), strict=True)):
        draft.examples.create(
            kind=kind,
            position=number,
            painting=real_painting(20 + number, (900, 640) if number % 2 else (600, 800)),
            clip=real_clip(20 + number),
            reference=reference,
            explanation="The painting is dark and still, the music light and restless.",
        )
    return version_publish(version=draft, by=None, now=now)


@pytest.fixture
def newcomer(stage: Stage, protocol: ProtocolVersion) -> Rater:
    Rater.objects.filter(pk=stage.rater.pk).update(consented_at=None, briefed_at=None, admitted_at=None)
    return stage.rater


def violations(page: Page) -> list[str]:
    return [f"{found['id']}: {found['help']}" for found in Axe().run(page).response["violations"]]


def read_up_to_practice(page: Page) -> None:
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Agree and go on").click()
    page.get_by_label("What describes you best?").select_option("graduate")
    page.get_by_label("What did you train in?").fill("art history")
    page.get_by_label("For how many years?").fill("6")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="I am ready").click()
    page.get_by_role("button", name="On to the practice").click()


def mark(page: Page, digit: int) -> None:
    in_state(page, "heard")
    page.keyboard.press(str(digit))
    page.keyboard.press("Enter")
    in_state(page, "told")


def reference_is_high(page: Page) -> bool:
    """Pairs come in the rater's own order; the one that fits has the wide painting."""
    return bool(page.evaluate("document.querySelector('[data-part=wall] img').naturalWidth > 800"))


def test_a_newcomer_is_led_to_the_first_pair(stage: Stage, winter: Campaign, newcomer: Rater):
    page = stage.visit("/score/winter/")
    expect(page.get_by_text("Step 1 of 5")).to_be_visible()
    read_up_to_practice(page)
    sound_on(page)
    in_state(page, "playing")
    page.keyboard.press("6")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Listen to the end.")
    in_state(page, "heard")
    given = 7 if reference_is_high(page) else 3
    mark(page, given)
    expect(page.locator("[data-part=notice]")).to_contain_text("The reference fits a little")
    expect(page.locator("[data-part=reference]")).to_be_visible()
    page.keyboard.press("9")  # it stands now
    expect(page.get_by_role("slider", name="How well do")).to_have_attribute("aria-valuenow", str(10 * given))
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=number-now]")).to_have_text("2")
    expect(page.locator("[data-part=reference]")).to_have_count(0)
    mark(page, 10 - given)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You are ready")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("link", name="To your work").click()
    in_state(page, "sound")
    newcomer.refresh_from_db()
    assert (newcomer.protocol_id, newcomer.role, newcomer.training_years) == (2, "graduate", 6)
    assert timezone.now() - newcomer.admitted_at < timedelta(minutes=5)
    heard = list(PracticeAnswer.objects.values_list("played_ms", flat=True))
    assert heard == pytest.approx([CLIP_S * 1000] * 2, abs=100), "the music really played"


def test_who_is_too_far_off_learns_it_gently_and_may_try_again(stage: Stage, winter: Campaign, newcomer: Rater):
    page = stage.visit("/score/winter/")
    read_up_to_practice(page)
    for attempt in range(2):
        sound_on(page)
        for _ in range(2):
            in_state(page, "heard")
            mark(page, 0 if reference_is_high(page) else 9)
            page.keyboard.press("Enter")
        if attempt == 0:
            expect(page.get_by_role("heading", name="Not yet")).to_be_visible(timeout=SOON_MS)
            expect(page.get_by_text("there is 1 attempt left")).to_be_visible()
            page.get_by_role("link", name="Try once more").click()
    expect(page.get_by_role("heading", name="This is as far as it goes")).to_be_visible(timeout=SOON_MS)
    page.goto(stage.url + "/score/winter/")
    expect(page.get_by_role("heading", name="This is as far as it goes")).to_be_visible()
    assert PracticeRound.objects.filter(has_passed=False).count() == 2


def test_a_lost_network_loses_no_mark(stage: Stage, winter: Campaign, newcomer: Rater):
    context = stage.context()
    page = stage.visit("/score/winter/", context=context)
    read_up_to_practice(page)
    sound_on(page)
    in_state(page, "heard")
    page.keyboard.press("3")
    with offline(context):
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=notice]")).to_contain_text("You seem to be offline")
    page.keyboard.press("Enter")
    in_state(page, "told")
    assert PracticeAnswer.objects.get().value == pytest.approx(0.3)


def test_without_scripts_practice_is_a_plain_form(stage: Stage, winter: Campaign, newcomer: Rater):
    page = stage.visit("/score/winter/", java_script_enabled=False)
    read_up_to_practice(page)
    for _ in range(2):
        page.get_by_label("From 0, does not fit at all").fill("50")
        page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="You are ready")).to_be_visible()
    assert PracticeAnswer.objects.filter(value=0.5).count() == 2


def test_worked_examples_play_in_place_one_at_a_time(stage: Stage, winter: Campaign, newcomer: Rater):
    page = stage.visit("/")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Agree and go on").click()
    page.get_by_label("What describes you best?").select_option("other")
    page.get_by_label("What did you train in?").fill("none")
    page.get_by_label("For how many years?").fill("0")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="I am ready").click()
    expect(page.get_by_role("heading", name="Where others put their mark")).to_be_visible()
    page.wait_for_load_state()  # what plays is a module, which runs when the page has been read
    page.get_by_role("button", name="Play the music of example 1").click()
    expect(page.get_by_role("button", name="Pause the music of example 1")).to_be_visible()
    page.get_by_role("button", name="Play the music of example 2").click()
    expect(page.get_by_role("button", name="Pause the music of example 2")).to_be_visible()
    expect(page.get_by_role("button", name="Play the music of example 1")).to_be_visible()
    expect(page.get_by_role("img", name="The reference score is at 12 of 100")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", LAPTOP), ("dark", TABLET), ("light", PHONE), ("dark", PHONE)],
    ids=["laptop-light", "tablet-dark", "phone-light", "phone-dark"],
)
def test_every_step_reads_well_and_has_no_violation(
    stage: Stage, winter: Campaign, newcomer: Rater, scheme: str, size: dict[str, int], screens: Path
):
    page = stage.visit("/score/winter/", color_scheme=scheme, viewport=size)
    name = f"{scheme}-{size['width']}"

    def look(step: str) -> None:
        number = step.split("-")[0]
        if number in "1234":
            expect(page.get_by_text(f"Step {number} of 5")).to_be_visible()
        assert violations(page) == [], step
        page.screenshot(path=screens / f"welcome-{step}-{name}.png", full_page=True)

    look("1-consent")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Agree and go on").click()
    look("2-background")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Please choose one.")).to_be_visible()
    assert violations(page) == [], "background, refused"
    assert [fault[:3] for fault in stage.faults] == ["422"], "a refused form says so in its status, too"
    stage.faults.clear()
    page.get_by_label("What describes you best?").select_option("graduate")
    page.get_by_label("What did you train in?").fill("art history")
    page.get_by_label("For how many years?").fill("6")
    page.get_by_role("button", name="Go on").click()
    look("3-briefing")
    page.get_by_role("button", name="I am ready").click()
    look("4-examples")
    page.get_by_role("button", name="On to the practice").click()
    in_state(page, "sound")
    look("5-sound")
    sound_on(page)
    in_state(page, "playing")
    look("6-practice")
    for digit in (6, 7):
        mark(page, digit)
        scale = page.locator("[data-part=scale]").bounding_box()
        assert scale
        assert scale["y"] + scale["height"] <= size["height"], "the scale stays in sight, whatever is told"
        look(f"7-told-{digit}")
        page.keyboard.press("Enter")
    expect(page.locator(".marks")).to_be_visible(timeout=SOON_MS)
    look("8-result")
