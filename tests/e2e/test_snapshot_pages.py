"""Snapshots in a real browser: from the form through a running export to what was sealed, and beside another one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.jobs.services import job_claim, job_finish, job_progress
from annotation_site.scoring.services import rater_withdraw
from annotation_site.snapshots.comparing import snapshots_compare
from annotation_site.snapshots.models import Comparison, Snapshot, Verification
from annotation_site.snapshots.verifying import snapshot_verify
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, TABLET, Stage
from tests.e2e.test_accessibility import serious
from tests.snapshots.exported import export_do, sealed_snapshot, url
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def judged(transactional_db: None) -> Judged:
    """Twelve complete pairs; the thumbnails and waveforms that an import would have made."""
    judged = judged_campaign()
    for painting in judged.paintings:
        Painting.objects.filter(pk=painting.pk).update(thumbnail=painting.display.name)
    Clip.objects.update(peaks=[-60, 60] * 40)
    return judged


def newest() -> Snapshot:
    found = Snapshot.objects.order_by("-pk").first()
    assert found is not None
    return found


def state_of(page: Page, state: str) -> None:
    expect(page.locator(".jobs-live")).to_have_attribute("data-state", state, timeout=SOON_MS)


def test_from_the_form_to_a_comparison(admin: Stage, judged: Judged) -> None:
    page = admin.visit(url("add"))
    estimate = page.locator("#estimate")
    expect(estimate).to_contain_text("Complete, with 5 ratings each")
    expect(page.get_by_label("Ratings a pair, at least")).to_be_hidden()
    page.get_by_label("Pairs with at least so many ratings").check()
    page.get_by_label("Ratings a pair, at least").fill("4")
    expect(estimate).to_contain_text("With 4 ratings or more", timeout=SOON_MS)
    page.get_by_role("spinbutton", name="Training").fill("60")
    expect(estimate).to_contain_text("The three shares make 105 %, not 100 %.", timeout=SOON_MS)
    page.get_by_role("spinbutton", name="Training").fill("55")
    expect(estimate).to_contain_text("60", timeout=SOON_MS)
    page.get_by_role("button", name="Export").click()

    state_of(page, "queued")
    job = job_claim(model=Snapshot, job_id=newest().pk, worker="w1", now=timezone.now())
    assert job is not None
    job_progress(job=job, now=timezone.now(), done=3, total=12, words="Writing painting 3 of 4")
    expect(page.locator(".jobs-words")).to_have_text("Writing painting 3 of 4", timeout=SOON_MS)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Stopping…")).to_be_visible()
    job_finish(job=job, state=JobState.CANCELLED, now=timezone.now())
    page.get_by_role("button", name="Resume").click()
    state_of(page, "queued")
    assert export_do(newest()) == JobState.DONE
    state_of(page, "done")
    before = newest()
    expect(page.get_by_label("Digest")).to_have_value(before.digest)

    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verification progress")).to_be_visible()
    assert job_run(model=Verification, job_id=Verification.objects.get().pk, work=snapshot_verify) == JobState.DONE
    expect(page.locator("#verification")).to_contain_text("every byte is as it was sealed", timeout=SOON_MS)

    page.get_by_role("link", name="Export again like this one").click()
    page.get_by_role("radio", name=re.compile("^Mean ")).check()
    page.get_by_role("button", name="Export").click()
    state_of(page, "queued")
    assert export_do(newest()) == JobState.DONE
    state_of(page, "done")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("They are being compared")).to_be_visible()
    assert job_run(model=Comparison, job_id=Comparison.objects.get().pk, work=snapshots_compare) == JobState.DONE
    expect(page.get_by_text("Pairs that moved most")).to_be_visible(timeout=SOON_MS)
    page.locator("[data-player] button").first.click()
    expect(page.get_by_role("link", name="As JSON")).to_have_attribute("href", re.compile("before=.*after="))


def test_nothing_serious_on_any_page_of_any_size(admin: Stage, judged: Judged, screens: Path) -> None:
    Painting.objects.filter(pk=judged.paintings[0].pk).update(may_publish=False)
    before = sealed_snapshot(judged.campaign)
    rater_withdraw(rater=Rater.objects.get(pk=judged.raters[5].pk), now=timezone.now())
    after = sealed_snapshot(judged.campaign, overrides={"aggregator": "mean", "min_ratings": 4})
    verification = Verification.objects.create(snapshot=after, created_at=timezone.now())
    job_run(model=Verification, job_id=verification.pk, work=snapshot_verify)
    comparison = Comparison.objects.create(before=before, after=after, created_at=timezone.now())
    job_run(model=Comparison, job_id=comparison.pk, work=snapshots_compare)
    failed = Snapshot.objects.create(
        campaign=judged.campaign,
        name="Winter",
        recipe=after.recipe,
        state=JobState.FAILED,
        error="The disk is full: make room.",
        created_at=timezone.now(),
    )
    addresses = {
        "list": url("changelist"),
        "start": url("add"),
        "failed": url("change", failed.pk),
        "sealed": url("change", after.pk),
        "card": url("document", after.pk, "card"),
        "files": url("files", after.pk),
        "comparison": f"{url('compare')}?before={before.pk}&after={after.pk}",
    }
    for size, viewport, scheme in (("laptop", LAPTOP, "light"), ("tablet", TABLET, "dark"), ("phone", PHONE, "light")):
        page = admin.visit(url("changelist"), viewport=viewport, color_scheme=scheme)
        for name, address in addresses.items():
            page.goto(admin.url + address)
            if os.environ.get("SCREENS"):
                page.screenshot(path=screens / f"snapshots-{name}-{size}-{scheme}.png", full_page=True)
            assert serious(page) == [], (address, size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, size)
