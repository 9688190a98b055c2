"""The loop's pages in a real browser: a cycle is begun, followed live, fails, is tried again and comes to its end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from annotation_site.cycles.machine import CycleState, StepKind
from annotation_site.cycles.models import Contest, Cycle, Schedule
from annotation_site.jobs.models import JobState
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.services import run_folder
from model.contest import Verdict
from tests.cycles.rounds import begun, end, end_all, found, make_schedule, make_version
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, Stage
from tests.e2e.test_accessibility import serious

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

EXPORT, TRAIN, CONTEST, PROMOTE, RESCORE, PROPOSE = StepKind


@pytest.fixture
def schedule(transactional_db: None) -> Schedule:
    schedule = make_schedule(every_pairs=200)
    make_version(schedule.campaign)
    return schedule


def url(name: str, *arguments: object) -> str:
    return reverse(f"admin:cycles_{name}", args=arguments)


def write_loss(run: TrainingRun) -> None:
    folder = run_folder(run)
    folder.mkdir(parents=True)
    events = [
        {"event": "step", "step": step, "steps": 60, "loss": 0.09 * 0.95**step, "loss_reg": 0.0, "loss_dpo": None}
        for step in range(1, 61)
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def step(page: Page, kind: StepKind, state: str) -> None:
    expect(page.locator(f"[data-step={kind}]")).to_have_attribute("data-state", state, timeout=SOON_MS)


def test_a_cycle_is_begun_by_hand_and_followed_to_its_end(admin: Stage, schedule: Schedule) -> None:
    page = admin.visit(url("schedule_change", schedule.pk))
    expect(page.get_by_role("heading", name="After 199 more complete pairs")).to_be_visible()
    page.get_by_role("button", name="Run one cycle now").click()
    step(page, EXPORT, "running")
    cycle = Cycle.objects.get()
    end(cycle, EXPORT)
    step(page, TRAIN, "running")
    end(cycle, TRAIN, JobState.FAILED, error="Out of memory: choose a smaller recipe.")
    expect(page.get_by_role("alert")).to_have_text("Out of memory: choose a smaller recipe.", timeout=SOON_MS)
    page.get_by_role("button", name="Try that step again").click()
    step(page, TRAIN, "running")
    end_all(cycle, TRAIN, CONTEST)
    step(page, PROMOTE, "done")
    expect(page.locator("[data-step=contest] .cycles-dot.is-above")).to_be_visible()
    end_all(cycle, RESCORE, PROPOSE)
    expect(page.locator(".cycles")).to_have_attribute("data-state", CycleState.DONE, timeout=SOON_MS)


def test_nothing_serious_on_any_page_of_any_size(admin: Stage, schedule: Schedule, screens: Path) -> None:
    first = begun(schedule)
    end(first, EXPORT)
    write_loss(TrainingRun.objects.order_by("-pk")[0])
    end_all(first, TRAIN, CONTEST, RESCORE, PROPOSE)
    ModelVersion.objects.update(is_active=False)
    second = begun(make_schedule())
    trivial = {
        name: {"verdict": "better", "regimes": {"unseen-both": {"srcc": row}}}
        for name, row in {
            "“constant”": {"n": 80, "new": 0.31, "other": 0.0, "difference": 0.31, "low": 0.12, "high": 0.49},
            "“additive”": {"n": 80, "new": 0.31, "other": 0.35, "difference": -0.04, "low": -0.21, "high": 0.14},
        }.items()
    }
    end_all(second, EXPORT, TRAIN, CONTEST, contest={"found": found(Verdict.NOT_TOLD_APART) | {"opponents": trivial}})
    third = begun(make_schedule())
    end(third, EXPORT)
    end(third, TRAIN, JobState.FAILED, error="Out of memory: choose a smaller recipe or batch, then resume.")
    addresses = {
        "schedule": url("schedule_change", schedule.pk),
        "new-schedule": url("schedule_add"),
        "done": url("cycle_change", first.pk),
        "stopped": url("cycle_change", second.pk),
        "failed": url("cycle_change", third.pk),
        "contest": url("contest_change", Contest.objects.order_by("pk")[0].pk),
    }
    for size, viewport, scheme in (("laptop", LAPTOP, "dark"), ("phone", PHONE, "light")):
        page = admin.visit("/admin/", viewport=viewport, color_scheme=scheme)
        for name, address in addresses.items():
            page.goto(admin.url + address)
            if os.environ.get("SCREENS"):
                page.screenshot(path=screens / f"cycles-{name}-{size}-{scheme}.png", full_page=True)
            assert serious(page) == [], (address, size, scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, size)
