"""Long work as rows: lost messages, dead workers and second deliveries change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError as DatabaseLocked
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from annotation_site.jobs import running, services
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed, Reporter, job_run
from annotation_site.jobs.services import (
    LEASE,
    JobCancelled,
    JobLost,
    job_cancel,
    job_claim,
    job_enqueue,
    job_finish,
    job_progress,
    jobs_sweep,
)
from annotation_site.jobs.tasks import job_models
from annotation_site.snapshots.models import Snapshot
from tests.conftest import NOON
from tests.factories import make_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, str]]:
    """What would have gone to the broker: task, job, queue."""
    messages: list[tuple[str, int, str]] = []

    def send_task(name: str, *, args: list[int], queue: str, **_: Any) -> None:
        messages.append((name, args[0], queue))

    monkeypatch.setattr(services.current_app, "send_task", send_task)
    return messages


def make_job(**fields: Any) -> Snapshot:
    return Snapshot.objects.create(campaign=make_campaign(), name="v1", recipe={}, created_at=NOON, **fields)


def claim(job: Snapshot, worker: str = "w1", now: datetime = NOON) -> Snapshot:
    held = job_claim(model=Snapshot, job_id=job.pk, worker=worker, now=now)
    assert held is not None
    return held


def test_every_long_job_of_the_site_is_swept():
    assert {model.__name__ for model in job_models()} == {
        "ImportJob",
        "Snapshot",
        "Verification",
        "Judging",
        "Comparison",
        "TrainingRun",
        "Rescoring",
        "Contest",
        "RescoringShard",
        "Proposal",
    }


def test_only_one_worker_gets_a_job():
    job = make_job()
    assert claim(job).worker == "w1"
    assert job_claim(model=Snapshot, job_id=job.pk, worker="w2", now=NOON) is None


def test_a_second_delivery_of_the_message_does_no_work():
    job = make_job()
    calls: list[int] = []
    assert job_run(model=Snapshot, job_id=job.pk, work=lambda j, _: (calls.append(j.pk), end_well(j))[0]) == "done"
    assert job_run(model=Snapshot, job_id=job.pk, work=lambda j, _: calls.append(j.pk)) == "not ours"
    assert calls == [job.pk]


def end_well(job: Snapshot) -> None:
    Snapshot.objects.filter(pk=job.pk).update(digest="a" * 64)


def test_a_message_goes_out_only_after_the_commit(sent, django_capture_on_commit_callbacks):
    job = make_job()
    with django_capture_on_commit_callbacks(execute=True):
        job_enqueue(job=job, now=NOON)
        assert not sent
    assert sent == [("snapshots.export", job.pk, "default")]
    job.refresh_from_db()
    assert job.sent_at == NOON


def test_a_broker_out_of_reach_leaves_the_job_to_the_sweep(monkeypatch, django_capture_on_commit_callbacks):
    def send_task(*_: Any, **__: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(services.current_app, "send_task", send_task)
    job = make_job()
    with django_capture_on_commit_callbacks(execute=True):
        job_enqueue(job=job, now=NOON)
    job.refresh_from_db()
    assert (job.state, job.sent_at) == (JobState.QUEUED, None)


def test_the_sweep_sends_what_was_never_sent_and_what_was_lost(sent):
    never = make_job()
    lost = make_job(sent_at=NOON - timedelta(minutes=5))
    make_job(sent_at=NOON)
    assert jobs_sweep(model=Snapshot, now=NOON) == 2
    assert {message[1] for message in sent} == {never.pk, lost.pk}


def test_the_sweep_queues_a_job_again_whose_worker_died(sent):
    job = claim(make_job())
    jobs_sweep(model=Snapshot, now=NOON + LEASE / 2)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    jobs_sweep(model=Snapshot, now=NOON + LEASE * 2)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    assert sent == [("snapshots.export", job.pk, "default")]


def test_a_job_that_kills_its_worker_each_time_fails_in_words(sent):
    job = make_job(attempts=Snapshot.max_attempts - 1)
    claim(job)
    jobs_sweep(model=Snapshot, now=NOON + LEASE * 2)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "worker died" in job.error
    assert not sent


def test_a_dead_job_that_was_to_stop_is_cancelled_not_repeated(sent):
    job = claim(make_job())
    job_cancel(job=job, now=NOON)
    jobs_sweep(model=Snapshot, now=NOON + LEASE * 2)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not sent


def test_a_queued_job_is_cancelled_at_once():
    job = make_job()
    assert job_cancel(job=job, now=NOON)
    assert job_claim(model=Snapshot, job_id=job.pk, worker="w", now=NOON) is None


def test_a_running_job_stops_at_its_next_report():
    job = claim(make_job())
    job_cancel(job=job, now=NOON)
    with pytest.raises(JobCancelled):
        job_progress(job=job, now=NOON, done=1)


def test_an_ended_job_cannot_be_cancelled():
    job = make_job(state=JobState.FAILED)
    assert not job_cancel(job=job, now=NOON)


def test_a_worker_that_lost_its_job_writes_nothing():
    slow = claim(make_job(), "slow")
    Snapshot.objects.filter(pk=slow.pk).update(state=JobState.QUEUED, worker="")
    claim(slow, "second")
    with pytest.raises(JobLost):
        job_progress(job=slow, now=NOON, done=5)
    assert not job_finish(job=slow, state=JobState.FAILED, now=NOON, error="late")
    slow.refresh_from_db()
    assert (slow.state, slow.worker, slow.done, slow.error) == (JobState.RUNNING, "second", 0, "")


def test_what_the_work_says_about_its_failure_reaches_the_row():
    def work(*_: Any) -> None:
        raise JobFailed("The disk is full: free 2 GB and start again.")

    job = make_job()
    assert job_run(model=Snapshot, job_id=job.pk, work=work) == "failed"
    job.refresh_from_db()
    assert job.error == "The disk is full: free 2 GB and start again."


def test_an_unexpected_error_fails_the_job_and_names_itself(caplog):
    def work(*_: Any) -> None:
        raise ZeroDivisionError("by zero")

    job = make_job()
    assert job_run(model=Snapshot, job_id=job.pk, work=work) == "failed"
    job.refresh_from_db()
    assert "ZeroDivisionError: by zero" in job.error
    assert "job broke" in caplog.text


def test_reports_are_written_a_few_times_a_second_and_always_at_the_end(django_assert_num_queries):
    job = claim(make_job(), now=timezone.now())
    report = Reporter(job)
    report(1, 100, "starting")
    with django_assert_num_queries(0):
        for step in range(2, 100):
            report(step, 100)
    report(100, 100)
    job.refresh_from_db()
    assert (job.done, job.total, job.percent) == (100, 100, 100)


def test_a_heartbeat_outlives_a_database_that_is_locked_for_a_moment(monkeypatch, caplog):
    job = claim(make_job())
    heartbeat = running._Heartbeat(job)

    def locked(*_: Any, **__: Any) -> int:
        raise DatabaseLocked("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(QuerySet, "update", locked)
        patched.setattr(running.connection, "close", lambda: None)
        heartbeat.beat()
    assert "a heartbeat was missed" in caplog.text
    heartbeat.beat()
    job.refresh_from_db()
    assert job.heartbeat_at is not None
    assert job.heartbeat_at > NOON
