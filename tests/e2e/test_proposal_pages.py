"""A proposed batch in a real browser: looked at and listened to, thinned out without reloading, approved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.corpus.models import Painting
from annotation_site.jobs.models import JobState
from annotation_site.rescoring.models import Proposal, ProposedPair, Rescoring, Route
from annotation_site.scoring.models import Campaign, Pair, Slot
from tests.e2e.stage import LAPTOP, PHONE, SOON_MS, TABLET, Stage, real_clip, real_painting
from tests.e2e.test_accessibility import serious
from tests.rescoring.makers import make_version

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

STYLES = ("Baroque", "Cubism", "Impressionism", "")


@pytest.fixture
def proposal(winter: Campaign) -> Proposal:
    """Sixteen pairs of four paintings and four clips, of every reason and route; a rescoring with all charts."""
    paintings, clips = (
        [real_painting(10 + number) for number in range(4)],
        [real_clip(10 + number) for number in range(4)],
    )
    for painting, style in zip(paintings, STYLES, strict=True):
        Painting.objects.filter(pk=painting.pk).update(style=style)
    ends = [
        {"painting": painting.key, "clip": clip.key, "score": 0.9 - 0.05 * number, "sd": 0.05}
        for number, (painting, clip) in enumerate(zip(paintings, clips, strict=True))
    ]
    now = timezone.now()
    rescoring = Rescoring.objects.create(
        version=make_version(),
        campaign=winter,
        state=JobState.DONE,
        stage="joining",
        created_at=now,
        started_at=now,
        finished_at=now,
        summary={
            "scored": 2000,
            "mean_score": 0.47,
            "mean_sd": 0.08,
            "ambiguous_percent": 31.0,
            "histogram": {"edges": [n / 40 for n in range(41)], "counts": [n * (40 - n) for n in range(40)]},
            "dots": [[n / 200, 0.05 + 0.1 * (n % 17) / 17] for n in range(200)],
            "styles": [["Baroque", 700, 0.55], ["Cubism", 600, 0.48], ["", 700, 0.41]],
            "ends": {"top": ends, "bottom": ends[::-1]},
        },
    )
    proposal = Proposal.objects.create(
        rescoring=rescoring,
        method="variance",
        count=16,
        state=JobState.DONE,
        created_at=now,
        started_at=now,
        finished_at=now,
        facts={"candidates": 1990, "unrated": 1990},
    )
    ProposedPair.objects.bulk_create(
        ProposedPair(
            proposal=proposal,
            rank=rank,
            painting=paintings[rank % 4],
            clip=clips[rank // 4],
            score=0.15 + 0.045 * rank,
            sd=0.02 + 0.01 * (16 - rank) / 2,
            reason="control" if rank % 5 == 4 else "variance",
            route=Route.RATINGS if rank < 9 or rank % 5 == 4 else Route.PREFERENCE if rank < 14 else Route.LEAVE,
        )
        for rank in range(16)
    )
    return proposal


def address(proposal: Proposal) -> str:
    return f"/admin/rescoring/proposal/{proposal.pk}/change/"


def wanted(page: Page, ratings: int) -> None:
    expect(page.locator("#batch-totals strong").first).to_have_text(str(ratings), timeout=SOON_MS)


def test_a_batch_is_heard_thinned_out_and_approved(admin: Stage, proposal: Proposal) -> None:
    page = admin.visit(address(proposal))
    wanted(page, 75)
    cards = page.locator(".rescoring-card")
    expect(cards).to_have_count(16)
    first, second = cards.nth(0), cards.nth(1)
    expect(first.locator("img")).to_have_js_property("complete", True)
    assert first.locator("img").evaluate("image => image.naturalWidth") > 0

    page.evaluate("window.isSamePage = true")
    first.get_by_role("button", name=re.compile("^Play ")).click()
    player = first.locator("[data-player]")
    expect(player).to_have_attribute("data-state", "playing", timeout=SOON_MS)
    expect(player.locator("[data-clock]")).not_to_have_text("0:00", timeout=SOON_MS)

    second.get_by_role("button", name="Drop", exact=True).click()
    expect(second.get_by_text("Dropped: nobody is asked.")).to_be_visible(timeout=SOON_MS)
    wanted(page, 70)
    second.get_by_role("button", name="Bring back").click()
    expect(second.get_by_role("button", name="Drop", exact=True)).to_be_visible(timeout=SOON_MS)
    wanted(page, 75)
    first.get_by_role("button", name="Drop all 4 of this painting").click()
    expect(page.locator(".is-dropped")).to_have_count(4, timeout=SOON_MS)
    wanted(page, 55)
    cards.nth(15).get_by_role("button", name="Ask all the same").click()
    expect(cards.nth(15).get_by_text("Added by hand.")).to_be_visible(timeout=SOON_MS)
    wanted(page, 60)
    assert page.evaluate("window.isSamePage") is True, "nothing was loaded again"

    page.get_by_role("link", name=re.compile("^Control arm")).click()
    expect(cards).to_have_count(3)
    page.get_by_role("link", name="Approve").click()
    expect(page.get_by_text("12 pairs come before all others in Winter panel")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("12 pairs asked of raters")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("button", name="Drop", exact=True)).to_have_count(0)
    asked = Pair.objects.exclude(origin="random")
    assert asked.count() == 12
    assert Slot.objects.filter(pair__in=asked).count() == 60


def test_without_scripts_the_same_buttons_work(admin: Stage, proposal: Proposal) -> None:
    page = admin.visit(address(proposal), java_script_enabled=False)
    page.locator(".rescoring-card").nth(0).get_by_role("button", name="Drop", exact=True).click()
    expect(page.locator(".is-dropped")).to_have_count(1)
    wanted(page, 70)


def test_nothing_serious_on_any_page_of_any_size(admin: Stage, proposal: Proposal, screens: Path) -> None:
    for rank, value in ((0, 0.3), (1, 0.5), (4, 0.5), (9, 0.5)):
        one = proposal.pairs.get(rank=rank)
        one.pair = Pair.objects.create(
            campaign=proposal.rescoring.campaign,
            painting=one.painting,
            clip=one.clip,
            key=str(rank),
            created_at=timezone.now(),
            rating_count=5,
            score=value,
        )
        one.save()
    approved = Proposal.objects.create(
        rescoring=proposal.rescoring,
        method="band",
        state=JobState.DONE,
        standing="approved",
        settled_at=timezone.now(),
        created_at=timezone.now(),
        finished_at=timezone.now(),
    )
    ProposedPair.objects.filter(pair__isnull=False).update(proposal=approved)
    proposal.pairs.filter(rank=2).update(is_dropped=True)
    pages = {
        "proposal": address(proposal),
        "rescoring": f"/admin/rescoring/rescoring/{proposal.rescoring_id}/change/",
        "rescoring-start": "/admin/rescoring/rescoring/add/",
        "proposal-start": f"/admin/rescoring/proposal/add/?rescoring={proposal.rescoring_id}",
        "proposal-approve": f"/admin/rescoring/proposal/{proposal.pk}/approve/",
    }
    for size, scheme, viewport in (("laptop", "light", LAPTOP), ("tablet", "dark", TABLET), ("phone", "dark", PHONE)):
        context = admin.context(viewport=viewport, color_scheme=scheme)
        for name, where in pages.items():
            page = admin.visit(where, context=context)
            expect(page.locator(".jobs-title, .atelier-question").first).to_be_visible()
            page.screenshot(path=screens / f"{name}-{size}.png", full_page=True)
            assert serious(page) == [], (name, size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
            page.close()
