"""What this room's tests share."""

from __future__ import annotations

import pytest

from annotation_site.rescoring import proposing, working
from annotation_site.scoring.models import Campaign
from tests.rescoring.makers import FakeModel, small_campaign


@pytest.fixture
def campaign() -> Campaign:
    return small_campaign()


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """In place of model processes; everything around them is real."""
    model = FakeModel()
    monkeypatch.setattr(working, "follow", model.follow)
    monkeypatch.setattr(proposing, "follow", model.follow)
    return model
