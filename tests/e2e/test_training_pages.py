"""Training in a real browser: the form by keyboard, a run that is followed without reloading, runs side by side."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_claim, job_finish, job_progress
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.following import LOG_NAME
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_folder, version_promote
from model import recipes
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, TABLET, Stage
from tests.e2e.test_accessibility import serious
from tests.training.fabricated import (
    append_events,
    learning,
    make_done_run,
    make_report,
    make_run,
    start,
    step,
    write_maps,
)
from tests.training.test_run_pages import url
from tests.training.test_services import make_snapshot
from tests.training.test_version_pages import url as version_url

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def snapshot(transactional_db: None) -> Snapshot:
    return make_snapshot()


def newest() -> TrainingRun:
    found = TrainingRun.objects.order_by("-pk").first()
    assert found is not None
    return found


def state_of(page: Page, state: str) -> None:
    expect(page.locator(".jobs-live")).to_have_attribute("data-state", state, timeout=SOON_MS)


def say(run: TrainingRun, words: str) -> None:
    with (run_folder(run) / LOG_NAME).open("a") as log:
        log.write(words + "\n")


def test_a_run_is_filled_in_by_keyboard_and_followed_without_reloading(admin: Stage, snapshot: Snapshot) -> None:
    page = admin.visit(url("add"))
    settings = page.locator("#recipe-settings")
    page.get_by_label("Recipe", exact=False).first.select_option("paper")
    expect(settings).to_contain_text("Settings of paper@tiny", timeout=SOON_MS)

    optimiser = page.locator("#settings-optim")
    optimiser.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(optimiser).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Learning rate", exact=True)).to_be_focused()
    page.keyboard.type("0.004")
    page.get_by_role("radio", name=re.compile("^Small")).focus()
    page.keyboard.press("ArrowDown")  # to Tiny and back, so that the settings are fetched again
    page.keyboard.press("ArrowUp")
    expect(settings).to_contain_text("Settings of paper@small", timeout=SOON_MS)
    expect(page.get_by_label("Learning rate", exact=True)).to_have_value("0.004")
    expect(optimiser).to_have_attribute("open", "")
    page.get_by_label("Batch (pairs)", exact=True).fill("many")
    page.get_by_role("button", name="Start training").click()
    expect(optimiser).to_contain_text("many is not a whole number")
    page.get_by_label("Batch (pairs)", exact=True).fill("")
    page.get_by_role("button", name="Start training").click()

    state_of(page, "queued")
    assert (newest().recipe, newest().overrides) == ("paper@small", {"optim.lr": 0.004})
    follow(page)
    page.get_by_role("link", name="Run again with changes").click()
    expect(page.get_by_label("Learning rate", exact=True)).to_have_value("0.004")


def follow(page: Page) -> None:
    """From the queue to the report: the page is never reloaded, and what was opened on it stays open."""
    page.evaluate("window.isTheSamePage = true")
    run = job_claim(model=TrainingRun, job_id=newest().pk, worker="w1", now=timezone.now())
    assert run is not None
    append_events(run, learning(40))
    say(run, "step 40")
    job_progress(job=run, now=timezone.now(), done=40, total=200, words="Learning scores: step 40 of 200")
    expect(page.locator(".jobs-words")).to_have_text("Learning scores: step 40 of 200", timeout=SOON_MS)
    curve = page.locator(".training-loss path.chart-line").first
    curve.wait_for(state="attached")
    early = curve.get_attribute("d") or ""

    log = page.locator("#log")
    log.locator("summary").click()
    page.get_by_role("button", name="Cancel").focus()
    append_events(run, [step(at, loss=0.05) for at in range(42, 100, 2)])
    say(run, "step 98")
    expect(curve).not_to_have_attribute("d", early, timeout=SOON_MS)
    expect(log.locator("pre")).to_contain_text("step 98", timeout=SOON_MS)
    expect(log).to_have_attribute("open", "")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Stopping…")).to_be_visible()

    job_finish(job=run, state=JobState.CANCELLED, now=timezone.now())
    page.get_by_role("button", name="Resume").click()
    state_of(page, "queued")
    page.evaluate("window.isTheSamePage = true")
    again = job_claim(model=TrainingRun, job_id=run.pk, worker="w2", now=timezone.now())
    assert again is not None
    append_events(again, [start(60), *(step(at, loss=0.02) for at in range(62, 201, 2)), {"event": "end"}])
    write_maps(again)
    job_finish(job=again, state=JobState.DONE, now=timezone.now(), report=make_report(recipe="paper@small"))
    state_of(page, "done")
    expect(page.get_by_text("New painting, new track in the test split")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^2 .* 60 "))).to_be_visible()
    picture = page.locator(".run-strip img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.run-strip img').naturalWidth > 0")
    assert page.evaluate("window.isTheSamePage")


def test_nothing_serious_on_any_page_of_any_size(admin: Stage, snapshot: Snapshot, screens: Path) -> None:
    done = make_done_run(snapshot, note="With the music's vector normalised")
    config = recipes.get("tiny").with_overrides({"optim.lr": 0.01}).to_dict()
    better = make_done_run(snapshot, report=make_report(srcc=0.85, half=0.03, config=config), seed=2)
    TrainingRun.objects.filter(pk=better.pk).update(overrides={"optim.lr": 0.01})
    running = make_run(snapshot, state=JobState.RUNNING, done=60, total=200, words="Learning scores: step 60 of 200")
    append_events(running, learning(60, height=0.5))
    say(running, "step 60 of 200")
    failed = make_run(snapshot, state=JobState.FAILED, error="The disk is full: make room, then resume.")
    others = [make_done_run(snapshot, seed=3 + more) for more in range(2)]
    earlier, _ = (
        version_promote(run=run, note="Why this one", user=None, now=timezone.now()) for run in (done, better)
    )
    runs = ",".join(str(run.pk) for run in (done, better, running, failed, *others))
    addresses = {
        "list": url("changelist"),
        "start": f"{url('add')}?again={better.pk}",
        "done": url("change", done.pk),
        "running": url("change", running.pk),
        "failed": url("change", failed.pk),
        "comparison": f"{url('compare')}?runs={runs}",
        "versions": version_url("changelist"),
        "version": version_url("change", earlier.pk),
        "activate": version_url("activate", earlier.pk),
        "promote": f"{version_url('add')}?run={others[0].pk}",
        "import": version_url("import"),
    }
    for size, viewport, scheme in (("laptop", LAPTOP, "light"), ("tablet", TABLET, "dark"), ("phone", PHONE, "light")):
        page = admin.visit(url("changelist"), viewport=viewport, color_scheme=scheme)
        for name, address in addresses.items():
            page.goto(admin.url + address)
            assert serious(page) == [], (address, size)
            if os.environ.get("SCREENS"):
                page.screenshot(path=screens / f"training-{name}-{size}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, size)
