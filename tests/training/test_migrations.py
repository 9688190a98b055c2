"""Rows that were there before runs and versions learned more keep what they were, forwards and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.conftest import NOON
from tests.factories import make_admin
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = ("training", "0001_initial"), ("training", "0002_runs_and_versions")


def migrate_to(*target: tuple[str, str]) -> Any:
    """The models as they are once the database is at `target`."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(target))
    return MigrationExecutor(connection).loader.project_state(list(target)).apps


@pytest.fixture
def before() -> Iterator[Any]:
    """The models as they were before; afterwards the database is as new as the code again."""
    yield migrate_to(BEFORE)
    migrate_to(*MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_versions_get_their_identity_and_history_and_lose_them_again(before: Any):
    admin = make_admin()
    report = {"snapshot_digest": "d" * 64, "seed": 3, "config": {"recipe": "tiny"}, "protocols": {"pair": {"n": 9}}}
    runs = before.get_model("training", "TrainingRun").objects
    known, silent = (
        runs.create(snapshot_id=make_snapshot().pk, recipe="tiny", created_at=NOON, folder=f"run-{n}", report=told)
        for n, told in enumerate([report, {}])
    )
    versions = before.get_model("training", "ModelVersion").objects
    versions.create(run=known, number=1, note="first", promoted_by_id=admin.pk, promoted_at=NOON)
    versions.create(run=silent, number=2, is_active=True, promoted_at=NOON)

    after = migrate_to(AFTER)
    first, second = after.get_model("training", "ModelVersion").objects.order_by("number")
    assert (first.source, first.folder, first.file_digest) == ("run", "run-0", "")
    assert first.identity == {
        "snapshot_digest": "d" * 64, "seed": 3, "config": {"recipe": "tiny"}, "recipe": "tiny",
    }  # fmt: skip
    assert first.metrics == {"protocols": {"pair": {"n": 9}}}
    assert (second.identity, second.is_active) == ({}, True)
    entry = first.activations.get()
    assert (entry.note, entry.by_id, entry.activated_at) == ("first", admin.pk, NOON)
    assert [(run.processes, run.reason, run.request_key) for run in (first.run, second.run)] == [(1, "", None)] * 2
    after.get_model("training", "ModelVersion").objects.create(number=3, source="import", promoted_at=NOON)

    back = migrate_to(BEFORE)
    assert list(back.get_model("training", "ModelVersion").objects.values_list("number", flat=True)) == [1, 2]
