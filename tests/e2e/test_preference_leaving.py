"""The preference desk when things go wrong or people behave as people do: no mouse, no network, double clicks, late."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.leases.models import SlotState
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.models import PreferenceTask, Vote, VoteBar, VoteSlot, VoteState
from annotation_site.preferences.services import vote_submit
from annotation_site.scoring.models import Campaign
from tests import factories
from tests.e2e.preference_stage import DESK, desk, spring, tasks
from tests.e2e.stage import PHONE, SOON_MS, Stage, all_sent, in_state, offline, sound_on

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def vote(page: Page, key: str = "ArrowLeft") -> None:
    in_state(page, "heard")
    page.keyboard.press(key)
    expect(page.locator("[data-part=submit]")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("asks_with", ["music", "painting"])
def test_by_keyboard_alone_with_real_sound(stage: Stage, spring: Campaign, asks_with: str):
    tasks(spring, asks_with=asks_with)
    page = stage.visit(DESK, has_heard_the_tone=False)
    expect(page.get_by_role("button", name="Play the test tone")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="I hear it well, begin")).to_be_focused(timeout=SOON_MS)
    page.keyboard.press("Enter")
    in_state(page, "playing")
    if asks_with == "painting":
        for key in ("x", "x", "Space", "1", "r"):
            page.keyboard.press(key)
        expect(page.locator("[data-part=prompt]")).to_have_text("Listen to all of music 2, too.", timeout=SOON_MS)
        for key in ("2", "r"):
            page.keyboard.press(key)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert not Vote.objects.exists(), "the gate is closed until all was heard"
    in_state(page, "heard")
    page.keyboard.press("Enter")
    in_state(page, "playing")
    all_sent(page)
    given = Vote.objects.get()
    assert given.choice != given.left
    assert given.evidence["changes"] == 2
    page.keyboard.press("s")
    page.get_by_label("I know this too well").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    in_state(page, "done")
    assert VoteBar.objects.get().reason == "familiar"


def test_each_control_is_reached_by_tab_and_works_there(stage: Stage, spring: Campaign):
    """For those who switch the keys of the page off."""
    tasks(spring, asks_with="painting", count=1, seconds=6)
    page = desk(stage)
    page.keyboard.press("?")
    page.get_by_label("Keys work anywhere on the page").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    reached: dict[str, bool] = {}
    for _ in range(30):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "[document.activeElement.ariaLabel ?? '', document.activeElement.innerText ?? ''].join(' ').trim()"
        )
        reached[name.split("\n")[0]] = True
    wanted = ("The painting", "music 1", "music 2", "Switch", "Music 1", "Music 2", "Submit", "Previous", "Skip")
    assert [want for want in wanted if not any(want in name for name in reached)] == []
    before = page.locator(".player.is-in-hand").get_attribute("data-clip")
    page.get_by_role("button", name="Switch to the other music").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".player.is-in-hand")).not_to_have_attribute("data-clip", before or "")
    page.locator("[data-choose=right]").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-choose=right]")).to_have_attribute("aria-pressed", "true")


def test_by_touch_on_a_phone(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting")
    page = desk(stage, viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Switch to the other music").tap()
    in_state(page, "ready")
    for number in (1, 2):
        page.get_by_role("button", name=f"Play music {number}").tap()
        page.get_by_role("button", name="Play from the beginning").tap()
        expect(page.get_by_role("button", name=f"Play music {number}")).to_be_visible(timeout=SOON_MS)
    in_state(page, "heard")
    page.get_by_role("button", name="Music 2", exact=True).tap()
    page.get_by_role("button", name="Submit").tap()
    all_sent(page)
    given = Vote.objects.get()
    assert given.choice != given.left
    assert given.evidence["switches"] == 1


def test_a_network_lost_in_the_middle_loses_nothing(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=3)
    page = desk(stage)
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_have_attribute("data-ahead", "2", timeout=SOON_MS)
    with offline(page.context):
        vote(page)
        expect(page.locator("[data-part=network]")).to_contain_text("1 answer is saved here", timeout=SOON_MS)
        in_state(page, "playing")
        vote(page, "ArrowRight")
        in_state(page, "playing")
        assert not Vote.objects.exists()
    all_sent(page)
    assert Vote.objects.filter(state=VoteState.COUNTED).count() == 2
    assert VoteSlot.objects.filter(state=SlotState.FILLED).count() == 2


def test_an_answer_survives_its_tab(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music")
    context = stage.context()
    page = desk(stage, context=context)
    page.wait_for_load_state("networkidle")
    is_cut = Event()
    is_cut.set()
    context.route("**/votes/", lambda route: route.abort() if is_cut.is_set() else route.continue_())
    vote(page)
    expect(page.locator("[data-part=network]")).to_contain_text("saved here", timeout=SOON_MS)
    page.close(run_before_unload=True)
    is_cut.clear()
    all_sent(stage.visit(DESK, context=context))
    assert Vote.objects.get().state == VoteState.COUNTED


def test_a_double_click_and_a_nervous_enter_are_one_vote(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=3)
    page = desk(stage)
    in_state(page, "heard")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Submit").dblclick()
    in_state(page, "playing")
    vote(page)
    for _ in range(3):
        page.keyboard.press("Enter")
    in_state(page, "playing")
    all_sent(page)
    assert Vote.objects.count() == 2
    assert VoteSlot.objects.filter(state=SlotState.FILLED).count() == 2


def _expire(page: Page) -> VoteSlot:
    """The lease that the rater's vote will be about ran out a while ago."""
    page.wait_for_load_state("networkidle")
    slot = VoteSlot.objects.filter(state=SlotState.LEASED).order_by("leased_at", "pk")[0]
    past = timezone.now() - timedelta(minutes=1)
    VoteSlot.objects.filter(pk=slot.pk).update(lease_expires_at=past)
    return slot


def test_a_lease_that_ran_out_unnoticed_still_counts(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=1)
    page = desk(stage)
    slot = _expire(page)
    vote(page)
    all_sent(page)
    assert Vote.objects.get().slot_id == slot.pk
    expect(page.locator("[data-part=notice]")).to_be_hidden()


def test_a_vote_that_comes_too_late_is_thanked_for(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=1)
    page = desk(stage)
    _expire(page)
    for _ in range(spring.votes_per_task):
        other = factories.make_rater(is_simulated=True, now=timezone.now())
        (slot,) = lease_hold(model=VoteSlot, rater=other, campaign=spring, count=1, now=timezone.now())
        assert slot.token is not None
        told = {"rater": other, "token": slot.token, "key": uuid4(), "choice": "a", "waive_gate": True}
        vote_submit(**told, now=timezone.now())  # type: ignore[arg-type]
    vote(page)
    expect(page.locator("[data-part=notice]")).to_contain_text("others completed that one", timeout=SOON_MS)
    in_state(page, "done")
    assert Vote.objects.get(rater=stage.rater).state == VoteState.SURPLUS
    assert PreferenceTask.objects.get().votes_a == 3


def test_more_votes_that_are_asked_for_meanwhile_change_nothing_on_the_page(stage: Stage, spring: Campaign):
    """The task is extended while the rater has a place of it: their vote counts, and one more is waited for."""
    Campaign.objects.update(votes_per_task=4)
    tasks(spring, asks_with="music", count=1)
    page = desk(stage)
    VoteSlot.objects.update(quota=5)
    task = PreferenceTask.objects.get()
    task.slots.create(campaign=spring, index=4, quota=5, order_key=7)
    PreferenceTask.objects.update(places=5)
    vote(page)
    in_state(page, "done")
    expect(page.locator("[data-part=none-because]")).to_contain_text("You have answered or skipped")
    task.refresh_from_db()
    assert (task.votes_a + task.votes_b, task.places, task.state) == (1, 5, "open")


def test_nothing_sounds_before_the_person_turns_the_sound_on(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting")
    page = stage.visit(DESK, has_heard_the_tone=False)
    in_state(page, "sound")
    expect(page.locator("figure:visible")).to_have_count(0)
    page.get_by_role("button", name="Play the test tone").click()
    sound_on(page)
    in_state(page, "playing")
    expect(page.locator("figure:visible img")).to_have_count(1)


def test_a_hidden_tab_falls_silent_and_its_time_is_not_looking(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="music", count=1)
    page = desk(stage)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    in_state(page, "ready")
    page.wait_for_timeout(1500)
    page.evaluate(
        """() => {
          delete document.hidden;
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.keyboard.press("Space")
    vote(page)
    all_sent(page)
    evidence = Vote.objects.get().evidence
    assert evidence["hidden_ms"] >= 1400
    assert evidence["looks"]["left"]["times"] == 2
    assert evidence["looks"]["left"]["ms"] <= Vote.objects.get().active_ms + 100
