"""The corpus pages of the panel in a real browser: accessible in light and dark, played in place, decided by keys."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.corpus.models import Clip, Painting, PaintingLikeness, Track, TrackLikeness
from tests import factories
from tests.e2e.stage import PHONE, Stage, real_clip, real_painting
from tests.e2e.test_accessibility import SCHEMES, serious

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SOUNDING_MS = 10_000


@pytest.fixture
def paintings(transactional_db: None) -> list[Painting]:
    """Three paintings: one in a pair with a rating, one withdrawn, one that may not be published."""
    found = [real_painting(number) for number in range(3)]
    pair = factories.make_pair(painting=found[0], clip=real_clip(0, seconds=4.0))
    factories.make_rating(pair=pair, rater=factories.make_rater(), value=0.5)
    now = timezone.now()
    Painting.objects.filter(pk=found[1].pk).update(withdrawn_at=now, withdrawn_because="Its licence", artist="Ann")
    Painting.objects.filter(pk=found[2].pk).update(may_publish=False, style="Baroque")
    for second in found[1:]:
        PaintingLikeness.objects.create(first=found[0], second=second, similarity=0.9, created_at=now)
    return found


@pytest.fixture
def tracks(transactional_db: None) -> list[Track]:
    clips = [real_clip(number, seconds=4.0) for number in range(2)]
    Clip.objects.update(loudness_lufs=-14.0, true_peak_dbtp=-1.0)
    Track.objects.update(valence=6.0, arousal=4.0)
    first, second = (clip.track for clip in clips)
    TrackLikeness.objects.create(first=first, second=second, similarity=0.9, created_at=timezone.now())
    return [first, second]


@SCHEMES
@pytest.mark.parametrize("size", [None, PHONE], ids=["laptop", "phone"])
def test_nothing_serious_on_any_page(
    admin: Stage, paintings: list[Painting], tracks: list[Track], scheme: str, size: dict | None
):
    context = admin.context(color_scheme=scheme, **({"viewport": size} if size else {}))
    page = admin.visit("/admin/corpus/painting/", context=context)
    in_use, withdrawn, _ = paintings
    for address in (
        "/admin/corpus/painting/?view=grid&kind=real",
        "/admin/corpus/painting/?q=nothing",
        "/admin/corpus/track/?view=grid",
        f"/admin/corpus/painting/{in_use.pk}/change/",
        f"/admin/corpus/painting/{withdrawn.pk}/change/",
        f"/admin/corpus/painting/{in_use.pk}/remove/",
        f"/admin/corpus/painting/{withdrawn.pk}/bring_back/",
        f"/admin/corpus/painting/{withdrawn.pk}/delete_files/",
        f"/admin/corpus/track/{tracks[0].pk}/change/",
        "/admin/corpus/look-alikes/?kind=paintings",
        "/admin/corpus/look-alikes/?kind=tracks",
        "/admin/corpus/statistics/",
    ):
        page.goto(admin.url + address)
        assert serious(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{address} is wider than the screen"
        )


def test_nothing_serious_where_nothing_is(admin: Stage):
    page = admin.visit("/admin/corpus/statistics/")
    for address in ("/admin/corpus/statistics/", "/admin/corpus/look-alikes/", "/admin/corpus/painting/"):
        page.goto(admin.url + address)
        assert serious(page) == [], address


def playing(page: Page) -> list[str]:
    return page.locator("[data-player][data-state=playing] button").evaluate_all(
        "buttons => buttons.map(button => button.getAttribute('aria-label'))"
    )


def test_one_clip_plays_at_a_time(admin: Stage, tracks: list[Track]):
    page = admin.visit("/admin/corpus/track/?view=grid")
    buttons = page.locator("[data-player] button")
    expect(buttons).to_have_count(2)
    names = [button.get_attribute("aria-label") for button in buttons.all()]
    buttons.nth(0).click()
    expect(buttons.nth(0)).to_have_attribute("aria-pressed", "true", timeout=SOUNDING_MS)
    buttons.nth(1).click()
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true", timeout=SOUNDING_MS)
    assert playing(page) == [str(names[1]).replace("Play", "Pause")]
    expect(buttons.nth(0)).to_have_attribute("aria-pressed", "false")
    buttons.nth(1).press("Space")
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "false")
    assert playing(page) == []


def test_look_alikes_are_decided_and_undone_by_keys(admin: Stage, paintings: list[Painting]):
    PaintingLikeness.objects.filter(second=paintings[1]).delete()
    page = admin.visit("/admin/corpus/look-alikes/")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="No paintings wait for a decision")).to_be_visible()
    report = PaintingLikeness.objects.get()
    assert (report.verdict, report.decided_by) == ("same", admin.rater.user)
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Different works")).to_be_visible()
    page.keyboard.press("2")
    page.wait_for_url(f"**/painting/{paintings[2].pk}/remove/")
    report.refresh_from_db()
    assert report.verdict == "open"


def test_selected_paintings_are_described_from_the_grid(admin: Stage, paintings: list[Painting]):
    page = admin.visit("/admin/corpus/painting/?view=grid")
    for painting in paintings[:2]:
        page.get_by_label(f"Select {painting}", exact=True).check()
    expect(page.locator(".action-counter")).to_have_text("2 of 3 selected")
    page.get_by_label("Select all on this page").check()
    expect(page.locator(".action-counter")).to_have_text("3 of 3 selected")
    page.get_by_label(f"Select {paintings[2]}", exact=True).uncheck()
    page.locator("select[name=action]").select_option("describe")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Collection", exact=True).fill("WikiArt")
    page.get_by_role("button", name="Set for all of them").click()
    expect(page.get_by_text("Set for 2 paintings: collection.")).to_be_visible()
    assert set(Painting.objects.filter(collection="WikiArt")) == set(paintings[:2])
