"""Two clips at the preference desk, with sound that really plays: in which order, and switching at the same second.

What sounded when is told by the browser's audio nodes themselves, not by the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from annotation_site.preferences.models import Vote, VoteSlot
from annotation_site.scoring.models import Campaign
from tests.e2e.preference_stage import DESK, playing, spring, tasks
from tests.e2e.stage import CLIP_S, Stage, all_sent, in_state, sound_on

__all__ = ["spring"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

FADE_S = 0.012
"""The page lets a sound die away for so long once it is stopped."""
NEAR_S = 0.06
OVERHEAR = """
window.sounded = [];
const { start } = AudioBufferSourceNode.prototype;
const { stop } = AudioScheduledSourceNode.prototype;
const clips = [];
AudioBufferSourceNode.prototype.start = function (when = 0, offset = 0) {
  if (!clips.includes(this.buffer)) clips.push(this.buffer);
  const begun = Math.max(when, this.context.currentTime);
  this.told = { clip: clips.indexOf(this.buffer), begun, from: offset, ended: begun + this.buffer.duration - offset };
  sounded.push(this.told);
  return start.call(this, when, offset);
};
AudioScheduledSourceNode.prototype.stop = function (when = 0) {
  if (this.told) this.told.ended = Math.min(this.told.ended, Math.max(when, this.context.currentTime));
  return stop.call(this, when);
};
"""


@dataclass(frozen=True)
class Sound:
    """One stretch that sounded, by the audio clock: of which clip, from when to when, from which second of the clip."""

    clip: int
    begun: float
    ended: float
    since: float

    def second_at(self, time: float) -> float:
        return self.since + time - self.begun


def sounds(page: Page) -> list[Sound]:
    told = page.evaluate("sounded")
    return [Sound(each["clip"], each["begun"], each["ended"], each["from"]) for each in told]


def overheard(stage: Stage, **options: object) -> Page:
    context = stage.context(**options)
    context.add_init_script(OVERHEAR)
    page = stage.visit(DESK, context=context)
    sound_on(page)
    in_state(page, "playing")
    return page


def check_never_together(heard: list[Sound]) -> None:
    for before, after in pairwise(sorted(heard, key=lambda sound: sound.begun)):
        assert after.begun >= before.ended - 0.001, "two clips sounded together"


def in_hand(page: Page) -> str:
    return page.locator(".player.is-in-hand").get_attribute("data-clip") or ""


def the_other(side: str) -> str:
    return "right" if side == "left" else "left"


@pytest.mark.parametrize("first", ["a", "b"])
def test_the_one_that_was_drawn_plays_first_and_the_other_follows_by_itself(
    stage: Stage, spring: Campaign, monkeypatch: pytest.MonkeyPatch, first: str
):
    monkeypatch.setattr(VoteSlot, "dealt", classmethod(lambda cls, token: {"left": "a", "first": first}))
    tasks(spring, asks_with="painting", count=1)
    page = overheard(stage)
    side = "left" if first == "a" else "right"
    expect(page.locator(f"[data-clip={side}] .is-playing")).to_be_visible()
    expect(page.locator(f"[data-clip={the_other(side)}] .is-playing")).to_be_visible()
    in_state(page, "heard")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    all_sent(page)
    vote = Vote.objects.get()
    assert (vote.left, vote.first, vote.choice) == ("a", first, "b")
    assert (vote.evidence["played_first"], vote.evidence["switches"]) == (side, 0)
    heard = sounds(page)
    check_never_together(heard)
    assert [sound.since for sound in heard] == [0, 0]
    assert heard[1].begun - heard[0].ended == pytest.approx(0.7, abs=0.3), "a breath between them"


def test_one_key_switches_at_the_same_second_and_never_do_two_sound(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=1, seconds=6)
    page = overheard(stage)
    first = in_hand(page)
    for pause_ms in (900, 500, 130, 60, 700):
        page.wait_for_timeout(pause_ms)
        page.keyboard.press("x")
    expect(page.locator(f"[data-clip={the_other(first)}] .is-playing")).to_be_visible()
    assert playing(page) == 1
    page.wait_for_timeout(300)
    heard = sounds(page)
    assert len(heard) == 6
    assert [sound.clip for sound in heard] == [0, 1, 0, 1, 0, 1]
    check_never_together(heard)
    for before, after in pairwise(heard):
        stopped = before.ended - FADE_S
        assert after.since == pytest.approx(before.second_at(stopped), abs=NEAR_S), "not at the same second"
        assert after.begun - before.ended < NEAR_S, "a gap"
    assert heard[-1].since > 2


def test_a_silent_switch_stays_silent_and_keeps_the_second(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=1, seconds=6)
    page = overheard(stage)
    first = in_hand(page)
    page.wait_for_timeout(1200)
    page.keyboard.press("Space")
    in_state(page, "ready")
    page.get_by_role("button", name="Switch to the other music at the same second").click()
    assert in_hand(page) == the_other(first)
    assert playing(page) == 0
    page.wait_for_timeout(300)
    page.keyboard.press("Space")
    in_state(page, "playing")
    heard = sounds(page)
    assert len(heard) == 2
    assert heard[1].since == pytest.approx(heard[0].second_at(heard[0].ended - FADE_S), abs=NEAR_S)
    assert heard[1].since > 1


def test_after_its_end_the_switch_begins_the_other_one(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=1)
    page = overheard(stage)
    first = in_hand(page)
    expect(page.locator(f"[data-clip={first}] .is-playing")).to_be_hidden()
    page.keyboard.press("x")
    expect(page.locator(f"[data-clip={the_other(first)}] .is-playing")).to_be_visible()
    in_state(page, "heard")
    heard = sounds(page)
    check_never_together(heard)
    assert [(sound.clip, sound.since) for sound in heard] == [(0, 0), (1, 0)]


def test_what_was_switched_over_still_has_to_be_heard(stage: Stage, spring: Campaign):
    """Half of one and half of the other is not all of both."""
    tasks(spring, asks_with="painting", count=1)
    page = overheard(stage)
    first = in_hand(page)
    page.wait_for_timeout(600)
    page.keyboard.press("x")
    expect(page.locator(f"[data-clip={the_other(first)}] .is-playing")).to_be_visible()
    in_state(page, "ready")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=prompt]")).to_have_text("Listen to both to the end.")
    assert not Vote.objects.exists()
    page.keyboard.press("r")
    expect(page.locator("[data-part=prompt]")).to_have_text(
        f"Listen to all of music {1 if first == 'left' else 2}, too."
    )
    page.keyboard.press("x")
    page.keyboard.press("r")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    all_sent(page)
    check_never_together(sounds(page))
    evidence = Vote.objects.get().evidence
    assert evidence["switches"] == 2
    assert [to for _, to, _ in evidence["switched"]] == [the_other(first), first]
    assert evidence["switched"][0][2] == pytest.approx(0.6, abs=0.4)
    for side in ("left", "right"):
        assert evidence["clips"][side]["played_ms"] == pytest.approx(CLIP_S * 1000, abs=80)


def test_both_go_over_and_over_until_it_is_switched_off(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=1)
    page = overheard(stage)
    first = in_hand(page)
    button = page.get_by_role("button", name="Play over and over")
    page.keyboard.press("l")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1.3 * CLIP_S * 1000)
    expect(page.locator(f"[data-clip={first}] .is-playing")).to_be_visible()
    page.keyboard.press("x")
    page.wait_for_timeout(1.1 * CLIP_S * 1000)
    expect(page.locator(f"[data-clip={the_other(first)}] .is-playing")).to_be_visible()
    button.click()
    in_state(page, "heard")
    check_never_together(sounds(page))
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    all_sent(page)
    clips = Vote.objects.get().evidence["clips"]
    assert clips[first]["rounds"] >= 1
    assert clips[the_other(first)]["rounds"] >= 1


def test_seeking_is_of_the_one_in_hand_and_starts_nothing(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=1, seconds=6)
    page = overheard(stage)
    first = in_hand(page)
    number = {"left": "1", "right": "2"}
    page.keyboard.press("Space")
    in_state(page, "ready")
    page.keyboard.press(".")
    position = page.get_by_role("slider", name=f"Position in music {number[first]}")
    other = page.get_by_role("slider", name=f"Position in music {number[the_other(first)]}")
    expect(position).to_have_attribute("aria-valuenow", "2")
    expect(other).to_have_attribute("aria-valuenow", "0")
    box = other.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    expect(other).to_have_attribute("aria-valuenow", "4")
    assert playing(page) == 0
    other.focus()
    page.keyboard.press("Home")
    expect(other).to_have_attribute("aria-valuenow", "0")
    expect(page.locator("[data-choose=left]")).to_have_attribute("aria-pressed", "false")


def test_going_back_to_a_vote_silences_what_plays_and_gives_it_back(stage: Stage, spring: Campaign):
    tasks(spring, asks_with="painting", count=2)
    page = overheard(stage)
    in_state(page, "heard")
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    in_state(page, "playing")
    page.keyboard.press("z")
    assert playing(page) == 0
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    in_state(page, "playing")
    check_never_together(sounds(page))
