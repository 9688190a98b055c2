"""An export's life: started once, cancelled, resumed, delivered twice, stopped by a full disk or a lost database."""

from __future__ import annotations

import errno
import uuid
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import OperationalError, connection

from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_cancel, job_claim
from annotation_site.snapshots import exporting
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.failures import disk_words
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder, snapshot_resume, snapshot_start
from mpd_builder import snapshot as snapshots
from tests.conftest import NOON
from tests.snapshots.exported import export_do, sealed_snapshot
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


def test_the_same_key_starts_one_export_and_a_key_of_another_is_refused(judged: Judged) -> None:
    key = uuid.uuid4()
    first = snapshot_start(campaign=judged.campaign, recipe="demo", key=key, now=NOON)
    assert snapshot_start(campaign=judged.campaign, recipe="demo", key=key, now=NOON) == first
    with pytest.raises(SnapshotError, match="started another export already"):
        snapshot_start(campaign=judged.campaign, recipe="default", key=key, now=NOON)
    assert snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON) != first
    assert Snapshot.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_start_one_export() -> None:
    judged, key, together = judged_campaign(), uuid.uuid4(), Barrier(2)
    started: list[int] = []

    def click() -> None:
        try:
            together.wait(timeout=10)
            started.append(snapshot_start(campaign=judged.campaign, recipe="demo", key=key, now=NOON).pk)
        finally:
            connection.close()

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert started == [Snapshot.objects.get().pk] * 2


def test_a_second_delivery_writes_nothing(judged: Judged) -> None:
    job = sealed_snapshot(judged.campaign)
    before = {place: place.stat().st_mtime_ns for place in snapshot_folder(job).rglob("*")}
    assert export_do(job) == "not ours"
    assert {place: place.stat().st_mtime_ns for place in snapshot_folder(job).rglob("*")} == before


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELLED])
def test_what_stopped_goes_on_in_its_own_place(judged: Judged, ended: JobState) -> None:
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    Snapshot.objects.filter(pk=job.pk).update(
        state=ended, error="The disk is full.", cancel_requested=True, attempts=3, finished_at=NOON
    )
    folder = job.folder
    snapshot_resume(snapshot=job, now=NOON)
    assert (job.state, job.error, job.cancel_requested, job.attempts) == (JobState.QUEUED, "", False, 0)
    assert export_do(job) == JobState.DONE
    job.refresh_from_db()
    assert (job.folder, snapshots.verify(snapshot_folder(job)).digest) == (folder, job.digest)


def test_only_what_stopped_is_resumed_and_only_once(judged: Judged) -> None:
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    with pytest.raises(SnapshotError, match="has not stopped"):
        snapshot_resume(snapshot=job, now=NOON)
    job_cancel(job=job, now=NOON)
    snapshot_resume(snapshot=job, now=NOON)
    with pytest.raises(SnapshotError, match="has not stopped"):
        snapshot_resume(snapshot=job, now=NOON)
    job_claim(model=Snapshot, job_id=job.pk, worker="w1", now=NOON)
    with pytest.raises(SnapshotError, match="has not stopped"):
        snapshot_resume(snapshot=job, now=NOON)


def test_cancelled_while_it_writes_then_resumed_it_holds_the_same(
    judged: Judged, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    whole = sealed_snapshot(judged.campaign)
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    write = exporting.write

    def cancelled_at_the_end(*args: Any, progress: exporting.Progress, **options: Any) -> Any:
        def tell(done: int, total: int, words: str) -> None:
            if total and done == total:
                job_cancel(job=job, now=NOON)
            progress(done, total, words)

        return write(*args, progress=tell, **options)

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "write", cancelled_at_the_end)
        assert export_do(job) == JobState.CANCELLED
    assert not snapshot_folder(job).exists()
    job.refresh_from_db()
    snapshot_resume(snapshot=job, now=NOON)
    assert export_do(job) == JobState.DONE
    job.refresh_from_db()
    assert job.digest == whole.digest


def test_a_full_disk_is_told_in_words_and_leaves_no_snapshot(
    judged: Judged, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)

    class OnFullDisk(exporting.StoredMedia):  # type: ignore[misc]
        def clip_audio(self, clip_id: str) -> Any:
            raise OSError(errno.ENOSPC, "No space left on device", "media/clips/x.flac")

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "StoredMedia", OnFullDisk)
        assert export_do(job) == JobState.FAILED
    job.refresh_from_db()
    assert job.error.startswith("The disk is full: media/clips/x.flac could not be written.")
    assert "then resume the export" in job.error
    assert not snapshot_folder(job).exists()
    snapshot_resume(snapshot=job, now=NOON)
    assert export_do(job) == JobState.DONE


def test_a_lost_database_is_told_in_words(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)

    def gone(**_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(exporting, "export_campaign", gone)
    monkeypatch.setattr(exporting.connection, "close", lambda: None)  # it is the test's own
    assert export_do(job) == JobState.FAILED
    job.refresh_from_db()
    assert job.error.startswith("The database was out of reach")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EROFS, "may not write to"),
        (errno.EACCES, "may not write to"),
        (errno.EIO, "could not be written: Input/output error"),
    ],
)
def test_each_failure_of_a_disk_says_what_to_do(number: int, words: str) -> None:
    told = disk_words(OSError(number, "Input/output error"), Path("/srv/snapshots/snapshot-000001"))
    assert words in told
    assert told.endswith("resume the export.")
    assert "/srv/snapshots" in told
