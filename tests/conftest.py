"""Fixtures that every room's tests may use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

REPO_ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media_root(tmp_path: Path, settings) -> Path:  # type: ignore[no-untyped-def]
    """No test writes into another's media, snapshots or runs."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SNAPSHOTS_ROOT = tmp_path / "snapshots"
    settings.RUNS_ROOT = tmp_path / "runs"
    settings.IMPORT_SCRATCH = tmp_path / "scratch"
    return tmp_path / "media"


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture(scope="session")
def shared_corpus() -> Path:
    """The folder of real paintings and music that may lie beside a checkout."""
    folder = REPO_ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"no real corpus beside this checkout ({folder}): the tests on real files need one")
    return folder
