"""Two who do the same at the same moment: the database lets one through, the other finds what is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.training.models import Activation, ModelVersion, TrainingRun
from annotation_site.training.services import TrainingError, run_resume, run_start, version_activate, version_promote
from tests.conftest import NOON
from tests.training.test_services import make_run, make_snapshot

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of the works returned or raised, all begun at the same moment on connections of their own."""
    start = threading.Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def work(place: int) -> None:
        start.wait()
        try:
            found[place] = works[place]()
        except TrainingError as error:
            found[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def test_a_form_sent_four_times_at_once_starts_one_run():
    snapshot, key = make_snapshot(), uuid4()
    start = lambda: run_start(snapshot=snapshot, recipe="tiny", seed=1, now=NOON, request_key=key)  # noqa: E731
    assert len({run.pk for run in at_once(*[start] * 4)}) == 1
    assert TrainingRun.objects.count() == 1


def test_a_run_promoted_four_times_at_once_is_one_version():
    run = make_run(make_snapshot(), state=JobState.DONE)
    versions = at_once(*[lambda: version_promote(run=run, note="", user=None, now=NOON)] * 4)
    assert len({version.pk for version in versions}) == 1
    assert Activation.objects.count() == ModelVersion.objects.count() == 1


def test_different_runs_promoted_at_once_are_all_versions_and_one_is_active():
    snapshot = make_snapshot()
    runs = [make_run(snapshot, state=JobState.DONE) for _ in range(4)]
    at_once(*[lambda run=run: version_promote(run=run, note="", user=None, now=NOON) for run in runs])
    assert sorted(ModelVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert ModelVersion.objects.filter(is_active=True).count() == 1
    versions = list(ModelVersion.objects.all())
    at_once(
        *[
            lambda version=version: version_activate(version=version, note="", user=None, now=NOON)
            for version in versions
        ]
    )
    assert ModelVersion.objects.filter(is_active=True).count() == 1


def test_a_run_resumed_twice_at_once_starts_once():
    run = make_run(make_snapshot(), state=JobState.FAILED)
    copies = [TrainingRun.objects.get(pk=run.pk) for _ in range(3)]
    found = at_once(*[lambda copy=copy: run_resume(run=copy, now=NOON) for copy in copies])
    assert sum(isinstance(answer, TrainingError) for answer in found) == 2


def test_a_message_delivered_twice_at_once_is_worked_on_once():
    run = make_run(make_snapshot())
    worked: list[int] = []
    ends = at_once(*[lambda: job_run(model=TrainingRun, job_id=run.pk, work=lambda job, _: worked.append(job.pk))] * 3)
    assert sorted(ends) == ["done", "not ours", "not ours"]
    assert worked == [run.pk]
