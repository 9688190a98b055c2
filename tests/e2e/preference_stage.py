"""The preference desk to be tried in a real browser: tasks of one kind, and what is on the page."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from annotation_site.preferences.models import PreferenceTask
from annotation_site.scoring.models import Campaign
from tests import factories
from tests.e2e.stage import CLIP_S, Stage, in_state, real_clip, real_painting, sound_on

DESK = "/prefer/spring/"
Size = tuple[int, int]


@pytest.fixture
def spring(transactional_db: None) -> Campaign:
    return factories.make_campaign(name="Spring panel", slug="spring", now=timezone.now())


def tasks(
    campaign: Campaign,
    *,
    asks_with: str,
    count: int = 2,
    seconds: float = CLIP_S,
    sizes: tuple[Size | None, Size | None] = (None, None),
) -> list[PreferenceTask]:
    """Tasks that all ask with music, or all with a painting; `sizes`: of the two paintings, or of the one that asks."""
    made = []
    for number in range(0, 2 * count, 2):
        if asks_with == "music":
            shared: dict[str, Any] = {"clip": real_clip(number, seconds)}
        else:
            shared = {"painting": real_painting(number, sizes[0])}
        pairs = [
            factories.make_pair(
                campaign=campaign,
                score=0.5,
                dispersion=0.1,
                completed_at=timezone.now(),
                **{
                    "painting": real_painting(number + side, sizes[side]),
                    "clip": real_clip(number + side, seconds),
                    **shared,
                },
            )
            for side in (0, 1)
        ]
        made.append(factories.make_task(pair_a=pairs[0], pair_b=pairs[1]))
    return made


def desk(stage: Stage, **options: object) -> Page:
    page = stage.visit(DESK, **options)
    sound_on(page)
    in_state(page, "playing")
    return page


def playing(page: Page) -> int:
    return page.locator(".round.is-playing").count()
