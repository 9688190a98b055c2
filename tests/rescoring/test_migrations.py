"""The table of rescorings changed rooms: its rows came along, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.conftest import NOON

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BEFORE = [("rescoring", None), ("training", "0002_runs_and_versions")]


def migrate(to: list[tuple[str, str | None]]) -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection)


@pytest.fixture
def earlier(transactional_db: None) -> Iterator[MigrationExecutor]:
    """The tables as they were while rescorings belonged to the training room."""
    yield migrate(BEFORE)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_rows_come_along_and_go_back(earlier: MigrationExecutor) -> None:
    old = earlier.loader.project_state([*BEFORE[1:], ("scoring", "0007_pair_sums")]).apps
    campaign = old.get_model("scoring", "Campaign").objects.create(name="Winter", slug="winter", created_at=NOON)
    version = old.get_model("training", "ModelVersion").objects.create(number=1, source="import", promoted_at=NOON)
    row = {
        "campaign_id": campaign.pk,
        "version_id": version.pk,
        "pool_size": 11,
        "n_asked": 5,
        "summary": {"scored": 11},
    }
    old.get_model("training", "Rescoring").objects.create(**row, folder="rescoring-000001", created_at=NOON)

    leaves = earlier.loader.graph.leaf_nodes("rescoring")
    migrate(leaves)
    new = MigrationExecutor(connection).loader.project_state(leaves).apps.get_model("rescoring", "Rescoring")
    kept = new.objects.get()
    assert (kept.pool_size, kept.n_asked, kept.summary, kept.folder) == (11, 5, {"scored": 11}, "rescoring-000001")
    assert (kept.pool, kept.stage, kept.paused_at) == ("random", "gathering", None)

    migrate(BEFORE)
    back = MigrationExecutor(connection).loader.project_state(BEFORE[1:]).apps.get_model("training", "Rescoring")
    assert back.objects.get().summary == {"scored": 11}
    back.objects.all().delete()
