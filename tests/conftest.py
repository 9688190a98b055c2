"""Fixtures that every room's tests may use."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

REPO_ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The run on PostgreSQL is for tests that use the database: the others have run, and know of no other one."""
    if os.environ.get("TEST_DATABASE") != "postgres":
        return
    others = [item for item in items if not _uses_database(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _uses_database(item)]


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db", "live_server"})


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
