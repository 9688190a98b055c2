"""The judge page in a real browser: asked, waited for, heard, looked into layer by layer, ranked; in every size."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.jobs.models import JobState
from annotation_site.judging.models import Judging
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, TABLET, Stage, real_clip, real_painting
from tests.e2e.test_accessibility import SCHEMES, violations
from tests.judging.conftest import (
    finish,
    make_done,
    make_judging,
    make_version,
    music_bytes,
    nothing_is_sent,
    picture_bytes,
)

__all__ = ["nothing_is_sent"]

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SCORES = [[0.62, 0.55, 0.71, 0.6], [0.41, 0.35, 0.5, 0.44], [0.66, 0.6, 0.68, 0.7], [0.2, 0.15, 0.3, 0.22]]
ONE = [[0.62, 0.55, 0.71, 0.6]]


def picture(number: int) -> dict:
    return {"name": f"p{number}.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes(number)}


def sound() -> dict:
    return {"name": "song.flac", "mimeType": "audio/flac", "buffer": music_bytes(31)}


def done(admin: Stage, scores: list[list[float]], **fields: object) -> Judging:
    make_version(now=timezone.now())
    audio = music_bytes(15)
    return make_done(scores, user=admin.rater.user, audio=audio, **fields)


def test_asked_waited_for_and_answered_without_reloading_by_hand(admin: Stage, screens: Path):
    make_version(now=timezone.now())
    page = admin.visit("/judge/")
    page.get_by_label("Pictures of your own").set_input_files([picture(1), picture(2)])
    expect(page.locator("[data-part=painting-names] li")).to_have_text(["p1.jpg", "p2.jpg"])
    page.get_by_label("One piece of your own").set_input_files(sound())
    page.get_by_label("Only the 15 seconds there").check()
    page.get_by_role("button", name="Ask", exact=True).click()
    waiting = page.locator(".judge-waiting")
    expect(waiting).to_have_attribute("data-state", "queued")
    judging = Judging.objects.get()
    Judging.objects.update(state=JobState.RUNNING, words="Judging", done=1, total=2)
    expect(waiting).to_have_attribute("data-state", "running", timeout=SOON_MS)
    expect(page.locator("progress")).to_have_attribute("value", "1")
    page.screenshot(path=screens / "judge-waiting.png")
    judging.refresh_from_db()
    finish(judging, [[0.4], [0.7]])
    expect(page.get_by_role("heading", level=1)).to_have_text("2 paintings for one piece of music", timeout=SOON_MS)
    expect(page.locator(".judge-places .name")).to_have_text(["p2.jpg", "p1.jpg"])
    page.get_by_role("button", name="Delete this").click()
    expect(page.get_by_text("It is deleted, with all files")).to_be_visible()
    assert not Judging.objects.exists()


def test_a_failure_reaches_whoever_waits(admin: Stage):
    make_version(now=timezone.now())
    judging = make_judging(created_by=admin.rater.user)
    page = admin.visit(f"/judge/{judging.key}/")
    Judging.objects.update(state=JobState.FAILED, error="a.jpg: The JPEG picture is damaged.")
    expect(page.get_by_role("alert")).to_have_text("a.jpg: The JPEG picture is damaged.", timeout=SOON_MS)


def test_the_layers_by_keyboard(admin: Stage, screens: Path):
    judging = done(admin, ONE, layers=12)
    page = admin.visit(f"/judge/{judging.key}/")
    layer = page.locator(".judge-canvas [data-part=layer]")
    expect(layer).to_be_hidden()
    depth, strength = page.get_by_label("Layer", exact=True), page.get_by_label("Strength")
    depth.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(layer).to_be_visible()
    expect(page.locator("[data-part=layer-words]")).to_have_text("Layer 2 of 12: on average 0.4")
    expect(depth).to_have_attribute("aria-valuetext", "layer 2")
    strength.focus()
    page.keyboard.press("End")
    expect(layer).to_have_css("opacity", "1")
    page.locator("[data-layer='7']").click()
    expect(page.locator("[data-layer='7']")).to_have_attribute("aria-pressed", "true")
    assert layer.get_attribute("src") == page.locator("[data-layer='7'] .layer").get_attribute("src")
    canvas, painting = page.locator("figure .judge-canvas"), page.locator("figure .painting")
    assert canvas.bounding_box() == pytest.approx(painting.bounding_box(), abs=1)
    page.screenshot(path=screens / "judge-layer.png")
    page.locator("[data-layer='7']").click()
    expect(layer).to_be_hidden()


def test_the_music_plays_along_its_curve(admin: Stage):
    judging = done(admin, ONE)
    page = admin.visit(f"/judge/{judging.key}/")
    player, now, clock = (page.locator(f"[data-part={name}]") for name in ("player", "now", "clock"))
    expect(now).to_be_hidden()
    page.get_by_role("button", name="Play").click()
    expect(player).to_have_attribute("data-state", "playing", timeout=SOON_MS)
    expect(now).to_be_visible()
    expect(clock).to_have_text(re.compile(r"0:0[1-9]"), timeout=SOON_MS)
    page.get_by_role("slider", name="Where in the music").fill("29.5")
    expect(clock).to_have_text(re.compile(r"0:3\d"), timeout=SOON_MS)  # over the edge of two windows
    expect(player).to_have_attribute("data-state", "playing")
    page.get_by_role("button", name="Pause").click()
    expect(player).to_have_attribute("data-state", "still")
    box, line = page.locator("[data-part=time]").bounding_box(), now.bounding_box()
    assert box is not None
    assert line is not None
    assert (line["x"] - box["x"]) / box["width"] == pytest.approx(0.5, abs=0.06)


def test_a_painting_of_the_ranking_is_looked_at(admin: Stage, screens: Path):
    judging = done(admin, SCORES, told_apart=False)
    page = admin.visit(f"/judge/{judging.key}/")
    expect(page.locator(".judge-places .name")).to_have_text([f"painting {row}.jpg" for row in (2, 0, 1, 3)])
    expect(page.get_by_label("Places 1 to 2 are not told apart")).to_be_visible()
    page.screenshot(path=screens / "judge-ranking.png", full_page=True)
    page.get_by_role("link", name="painting 3.jpg").click()
    expect(page.locator("figure .painting")).to_have_attribute("alt", "painting 3.jpg")
    expect(page.locator(".judge-score .number").first).to_have_text("0.22")


def test_the_corpus_is_searched_without_losing_what_was_chosen(admin: Stage, screens: Path):
    make_version(now=timezone.now())
    for number in range(3):
        real_painting(number)
    real_clip(1)
    page = admin.visit("/judge/")
    page.get_by_label("One piece of your own").set_input_files(sound())
    page.get_by_role("button", name="Some paintings").click()
    found = page.locator("[name=paintings]")
    expect(found).to_have_count(3, timeout=SOON_MS)
    found.first.check()
    key = found.first.get_attribute("value")
    page.get_by_label("Paintings: title").fill("nothing that is there")
    page.get_by_label("Paintings: title").press("Enter")
    expect(found).to_have_count(1, timeout=SOON_MS)
    expect(found).to_have_value(key or "")
    expect(found).to_be_checked()
    page.screenshot(path=screens / "judge-corpus.png", full_page=True)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".judge-waiting")).to_be_visible()
    subjects = Judging.objects.get().subjects
    assert [one.name for one in subjects.all()] == ["song.flac", subjects.get(kind="painting").painting.title]


def test_it_works_without_scripts(admin: Stage):
    make_version(now=timezone.now())
    real_painting(1)
    page = admin.visit("/judge/", java_script_enabled=False)
    page.get_by_role("button", name="Some paintings").click()
    page.locator("[name=paintings]").check()
    page.get_by_label("One piece of your own").set_input_files(sound())
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("heading", name="The model looks and listens")).to_be_visible()
    finish(Judging.objects.get(), ONE)
    page.get_by_role("link", name="See how far it is").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("it fits rather well", re.IGNORECASE))
    expect(page.locator(".judge-windows tbody tr")).to_have_count(4)
    expect(page.locator("audio")).to_have_count(4)
    expect(page.locator(".judge-film .layer")).to_have_count(3)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@SCHEMES
@pytest.mark.parametrize("size", [LAPTOP, TABLET, PHONE], ids=["laptop", "tablet", "phone"])
def test_every_state_is_accessible_and_fits(
    admin: Stage, scheme: str, size: dict, screens: Path, request: pytest.FixtureRequest
):
    name = request.node.callspec.id.replace("[", "").replace("]", "")
    page = admin.visit("/judge/", color_scheme=scheme, viewport=size)

    def look(what: str) -> None:
        page.screenshot(path=screens / f"judge-{what}-{name}.png", full_page=True)
        assert violations(page) == [], what
        assert fits(page), f"{what} is wider than the screen"

    expect(page.get_by_text("No model version is active yet")).to_be_visible()
    look("none")
    one = done(admin, ONE, layers=12)
    several = make_done(SCORES, user=admin.rater.user, told_apart=False, layers=12)
    waiting = make_judging(created_by=admin.rater.user, words="Waiting for a worker")
    page.goto(f"{admin.url}/judge/?some=paintings")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    look("form")
    page.goto(f"{admin.url}/judge/{waiting.key}/")
    expect(page.locator(".judge-waiting")).to_be_visible()
    look("waiting")
    page.goto(f"{admin.url}/judge/{several.key}/")
    expect(page.locator(".judge-places li").first).to_be_visible()
    look("several")
    page.goto(f"{admin.url}/judge/{one.key}/")
    page.locator("[data-layer='5']").click()
    expect(page.locator(".judge-canvas [data-part=layer]")).to_be_visible()
    look("one")
