"""A desk to be tried in a real browser: short clips that really sound, small paintings, a person who is logged in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip, Painting
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder.ingest.loudness import measure
from tests import factories

LAPTOP = {"width": 1366, "height": 768}
TABLET = {"width": 820, "height": 1180}
PHONE = {"width": 390, "height": 844}
RATE = 22_050
CLIP_S = 1.6
SOON_MS = 15_000


def _stored(data: bytes, suffix: str) -> str:
    """Stored as an import stores it: under the hash of its bytes."""
    digest = hashlib.sha256(data).hexdigest()
    name = f"derived/{digest[:2]}/{digest}{suffix}"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(data))
    return name


def real_painting(number: int, size: tuple[int, int] | None = None) -> Painting:
    """A JPEG, a small one if nothing else is said, that no other number gives."""
    width, height = size or ((320, 240) if number % 2 else (240, 300))
    random = np.random.default_rng(number)
    blocks = random.integers(40, 215, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)
    file = BytesIO()
    picture.save(file, "JPEG")
    name = _stored(file.getvalue(), ".jpg")
    return factories.make_painting(width=width, height=height, display=name, thumbnail=name)


def real_clip(number: int, seconds: float = CLIP_S) -> Clip:
    """A short soft tone with its waveform."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.2 * np.sin(2 * np.pi * (220 + 40 * number) * time) * np.linspace(0.2, 1.0, time.size)
    return _clip_of(tone, full=0.2)


def steady_clip(level: float, seconds: float = CLIP_S) -> Clip:
    """A 1 kHz tone of one amplitude from end to end, with the loudness that an import would measure."""
    tone = level * np.sin(2 * np.pi * 1000.0 * np.arange(round(seconds * RATE)) / RATE)
    found = measure(tone.astype(np.float32)[:, np.newaxis], RATE)
    clip = _clip_of(tone, full=level)
    Clip.objects.filter(pk=clip.pk).update(loudness_lufs=found.integrated_lufs, true_peak_dbtp=found.true_peak_dbtp)
    clip.refresh_from_db()
    return clip


def _clip_of(sound: npt.NDArray[np.float64], *, full: float) -> Clip:
    """A clip that sounds like this; its waveform is drawn to the full height where the sound reaches `full`."""
    file = BytesIO()
    soundfile.write(file, sound, RATE, format="FLAC")
    swings = [int(100 * np.abs(part).max() / full) for part in np.array_split(sound, 60)]
    track = factories.make_track(clips=0, sample_rate=RATE)
    clip = factories.make_clip(
        track=track,
        audio=_stored(file.getvalue(), ".flac"),
        peaks=[side for swing in swings for side in (-swing, swing)],
    )
    Clip.objects.filter(pk=clip.pk).update(start_frame=0, stop_frame=sound.size)
    return clip


def real_pair(campaign: Campaign, number: int, seconds: float = CLIP_S, **fields: Any) -> Pair:
    return factories.make_pair(
        campaign=campaign, painting=real_painting(number), clip=real_clip(number, seconds), **fields
    )


def painting_shown(page: Page) -> str:
    return page.locator("[data-part=wall] img").get_attribute("src") or ""


def at_desk(stage: Stage, **options: Any) -> Page:
    """At the desk of `winter`, the sound on, the first clip playing."""
    page = stage.visit("/score/winter/", **options)
    sound_on(page)
    in_state(page, "playing")
    return page


def rate(page: Page, digit: int = 6) -> str:
    """Hear the clip out, put the mark on a tenth of the line, submit; returns which painting it was."""
    in_state(page, "heard")
    shown = painting_shown(page)
    page.keyboard.press(str(digit))
    page.keyboard.press("Enter")
    return shown


def sound_on(page: Page) -> None:
    """The click that lets sound out. See `Stage.context` about the tone before it."""
    page.get_by_role("button", name="I hear it well, begin").click()


def in_state(page: Page, state: str) -> None:
    expect(page.locator("main[data-state]")).to_have_attribute("data-state", state, timeout=SOON_MS)


def all_sent(page: Page) -> None:
    expect(page.locator("main[data-network]")).to_have_attribute("data-network", "empty", timeout=SOON_MS)


@dataclass
class Stage:
    """The site in this process, and a browser that visits it as one rater. `faults`: what the browser complained of."""

    url: str
    browser: Browser
    rater: Rater
    faults: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, *, has_heard_the_tone: bool = True, **options: Any) -> BrowserContext:
        """A fresh browser profile in which the rater is logged in and, for speed, has set the volume already."""
        context = self.browser.new_context(**{"viewport": LAPTOP, **options})
        client = Client()
        client.force_login(self.rater.user)
        cookies = [{"name": name, "value": morsel.value, "url": self.url} for name, morsel in client.cookies.items()]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        if has_heard_the_tone:
            context.add_init_script("sessionStorage.setItem('atelier.sound-checked', 'yes')")
        self.contexts.append(context)
        return context

    def visit(self, address: str, *, context: BrowserContext | None = None, **options: Any) -> Page:
        page = (context or self.context(**options)).new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._hear)
        page.on("response", self._see)
        page.goto(self.url + address)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def _see(self, response: Response) -> None:
        if response.status >= 400 and "/api/" not in response.url:  # what the API refuses is for the page to tell
            self.faults.append(f"{response.status} {response.url}")


@pytest.fixture
def stage(live_server: Any, browser: Browser) -> Iterator[Stage]:
    stage = Stage(live_server.url, browser, factories.make_rater("vera", now=timezone.now()))
    yield stage
    for context in stage.contexts:
        context.close()
    assert not stage.faults, stage.faults


@pytest.fixture
def admin(stage: Stage) -> Stage:
    """The stage, visited by an admin, with nothing kept from an earlier visit."""
    cache.clear()
    user = stage.rater.user
    user.is_staff = user.is_superuser = True
    user.save()
    return stage


@pytest.fixture
def winter(transactional_db: None) -> Campaign:
    """A campaign with four pairs, unrated."""
    campaign = factories.make_campaign(name="Winter panel", slug="winter", now=timezone.now())
    for number in range(4):
        real_pair(campaign, number)
    return campaign


@contextmanager
def offline(context: BrowserContext) -> Iterator[None]:
    context.set_offline(True)
    yield
    context.set_offline(False)
