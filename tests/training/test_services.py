"""Starting, resuming, promoting: what may happen once happens once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.services import TrainingError, run_resume, run_start, version_promote
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot() -> Snapshot:
    return make_snapshot()


def make_snapshot(**fields: Any) -> Snapshot:
    defaults = {"name": "v1", "recipe": {}, "state": JobState.DONE, "digest": "d" * 64, "folder": "v1"}
    return Snapshot.objects.create(**{"campaign": make_campaign(), "created_at": NOON} | defaults | fields)


def make_run(snapshot: Snapshot, **fields: Any) -> TrainingRun:
    run = run_start(snapshot=snapshot, recipe="tiny", seed=1, now=NOON)
    TrainingRun.objects.filter(pk=run.pk).update(**fields)
    run.refresh_from_db()
    return run


def test_a_run_is_queued_with_a_folder_of_its_own(snapshot):
    first, second = (run_start(snapshot=snapshot, recipe="tiny", seed=1, now=NOON) for _ in range(2))
    assert first.state == JobState.QUEUED
    assert first.folder != second.folder


def test_a_snapshot_that_is_not_sealed_cannot_be_trained_on():
    open_snapshot = make_snapshot(state=JobState.RUNNING, digest="")
    with pytest.raises(TrainingError, match="not sealed"):
        run_start(snapshot=open_snapshot, recipe="tiny", seed=1, now=NOON)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"recipe": "huge"}, "no recipe 'huge'"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"overrides": {"optim.speed": 1}}, "no setting is called 'optim.speed'"),
        ({"overrides": {"optim.lr": "fast"}}, r"optim\.lr must be a number"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_words(snapshot, fields, words):
    with pytest.raises(TrainingError, match=words):
        run_start(**{"snapshot": snapshot, "recipe": "tiny", "seed": 1, "now": NOON} | fields)
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE])
def test_only_a_stopped_run_can_be_resumed(snapshot, state):
    run = make_run(snapshot, state=state)
    with pytest.raises(TrainingError, match="has not stopped"):
        run_resume(run=run, now=NOON)


def test_resuming_twice_queues_once(snapshot):
    run = make_run(snapshot, state=JobState.FAILED, error="out of memory", attempts=3)
    run_resume(run=run, now=NOON)
    assert (run.state, run.error, run.attempts) == (JobState.QUEUED, "", 0)
    with pytest.raises(TrainingError):
        run_resume(run=run, now=NOON)


def test_only_a_finished_run_can_be_promoted(snapshot):
    run = make_run(snapshot, state=JobState.FAILED)
    with pytest.raises(TrainingError, match="only a finished run"):
        version_promote(run=run, note="", user=None, now=NOON)


def test_promotion_moves_the_one_active_version_and_keeps_the_history(snapshot):
    admin = make_admin()
    runs = [make_run(snapshot, state=JobState.DONE) for _ in range(2)]
    first = version_promote(run=runs[0], note="first", user=admin, now=NOON)
    second = version_promote(run=runs[1], note="better", user=admin, now=NOON)
    first.refresh_from_db()
    assert (first.number, first.is_active) == (1, False)
    assert (second.number, second.is_active) == (2, True)
    again = version_promote(run=runs[0], note="", user=admin, now=NOON)
    assert again.pk == first.pk
    assert ModelVersion.objects.get(is_active=True) == again


def test_the_database_refuses_two_active_versions(snapshot):
    runs = [make_run(snapshot, state=JobState.DONE) for _ in range(2)]
    version_promote(run=runs[0], note="", user=None, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.create(run=runs[1], number=9, is_active=True, promoted_at=NOON)
