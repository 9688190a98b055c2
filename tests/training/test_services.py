"""Starting, resuming, promoting: what may happen once happens once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import LEASE, job_cancel, job_claim, jobs_sweep
from annotation_site.rescoring.services import rescoring_start
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import Activation, ModelVersion, TrainingRun
from annotation_site.training.queue import queue_place
from annotation_site.training.reasons import Reason
from annotation_site.training.services import (
    TrainingError,
    run_resume,
    run_start,
    version_activate,
    version_promote,
)
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
        ({"processes": 0}, "1 to 64 processes"),
        ({"processes": 65}, "1 to 64 processes"),
        ({"processes": 3, "overrides": {"optim.batch": 16}}, "16 cannot be shared by 3 processes"),
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


def test_the_same_request_starts_one_run(snapshot, django_capture_on_commit_callbacks):
    key = uuid4()
    asked = {"snapshot": snapshot, "recipe": "tiny", "now": NOON, "request_key": key}
    with django_capture_on_commit_callbacks() as messages:
        first, again = run_start(seed=1, **asked), run_start(seed=2, **asked)
    assert (again, again.seed) == (first, 1)
    assert len(messages) == 1
    assert run_start(seed=1, snapshot=snapshot, recipe="tiny", now=NOON) != first, "without a key each is its own"


def test_of_two_requests_at_once_the_second_gets_the_run_of_the_first(snapshot, monkeypatch):
    """The second looked for the key before the first had written it."""
    key = uuid4()
    first = run_start(snapshot=snapshot, recipe="tiny", seed=1, now=NOON, request_key=key)
    looks = iter([TrainingRun.objects.none(), TrainingRun.objects.filter(request_key=key)])
    monkeypatch.setattr(TrainingRun.objects, "filter", lambda **_: next(looks))
    assert run_start(snapshot=snapshot, recipe="tiny", seed=1, now=NOON, request_key=key) == first


def test_a_cancelled_run_never_starts(snapshot):
    run = make_run(snapshot)
    assert job_cancel(job=run, now=NOON)
    assert job_claim(model=TrainingRun, job_id=run.pk, worker="w", now=NOON) is None


def test_a_run_whose_workers_all_died_says_so_and_resumes(snapshot):
    run = make_run(snapshot, attempts=TrainingRun.max_attempts - 1)
    job_claim(model=TrainingRun, job_id=run.pk, worker="w", now=NOON)
    jobs_sweep(model=TrainingRun, now=NOON + LEASE * 2)
    run.refresh_from_db()
    assert (run.state, run.reason) == (JobState.FAILED, Reason.LOST_WORKER)
    run_resume(run=run, now=NOON)
    assert (run.state, run.reason) == (JobState.QUEUED, "")


def test_a_death_is_noticed_within_a_minute(settings):
    """From the last heartbeat, which came before the death: the lease, and the sweep's period."""
    sweep = settings.CELERY_BEAT_SCHEDULE["sweep"]
    assert LEASE + sweep["schedule"] < timedelta(seconds=60)
    assert timedelta(seconds=10) > LEASE / 4


def test_the_queue_place_counts_all_work_of_the_same_workers(snapshot):
    first, second = make_run(snapshot), make_run(snapshot)
    version = version_promote(run=make_run(snapshot, state=JobState.DONE), note="", user=None, now=NOON)
    rescoring = rescoring_start(
        version=version, campaign=make_campaign(), pool_size=9, ask_for=5, control_share=0.2, seed=0, now=NOON
    )
    later = make_run(snapshot, created_at=NOON + timedelta(minutes=1))
    assert [queue_place(run) for run in (first, second, later)] == [1, 2, 3]
    type(rescoring).objects.update(state=JobState.RUNNING, worker="w")
    assert job_claim(model=TrainingRun, job_id=first.pk, worker="w", now=NOON)
    first.refresh_from_db()
    assert [queue_place(run) for run in (first, second, later)] == [None, 2, 3]


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


def test_rolling_back_is_kept_as_history(snapshot):
    admin = make_admin()
    first, second = (
        version_promote(run=make_run(snapshot, state=JobState.DONE), note=note, user=admin, now=NOON) for note in "ab"
    )
    back = version_activate(version=first, note="b was worse", user=admin, now=NOON + timedelta(hours=1))
    assert version_activate(version=back, note="a second click", user=admin, now=NOON + timedelta(hours=2)).is_active
    second.refresh_from_db()
    assert (back.is_active, second.is_active) == (True, False)
    history = [(entry.version, entry.note, entry.by) for entry in Activation.objects.all()]
    assert history == [(first, "b was worse", admin), (second, "b", admin), (first, "a", admin)]


def test_a_version_says_what_its_run_was(snapshot):
    report = {
        "snapshot_digest": "d" * 64,
        "seed": 1,
        "config": {"recipe": "tiny"},
        "protocols": {"pair": {"n": 3}},
        "x": 1,
    }
    version = version_promote(run=make_run(snapshot, state=JobState.DONE, report=report), note="", user=None, now=NOON)
    config = {"recipe": "tiny"}
    assert version.identity == {"snapshot_digest": "d" * 64, "seed": 1, "config": config, "recipe": "tiny"}
    assert version.metrics == {"protocols": {"pair": {"n": 3}}}


def test_the_database_refuses_two_active_versions(snapshot):
    runs = [make_run(snapshot, state=JobState.DONE) for _ in range(2)]
    version_promote(run=runs[0], note="", user=None, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.create(run=runs[1], number=9, is_active=True, promoted_at=NOON)
