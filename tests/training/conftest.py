"""What several tests of runs need."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def elsewhere(tmp_path: Path, settings) -> Path:
    """A storage that is not the folder of runs: here another folder, as good as a bucket."""
    place = tmp_path / "elsewhere"
    options = {"location": str(place), "allow_overwrite": True}
    settings.RUNS_STORAGE = "s3://runs"
    settings.STORAGES = settings.STORAGES | {
        "runs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    }
    return place
