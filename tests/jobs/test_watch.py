"""Dead workers are noticed also while every worker that could run beat's sweep is in a long job."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import OperationalError

from annotation_site import broker
from annotation_site.jobs import watch
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import LEASE
from annotation_site.jobs.tasks import SWEPT_AT
from annotation_site.jobs.watch import PATIENCE, Watch, sweep_if_due
from annotation_site.snapshots.models import Snapshot
from tests.conftest import NOON
from tests.corpus.sites import Site, kill, migrate
from tests.factories import make_campaign

DEAD = """
from datetime import timedelta
from django.utils import timezone
from annotation_site.snapshots.models import Snapshot
from tests.factories import make_campaign
now = timezone.now()
Snapshot.objects.create(campaign=make_campaign(), name="v1", recipe={}, created_at=now, state="running", attempts=1,
    worker="gone", heartbeat_at=now - timedelta(minutes=2))
"""
STATE = """
from annotation_site.snapshots.models import Snapshot
print("FOUND" + Snapshot.objects.get().state)
"""


@pytest.fixture
def dead(db: None, settings, tmp_path: Path) -> Snapshot:
    """A job whose worker has been silent for longer than its lease; no message is sent."""
    cache.clear()
    return Snapshot.objects.create(
        campaign=make_campaign(),
        name="v1",
        recipe={},
        created_at=NOON,
        state=JobState.RUNNING,
        worker="gone",
        heartbeat_at=NOON - LEASE - timedelta(seconds=1),
    )


def state_of(job: Snapshot) -> str:
    job.refresh_from_db()
    return job.state


def test_while_beats_sweep_comes_nobody_else_sweeps(dead):
    cache.set(SWEPT_AT, NOON - PATIENCE + timedelta(seconds=1))
    assert not sweep_if_due(now=NOON)
    assert state_of(dead) == JobState.RUNNING


def test_where_it_does_not_come_the_first_worker_to_look_sweeps(dead):
    cache.set(SWEPT_AT, NOON - PATIENCE)
    assert [sweep_if_due(now=NOON) for _ in range(3)] == [True, False, False]
    assert state_of(dead) == JobState.QUEUED
    assert cache.get(SWEPT_AT) == NOON - PATIENCE, "the health page still says that beat's sweep is late"


def test_a_failure_does_not_end_the_watch(monkeypatch):
    looks: list[int] = []

    def fail(**_: object) -> bool:
        looks.append(1)
        raise OperationalError("the database is away")

    monkeypatch.setattr(watch, "sweep_if_due", fail)
    thread = Watch(every=timedelta(milliseconds=5))
    thread.start()
    until = time.monotonic() + 10
    while len(looks) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    thread.stop()
    thread.join(timeout=10)
    assert len(looks) >= 3
    assert not thread.is_alive()


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_worker_of_another_queue_notices_a_dead_one(tmp_path: Path):
    """No beat, and nobody serves the queue that beat's sweep goes to."""
    site = Site(tmp_path)
    migrate(tmp_path, "")
    site.shell(DEAD)
    server = broker.start(tmp_path)
    assert server is not None
    worker = site.start("-m", "celery", "-A", "annotation_site", "worker", "-Q", "judge", "-c", "1", "--without-mingle")
    try:
        until = time.monotonic() + 90
        while "FOUNDqueued" not in site.shell(STATE):
            assert time.monotonic() < until
            assert worker.poll() is None
    finally:
        kill(worker)
        server.terminate()
        server.wait(timeout=60)
