"""Imports that are cut off, run out of room, are stopped, or whose files change under their hands."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import OperationalError
from PIL import Image

from annotation_site.corpus import importing, storing
from annotation_site.corpus.models import (
    ImportJob,
    Painting,
    PaintingLikeness,
    PaintingOrigin,
    Track,
    TrackFingerprint,
)
from annotation_site.corpus.progress import Progress
from annotation_site.corpus.scratch import scratch_folder, scratch_sweep
from annotation_site.corpus.services import CorpusError, import_now, import_start
from annotation_site.corpus.tasks import import_source
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_cancel, jobs_sweep
from mpd_builder.ingest import Candidate, CheckedTrack, Limits, Outcome, Rejected, fingerprint, process
from tests.conftest import NOON
from tests.mpd_builder.media_files import gradient, write_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_process")]


class Full(FileSystemStorage):
    """A storage that has room for so many files, and half of the next one."""

    room = 0

    def _save(self, name: str, content: File[bytes]) -> str:
        if not self.room:
            path = Path(self.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read()[: (content.size or 0) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        self.room -= 1
        return str(super()._save(name, content))  # type: ignore[misc]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, media_root: Path) -> Full:
    storage = Full(location=media_root)
    monkeypatch.setattr(storing, "default_storage", storage)
    return storage


@pytest.mark.parametrize(("room", "came_in"), [(0, 0), (3, 0), (5, 1), (9, 2)])
def test_when_there_is_no_room_left_the_job_says_so_and_what_is_in_stays(
    folder: Path, full: Full, media_root: Path, room: int, came_in: int
):
    full.room = room
    rest = "Nothing was imported" if not came_in else f"{came_in} file{'s' * (came_in > 1)} came in before, and stay"
    with pytest.raises(CorpusError, match=rf"There is no room left where the media are kept\. {rest}\. Make room"):
        import_now(path=folder, now=NOON)
    job = ImportJob.objects.get()
    assert (job.state, job.n_added, job.done, job.total) == (JobState.FAILED, came_in, came_in, 3)
    assert Painting.objects.count() + Track.objects.count() == came_in
    for path in (path for path in media_root.rglob("*") if path.is_file()):
        assert fingerprint(path) == path.stem, "a part of a file was left behind"
    full.room = 100
    again = import_now(path=folder, now=NOON)
    assert (again.n_added, again.n_skipped) == (3 - came_in, came_in)


def test_a_database_without_room_is_said_so_too(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def store(**_: Any) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(importing, "item_store", store)
    with pytest.raises(CorpusError, match="There is no room left for the database"):
        import_now(path=folder, now=NOON)


def processing(monkeypatch: pytest.MonkeyPatch, before: Callable[[Candidate], None]) -> None:
    """Something happens to each file before it is checked."""

    def one_by_one(candidates: Any, *, limits: Limits, workers: int) -> Iterator[tuple[Candidate, Outcome]]:
        for candidate in candidates:
            before(candidate)
            try:
                yield candidate, process(candidate, limits=limits)
            except Rejected as rejected:
                yield candidate, rejected

    monkeypatch.setattr(importing, "process_many", one_by_one)


def test_a_file_that_changes_after_it_was_looked_up_is_not_stored_under_a_false_name(
    folder: Path, media_root: Path, monkeypatch: pytest.MonkeyPatch
):
    real = storing._shared_columns

    def changing(model: Any, record: Any, candidate: Candidate, suffix: str) -> dict[str, Any]:
        if candidate.name == "a.png":
            write_picture(candidate.path, gradient(400, 300))
        if candidate.name == "b.jpg":
            candidate.path.unlink()
        return real(model, record, candidate, suffix)

    monkeypatch.setattr(storing, "_shared_columns", changing)
    job = import_now(path=folder, now=NOON)
    assert (job.n_added, job.n_failed) == (1, 2)
    assert set(job.issues.values_list("file", "code")) == {("a.png", "changed"), ("b.jpg", "changed")}
    for path in (path for path in media_root.rglob("*") if path.is_file()):
        assert fingerprint(path) == path.stem


def test_copies_of_a_file_that_is_not_taken_are_told_one_by_one(tmp_path: Path):
    root = tmp_path / "pages"
    root.mkdir()
    for index in range(3):
        (root / f"{index}.jpg").write_text("<html>404</html>")
    job = import_now(path=root, now=NOON)
    assert (job.n_failed, list(job.issues.values_list("code", flat=True))) == (3, ["web_page"] * 3)


def test_a_job_that_was_cut_off_counts_what_it_brought_before_as_added_and_keeps_its_remarks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The worker dies over the second file; the sweep hands the job to another."""
    write_picture(folder / "0.png", gradient(300, 200))  # small: it comes in with a remark
    monkeypatch.setattr("annotation_site.jobs.services._send", lambda **_: None)
    job = import_start(source=ImportJob.Source.FOLDER, path=folder, user=None, now=NOON)

    class Killed(BaseException):
        pass

    def die(candidate: Candidate) -> None:
        if candidate.name == "b.jpg":
            raise Killed

    with monkeypatch.context() as patch:
        processing(patch, die)
        with pytest.raises(Killed):
            import_source(job.pk)
    assert Painting.objects.count() == 2
    ImportJob.objects.update(state=JobState.RUNNING, heartbeat_at=NOON.replace(year=2020))
    assert jobs_sweep(model=ImportJob, now=NOON) == 1
    assert import_source(job.pk) == JobState.DONE
    job.refresh_from_db()
    assert (job.n_added, job.n_skipped, job.n_failed, job.total) == (4, 0, 0, 4)
    assert list(job.issues.values_list("file", "code")) == [("0.png", "small")]


def test_a_job_that_is_cancelled_stops_and_says_how_far_it_came(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("annotation_site.jobs.services._send", lambda **_: None)
    monkeypatch.setattr("annotation_site.jobs.running.Reporter.__init__", _eager)
    job = import_start(source=ImportJob.Source.FOLDER, path=folder, user=None, now=NOON)
    processing(monkeypatch, lambda candidate: candidate.name == "b.jpg" and job_cancel(job=job, now=NOON))  # type: ignore[arg-type, return-value]
    assert import_source(job.pk) == JobState.CANCELLED
    job.refresh_from_db()
    assert job.n_added == Painting.objects.count() + Track.objects.count() == 2
    assert not any((folder.parent / "scratch").iterdir())


def _eager(reporter: Any, job: ImportJob) -> None:
    reporter.job, reporter.every, reporter._last = job, 0.0, 0.0


def test_equal_files_of_two_imports_at_once_are_one_item_with_an_origin_each(folder: Path, tmp_path: Path):
    shutil.copytree(folder, tmp_path / "other")
    others: list[ImportJob] = []

    def watch(progress: Progress) -> None:
        if progress.added == 1 and not others:
            others.append(import_now(path=tmp_path / "other", now=NOON))

    first = import_now(path=folder, now=NOON, watch=watch)
    assert (first.n_added + others[0].n_added, first.n_skipped + others[0].n_skipped) == (3, 3)
    assert (Painting.objects.count(), PaintingOrigin.objects.count()) == (2, 4)


def test_another_imports_half_written_file_that_goes_away_is_written_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    gone: list[str] = []
    real = default_storage.save

    def save(name: str, content: File[bytes]) -> str:
        if not gone:
            gone.append(name)
            raise FileNotFoundError(errno.ENOENT, "gone", name)
        return real(name, content)

    monkeypatch.setattr(default_storage, "save", save)
    assert import_now(path=folder, now=NOON).n_added == 3


def test_what_a_cut_off_import_brought_is_compared_by_the_one_that_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """Two look-alikes come in; then the import dies before it compares them, and another one finds nothing new."""
    blots = np.random.default_rng(5).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(blots).resize((400, 320), Image.Resampling.BICUBIC)
    write_picture(folder / "b.jpg", picture, form="JPEG", quality=95)
    write_picture(folder / "d.png", picture)

    def die(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "likenesses_find", die)
        with pytest.raises(KeyboardInterrupt):
            import_now(path=folder, now=NOON)
    assert not PaintingLikeness.objects.exists()
    assert import_now(path=folder, now=NOON).n_added == 0
    found = {(one.first.file_name, one.second.file_name) for one in PaintingLikeness.objects.all()}
    assert ("b.jpg", "d.png") in found


def test_the_fingerprint_of_a_track_is_stored_with_it(folder: Path):
    import_now(path=folder, now=NOON)
    values = np.frombuffer(bytes(TrackFingerprint.objects.get().values), dtype="<u4")
    checked = process(Candidate(folder / "music" / "c.wav", "c.wav"), limits=Limits())
    assert isinstance(checked, CheckedTrack)
    assert np.array_equal(values, checked.fingerprint)


# --- The scratch folder ------------------------------------------------------------------------------------------
def test_scratch_folders_go_with_their_import_and_those_of_dead_ones_with_the_next(tmp_path: Path):
    with scratch_folder(tmp_path, name="import-1") as mine:
        (mine / "deep").mkdir()
        (mine / "deep" / "file").touch()
        with scratch_folder(tmp_path, name="import-1") as other:
            assert other != mine
            assert scratch_sweep(tmp_path) == 0
            assert mine.is_dir()
    assert not any(tmp_path.iterdir())

    dead = tmp_path / "import-2-abc"
    dead.mkdir()
    (dead / "file").touch()
    dead.with_suffix(".lock").touch()
    with scratch_folder(tmp_path, name="import-3"):
        assert not dead.exists()
    assert not any(tmp_path.iterdir())


def test_many_imports_beginning_at_once_do_not_sweep_each_other(tmp_path: Path):
    lost: list[Path] = []
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        for _ in range(20):
            with scratch_folder(tmp_path, name="import") as folder:
                (folder / "file").touch()
                if not (folder / "file").exists():
                    lost.append(folder)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not lost
    assert not any(tmp_path.iterdir())
