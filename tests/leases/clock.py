"""The site's clock, standing still at noon until a test moves it. A folder's conftest imports the fixture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.conftest import NOON


@dataclass
class Clock:
    now: datetime = NOON

    def shift(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock
