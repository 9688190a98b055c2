"""The reliability pages in a real browser: accessible in light and dark, on every screen, sorted without scripts."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.accounts.models import Role
from annotation_site.reliability.pages.download import report_as_html
from annotation_site.reliability.report import report_compute
from annotation_site.scoring.models import Campaign, Pair, Rating
from tests import factories
from tests.e2e.stage import LAPTOP, PHONE, TABLET, Stage, real_clip, real_painting
from tests.e2e.test_accessibility import SCHEMES, serious

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SIZES = {"laptop": LAPTOP, "tablet": TABLET, "phone": PHONE}
PAIRS, RATERS = 60, 8
SOUNDING_MS = 10_000


@pytest.fixture
def autumn(transactional_db: None) -> Campaign:
    """Sixty pairs of twelve paintings and five clips: one rater rates high, one at random, one came back to a few."""
    cache.clear()
    campaign = factories.make_campaign(name="Autumn panel", slug="autumn", now=timezone.now())
    raters = [factories.make_rater(role=Role.values[number % 5]) for number in range(RATERS)]
    paintings = [real_painting(number) for number in range(12)]
    clips = [real_clip(number, seconds=4.0) for number in range(5)]
    rng = np.random.default_rng(4)
    start = timezone.now() - timedelta(weeks=6)
    for number in range(PAIRS):
        pair = factories.make_pair(campaign=campaign, painting=paintings[number % 12], clip=clips[number // 12])
        truth = rng.uniform(0.1, 0.9)
        for place in rng.permutation(RATERS)[:5].tolist():
            value = rng.random() if place == 0 else truth + 0.12 * (place == 1) + 0.06 * rng.standard_normal()
            factories.make_rating(
                pair=pair,
                rater=raters[place],
                value=float(np.clip(value, 0, 1)),
                now=start + timedelta(hours=16 * number),
                active_ms=int(rng.integers(14_000, 40_000)),
                played_ms=15_000,
                input_method="mouse",
            )
    for first in Rating.objects.filter(rater=raters[2]).order_by("pk")[:6]:
        factories.make_repeat(first=first, value=min(first.value + 0.05, 1.0))
    paired = campaign.pairs.filter(clip=clips[0]).order_by("pk")
    factories.make_task(pair_a=paired[0], pair_b=paired[1])
    for painting in paintings:
        painting.style = ["Baroque", "Impressionism", "Romanticism"][painting.pk % 3]
        painting.collection = "WikiArt"
        painting.save()
    return campaign


def addresses(campaign: Campaign) -> dict[str, str]:
    worst = Pair.objects.order_by("-dispersion")[0]
    careless, again = (Rating.objects.order_by("rater")[0].rater, Rating.objects.filter(repeat__isnull=False)[0].rater)
    return {
        "dashboard": "/admin/reliability/?campaign=autumn",
        "careless": f"/admin/reliability/raters/{careless.pk}/?campaign=autumn",
        "rater": f"/admin/reliability/raters/{again.pk}/?campaign=autumn",
        "pair": f"/admin/reliability/pairs/{worst.pk}/",
    }


@pytest.fixture
def photograph(request: pytest.FixtureRequest, screens: object) -> Callable[[Page, str], None]:
    """Keeps what was looked at, where the tests are told to (`SCREENS=1`)."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("SCREENS"):
            page.screenshot(path=f"{screens}/reliability-{name}.png", full_page=True)

    return take


@SCHEMES
@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_on_any_page(
    admin: Stage, autumn: Campaign, scheme: str, size: str, photograph: Callable[[Page, str], None]
):
    context = admin.context(color_scheme=scheme, viewport=SIZES[size])
    page = admin.visit("/admin/reliability/?campaign=autumn", context=context)
    for name, address in addresses(autumn).items():
        page.goto(admin.url + address)
        photograph(page, f"{name}-{size}-{scheme}")
        assert serious(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is wider than {size}"


def test_raters_are_sorted_by_plain_links(admin: Stage, autumn: Campaign):
    page = admin.visit("/admin/reliability/?campaign=autumn", java_script_enabled=False)
    page.get_by_role("link", name="Error").click()
    head = page.get_by_role("columnheader", name="Error")
    expect(head).to_have_attribute("aria-sort", "descending")
    errors = [float(cell) for cell in page.locator(".reliability-raters tbody td:nth-child(8)").all_inner_texts()]
    assert len(errors) == RATERS
    assert errors == sorted(errors, reverse=True)
    page.get_by_role("link", name="Error").click()
    expect(head).to_have_attribute("aria-sort", "ascending")


def test_the_way_from_a_flag_to_the_page_that_excludes(admin: Stage, autumn: Campaign):
    page = admin.visit("/admin/reliability/?campaign=autumn&sort=-error")
    page.locator(".reliability-raters tbody th a").first.click()
    expect(page.get_by_text("agrees little with peers")).to_be_visible()
    page.get_by_role("link", name="Exclude: see first what it changes").click()
    expect(page.get_by_text("no longer count")).to_have_count(2)


def test_a_worst_pair_is_heard_in_place_and_on_its_own_page(admin: Stage, autumn: Campaign):
    page = admin.visit("/admin/reliability/?campaign=autumn")
    page.locator(".reliability-worst [data-player] button").first.click()
    expect(page.locator("[data-player][data-state=playing]")).to_have_count(1, timeout=SOUNDING_MS)
    page.locator(".reliability-worst a").first.click()
    page.locator("[data-player] button").click()
    expect(page.locator("[data-player][data-state=playing]")).to_have_count(1, timeout=SOUNDING_MS)


def test_the_headline_follows_a_rating_by_itself(admin: Stage, autumn: Campaign):
    page = admin.visit("/admin/reliability/?campaign=autumn")
    ratings = page.locator("#reliability .atelier-figure", has_text="Ratings").locator("strong")
    expect(ratings).to_have_text("300")
    pair = factories.make_pair(campaign=autumn, painting=real_painting(99), clip=real_clip(9))
    factories.make_rating(pair=pair, rater=Rating.objects.all()[0].rater, value=0.4)
    expect(ratings).to_have_text("301", timeout=15_000)


@SCHEMES
def test_the_downloaded_report_stands_alone(
    admin: Stage, autumn: Campaign, scheme: str, tmp_path, photograph: Callable[[Page, str], None]
):
    file = tmp_path / "report.html"
    file.write_text(report_as_html(report=report_compute(campaign=autumn, now=timezone.now())))
    page = admin.context(color_scheme=scheme).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    photograph(page, f"download-{scheme}")
    assert asked == [file.as_uri()]
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(15, 17, 21)" if scheme == "dark" else "rgb(247, 248, 250)")
