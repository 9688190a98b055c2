"""What really comes out of the browser: an ear at the audio context's destination, while raters listen."""

from __future__ import annotations

import math

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation_site.corpus.models import Clip
from annotation_site.preferences.models import Vote
from annotation_site.scoring.models import Campaign, Rating
from tests import factories
from tests.e2e.stage import Stage, all_sent, in_state, real_painting, sound_on, steady_clip

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LOUD, SOFT = 0.5, 0.02  # amplitudes, 28 dB apart
TARGET = -23.0
AN_EAR = """
(() => {
  const connect = AudioNode.prototype.connect;
  let ear = null;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      ear ??= new AnalyserNode(target.context, { fftSize: 8192 });
      connect.call(this, ear);
    }
    return connect.call(this, target, ...rest);
  };
  window.heardDb = () => {
    const wave = new Float32Array(ear.fftSize);
    ear.getFloatTimeDomainData(wave);
    return 20 * Math.log10(Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length));
  };
})();
"""
"""Listens to whatever goes to the loudspeakers; `heardDb()` is its root mean square over the last fifth of a second."""


def tone_db(amplitude: float) -> float:
    """The root mean square of a sine, in dB of full scale."""
    return 20 * math.log10(amplitude / math.sqrt(2))


def desk(stage: Stage, address: str) -> Page:
    context = stage.context()
    context.add_init_script(AN_EAR)
    page = stage.visit(address, context=context)
    sound_on(page)
    in_state(page, "playing")
    return page


def heard_db(page: Page) -> float:
    """In the middle of a clip that has begun to play."""
    page.wait_for_timeout(700)
    level: float = page.evaluate("heardDb()")
    return level


def campaign_with(target: float | None, **fields: str) -> tuple[Campaign, Clip, Clip]:
    campaign = factories.make_campaign(loudness_lufs=target, now=timezone.now(), **fields)
    return campaign, steady_clip(LOUD), steady_clip(SOFT)


@pytest.mark.parametrize("target", [None, TARGET])
def test_a_loud_and_a_soft_clip_come_out_as_the_campaign_says(stage: Stage, target: float | None):
    campaign, loud, soft = campaign_with(target, slug="winter")
    for number, clip in enumerate((loud, soft)):
        factories.make_pair(campaign=campaign, painting=real_painting(number), clip=clip)
    page = desk(stage, "/score/winter/")
    levels = []
    for number in range(2):
        in_state(page, "playing")
        levels.append(heard_db(page))
        page.keyboard.press("PageUp")
        in_state(page, "heard")
        page.keyboard.press("Enter")
        all_sent(page)
        assert Rating.objects.count() == number + 1

    ratings = list(Rating.objects.select_related("pair__clip").order_by("created_at"))
    assert {rating.pair.clip for rating in ratings} == {loud, soft}
    for rating, level in zip(ratings, levels, strict=True):
        amplitude = LOUD if rating.pair.clip == loud else SOFT
        told = rating.evidence["clips"]["clip"]["gain_db"]
        expected = 0.0 if target is None else target - rating.pair.clip.loudness_lufs
        assert told == pytest.approx(expected, abs=0.006)
        assert level == pytest.approx(tone_db(amplitude) + told, abs=0.1), "what sounds is the file with the gain"
    apart = abs(levels[0] - levels[1])
    assert apart == pytest.approx(tone_db(LOUD) - tone_db(SOFT) if target is None else 0.0, abs=0.1)


def test_two_clips_of_a_comparison_sound_equally_loud(stage: Stage):
    campaign, loud, soft = campaign_with(TARGET, slug="spring")
    painting, now = real_painting(1), timezone.now()
    pairs = [
        factories.make_pair(
            campaign=campaign, painting=painting, clip=clip, score=0.5, dispersion=0.1, completed_at=now
        )
        for clip in (loud, soft)
    ]
    factories.make_task(pair_a=pairs[0], pair_b=pairs[1])
    page = desk(stage, "/prefer/spring/")
    first = heard_db(page)
    other = page.locator(".player:not(.is-in-hand):has(.player-name)").get_attribute("data-clip")
    expect(page.locator(f"[data-clip={other}] .is-playing")).to_be_visible(timeout=5000)
    second = heard_db(page)
    assert first == pytest.approx(TARGET, abs=0.2)
    assert second == pytest.approx(first, abs=0.1)
    in_state(page, "heard")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    all_sent(page)
    heard = Vote.objects.get().evidence["clips"]
    assert sorted(each["gain_db"] for each in (heard["left"], heard["right"])) == [
        pytest.approx(TARGET - loud.loudness_lufs, abs=0.006),
        pytest.approx(TARGET - soft.loudness_lufs, abs=0.006),
    ]


def test_a_page_from_before_the_target_was_set_is_told_to_load_again(stage: Stage):
    campaign, loud, _ = campaign_with(None, slug="winter")
    factories.make_pair(campaign=campaign, painting=real_painting(1), clip=loud)
    page = desk(stage, "/score/winter/")
    Campaign.objects.update(loudness_lufs=TARGET)
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Load the page again, listen once more and answer")).to_be_visible()
    assert not Rating.objects.exists()
    page.reload()
    sound_on(page)
    in_state(page, "playing")
    assert heard_db(page) == pytest.approx(TARGET, abs=0.2)
    page.keyboard.press("PageUp")
    in_state(page, "heard")
    page.keyboard.press("Enter")
    all_sent(page)
    assert Rating.objects.get().evidence["clips"]["clip"]["gain_db"] == pytest.approx(TARGET - loud.loudness_lufs)
