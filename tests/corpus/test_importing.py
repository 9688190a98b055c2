"""Bringing a folder into the corpus: once, wholly, and with every file accounted for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation_site.accounts.models import User
from annotation_site.corpus import importing, storing
from annotation_site.corpus.importing import import_work
from annotation_site.corpus.models import Clip, ImportIssue, ImportJob, Painting, Track
from annotation_site.corpus.progress import Counts, Pace, Progress, Report, progress_of
from annotation_site.corpus.services import CorpusError, import_now, import_start
from annotation_site.corpus.tasks import import_source
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import jobs_sweep
from mpd_builder.ingest import Limits, Rejected, fingerprint, process_many
from tests.conftest import NOON
from tests.mpd_builder.media_files import gradient, write_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_process")]


def state_of_the_corpus(root: Path) -> tuple[object, ...]:
    """Everything that an import leaves behind, but for its own rows."""
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    items = [
        list(model.objects.order_by("key").values("key", "sha256", "title", "file_name", "original", "extras"))
        for model in (Painting, Track)
    ]
    return files, items, list(Clip.objects.order_by("key").values("key", "audio", "mel", "start_frame", "is_silent"))


def worked(job: ImportJob, report: Report = lambda _: None) -> None:
    """The job's work in this process, whoever holds the job."""
    import_work(job, report, limits=Limits(), workers=1, scratch=Path(settings.IMPORT_SCRATCH))


def issues(job: ImportJob) -> list[tuple[str, str, str]]:
    return list(job.issues.order_by("file", "code").values_list("file", "level", "code"))


def test_paintings_tracks_and_clips_come_in_with_their_metadata(folder: Path):
    job = import_now(path=folder, now=NOON)
    assert (job.state, job.total, job.n_added, job.n_skipped, job.n_failed) == (JobState.DONE, 3, 3, 0, 0)
    night = Painting.objects.get(title="Night")
    assert (night.artist, night.style, night.licence, night.extras) == ("Ann", "Baroque", "CC0-1.0", {"owner": "Vera"})
    assert (night.width, night.height, night.file_name, night.imported_by) == (320, 288, "a.png", job)
    assert night.key == f"p_{night.sha256[:16]}"
    dawn = Track.objects.get()
    assert (dawn.title, dawn.genre, dawn.duration_s, dawn.sample_rate, dawn.channels) == (
        "Dawn",
        "calm",
        31.0,
        8_000,
        1,
    )
    assert list(dawn.clips.order_by("index").values_list("start_frame", "stop_frame")) == [
        (0, 120_000),
        (120_000, 240_000),
    ]


def test_originals_are_kept_byte_for_byte_and_the_models_inputs_can_be_read(folder: Path):
    import_now(path=folder, now=NOON)
    for item, name in ((Painting.objects.get(title="Day"), "b.jpg"), (Track.objects.get(), "music/c.wav")):
        with default_storage.open(item.original.name) as stored:
            assert stored.read() == (folder / name).read_bytes()
        assert item.original.name.startswith(f"originals/{item.sha256[:2]}/{item.sha256}.")
    with default_storage.open(Painting.objects.get(title="Day").model_input.name) as file:
        assert np.load(file).shape == (256, 256, 3)
    clip = Clip.objects.get(index=1)
    with default_storage.open(clip.mel.name) as file:
        assert np.load(file).shape == (128, 469)
    assert len(clip.peaks) == 1_200


def test_names_in_the_store_tell_nothing(folder: Path, media_root: Path):
    import_now(path=folder, now=NOON)
    names = [path.stem for path in media_root.rglob("*") if path.is_file()]
    assert len(names) == 2 * 4 + 1 + 2 * 2
    assert all(len(name) == 64 and set(name) <= set("0123456789abcdef") for name in names)


def test_a_second_import_changes_nothing(folder: Path, media_root: Path):
    import_now(path=folder, now=NOON)
    before = state_of_the_corpus(media_root)
    again = import_now(path=folder, now=NOON)
    assert (again.n_added, again.n_skipped, again.n_failed, issues(again)) == (0, 3, 0, [])
    assert state_of_the_corpus(media_root) == before


def test_one_bad_file_costs_that_file_and_says_why(untidy: Path):
    job = import_now(path=untidy, now=NOON)
    assert (job.total, job.n_added, job.n_skipped, job.n_failed) == (6, 3, 1, 2)
    assert issues(job) == [
        ("0 first by name/копия.png", "warning", "duplicate"),
        ("empty.mp3", "rejected", "empty"),
        ("page.jpg", "rejected", "web_page"),
    ]
    copy = job.issues.get(code="duplicate")
    assert copy.reason == "It has the same bytes as a.png; one of them is enough."


def test_of_equal_files_the_one_that_metadata_describe_is_taken(untidy: Path):
    import_now(path=untidy, now=NOON)
    night = Painting.objects.get(sha256=fingerprint(untidy / "a.png"))
    assert (night.title, night.file_name) == ("Night", "a.png")


def test_a_copy_under_another_name_is_remarked_in_later_imports_too(folder: Path, tmp_path: Path):
    import_now(path=folder, now=NOON)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "a.png", other / "renamed.png")
    job = import_now(path=other, now=NOON)
    assert (job.n_added, job.n_skipped) == (0, 1)
    assert issues(job) == [("renamed.png", "warning", "duplicate")]


class PowerCut:
    """Stands before the media store: after `files` files it leaves half of the next one on the disk and interrupts."""

    def __init__(self, files: int, root: Path) -> None:
        self.files = files
        self.root = root
        self.real = storing._saved

    def __call__(self, name: str, content: File[bytes], size: int) -> str:
        if self.files:
            self.files -= 1
            return self.real(name, content, size)
        path = self.root / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * (size // 2))
        raise KeyboardInterrupt


@pytest.mark.parametrize("cuts", [[0, 1], [3], [5, 2], [8], [12]], ids=str)
def test_an_import_that_is_cut_off_ends_the_same_when_done_again(
    untidy: Path, media_root: Path, monkeypatch: pytest.MonkeyPatch, cuts: list[int]
):
    """A painting is four files; the track comes third: its original, then two files for each of two clips."""
    for files in cuts:
        with monkeypatch.context() as patch:
            patch.setattr(storing, "_saved", PowerCut(files, media_root))
            with pytest.raises(KeyboardInterrupt):
                import_now(path=untidy, now=NOON)
    import_now(path=untidy, now=NOON)
    after_cuts = state_of_the_corpus(media_root)
    contents = {path.name: path.read_bytes() for path in media_root.rglob("*") if path.is_file()}

    shutil.rmtree(media_root)
    Painting.objects.all().delete()
    Track.objects.all().delete()
    import_now(path=untidy, now=NOON)
    assert state_of_the_corpus(media_root) == after_cuts
    assert {path.name: path.read_bytes() for path in media_root.rglob("*") if path.is_file()} == contents


def test_two_imports_at_once_store_an_item_once(folder: Path):
    """The late one looks through folder and corpus, then the other one does it all, then the late one stores."""
    late = ImportJob.objects.create(path=str(folder), created_at=NOON)
    others: list[ImportJob] = []

    def report(progress: Progress) -> None:
        if progress.total and not others:
            others.append(import_now(path=folder, now=NOON))

    worked(late, report)
    late.refresh_from_db()
    assert (others[0].n_added, late.n_added, late.n_skipped, late.n_failed) == (3, 0, 3, 0)
    assert (Painting.objects.count(), Track.objects.count(), Clip.objects.count()) == (2, 1, 2)


def test_metadata_that_cannot_be_relied_on_fail_the_whole_import_in_words(folder: Path):
    (folder / "more.csv").write_bytes("file,title\na.png,Größe\n".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"more\.csv, line 2: not UTF-8 text\. .* Nothing was imported\."):
        import_now(path=folder, now=NOON)
    assert not Painting.objects.exists()
    assert ImportJob.objects.get().state == JobState.FAILED


def test_a_folder_that_is_not_there_is_said_so_before_a_job_is_made(tmp_path: Path):
    for start in (import_now, lambda **given: import_start(source=ImportJob.Source.FOLDER, user=None, **given)):
        with pytest.raises(CorpusError, match="There is no folder"):
            start(path=tmp_path / "nowhere", now=NOON)
    assert not ImportJob.objects.exists()


def test_ctrl_c_ends_the_job_as_cancelled_and_is_passed_on(folder: Path):
    def watch(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_now(path=folder, now=NOON, watch=watch)
    assert ImportJob.objects.get().state == JobState.CANCELLED


def test_an_import_by_hand_whose_process_was_killed_is_not_taken_up_by_a_worker(folder: Path):
    swept: list[int] = []

    def watch(progress: Progress) -> None:
        if progress.done == 1:  # as if the process had been dead for long
            ImportJob.objects.update(heartbeat_at=NOON.replace(year=2020))
            swept.append(jobs_sweep(model=ImportJob, now=NOON))

    with pytest.raises(CorpusError, match="worker died each time"):
        import_now(path=folder, now=NOON, watch=watch)
    assert swept == [0]
    assert ImportJob.objects.get().state == JobState.FAILED


def test_texts_longer_than_their_column_are_cut_and_kept_whole_beside(folder: Path):
    long = "x" * 700
    (folder / "paintings.csv").write_text(f"file,title,year\na.png,{long},{'9' * 200}\n")
    import_now(path=folder, now=NOON)
    painting = Painting.objects.get(file_name="a.png")
    assert painting.title == "x" * 399 + "…"
    assert painting.extras == {"title": long}
    assert len(painting.year) == 120


def test_the_worker_does_a_queued_import_and_a_second_message_changes_nothing(
    folder: Path, django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
):
    rung: list[int] = []
    monkeypatch.setattr(
        "annotation_site.jobs.services.current_app.send_task", lambda name, *, args, **_: rung.append(args[0])
    )
    with django_capture_on_commit_callbacks(execute=True):
        job = import_start(source=ImportJob.Source.FOLDER, path=folder, user=User.objects.create_user("ann"), now=NOON)
    assert (rung, job.state) == ([job.pk], JobState.QUEUED)
    assert import_source(job.pk) == JobState.DONE
    assert import_source(job.pk) == "not ours"
    job.refresh_from_db()
    assert (job.n_added, job.done, job.total, str(job.created_by)) == (3, 3, 3, "ann")


def test_issues_of_an_attempt_that_was_cut_off_are_not_told_twice(untidy: Path):
    job = ImportJob.objects.create(path=str(untidy), created_at=NOON)
    for _ in range(2):
        worked(job)
    assert [code for _, _, code in issues(job)] == ["duplicate", "empty", "web_page"]


def test_remarks_are_kept_as_warnings(folder: Path):
    write_picture(folder / "small.png", gradient(300, 200))
    job = import_now(path=folder, now=NOON)
    assert issues(job) == [("small.png", ImportIssue.Level.WARNING, "small")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[ImportJob], int]:
    """How many questions the database is asked by a job's work, progress told but once."""
    monkeypatch.setattr(importing, "EVERY_S", 1e9)

    def ask(job: ImportJob) -> int:
        with CaptureQueriesContext(connection) as captured:
            worked(job)
        return len(captured)

    return ask


def test_what_is_done_is_looked_up_by_the_batch(tmp_path: Path, asked: Callable[[ImportJob], int]):
    root = tmp_path / "many"
    root.mkdir()
    picture = write_picture(tmp_path / "one.jpg", gradient(256, 256), form="JPEG")
    for index in range(2 * importing.BATCH):
        shutil.copy(picture, root / f"{index}.jpg")
        with (root / f"{index}.jpg").open("ab") as file:
            file.write(str(index).encode())  # behind the picture's end: other bytes, the same picture
    jobs = [ImportJob.objects.create(path=str(root), created_at=NOON) for _ in range(2)]
    first = asked(jobs[0])
    assert first <= 5 * 2 * importing.BATCH + 30
    ImportJob.objects.filter(pk=jobs[0].pk).update(state=JobState.DONE)
    assert asked(jobs[1]) <= 20
    jobs[1].refresh_from_db()
    assert (jobs[1].n_added, jobs[1].n_skipped, jobs[1].n_failed) == (0, 2 * importing.BATCH, 0)


def test_the_pace_is_of_the_last_half_minute_so_that_skipped_files_do_not_spoil_it():
    seconds = iter([0.0, 0.5, 5.0, 20.0, 35.0, 40.0])
    pace = Pace(window=30.0, clock=lambda: next(seconds))
    assert [pace.rate(0), pace.rate(10)] == [None, None]
    assert pace.rate(1_000) == 200.0  # a thousand files that were there
    assert [pace.rate(1_015), pace.rate(1_030)] == [1_015 / 20, 30 / 30]
    progress = progress_of(Counts(added=30, skipped=1_000, failed=5), 1_155, pace.rate(1_035))
    assert (progress.rate, progress.seconds_left) == (1.0, 120.0)
    assert progress.words == "1.0 files a second, about 2 min left"


def test_real_processes_give_the_same(untidy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "process_many", process_many)
    job = import_now(path=untidy, now=NOON, workers=2)
    assert (job.n_added, job.n_skipped, job.n_failed) == (3, 1, 2)


def test_a_rejection_of_the_pool_is_an_issue_like_any_other(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        importing,
        "process_many",
        lambda candidates, **_: ((c, Rejected("crashed", "It crashed.", "Mend it.")) for c in candidates),
    )
    job = import_now(path=folder, now=NOON)
    assert (job.n_failed, job.issues.filter(code="crashed", reason="It crashed.", hint="Mend it.").count()) == (3, 3)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)  # long enough for a heartbeat, which has a connection of its own
def test_the_whole_real_corpus_comes_in_and_once_only(shared_corpus: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "process_many", process_many)
    job = import_now(path=shared_corpus, now=NOON, workers=2)
    assert (job.total, job.n_added, job.n_skipped, job.n_failed) == (407, 397, 2, 8)
    named = Painting.objects.exclude(artist=""), Track.objects.exclude(artist="")
    assert [items.count() for items in named] == [316, 64]
    assert Clip.objects.filter(track__in=named[1]).count() == 220
    assert {issue[0] for issue in issues(job) if issue[1:] == ("warning", "duplicate")} == {
        "music/jordan-trudgett_world-map.ogg",
        "paintings/met-437869_velazquez-diego-rodriguez-de-silva-y-vel.jpg",
    }
    assert Track.objects.get(file_name="ogg_named.mp3").title == "World Map"
    again = import_now(path=shared_corpus, now=NOON, workers=2)
    assert (again.n_added, again.n_skipped, again.n_failed) == (0, 399, 8)
