"""Asking, forgetting, sweeping: nothing is kept longer than it is said, nothing is asked that may not be."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError

from annotation_site.jobs.models import JobState
from annotation_site.judging.errors import JudgingRefused, NotYours, NoVersion, StillAtWork, TooLarge
from annotation_site.judging.models import Judging, Subject
from annotation_site.judging.selectors import words_of
from annotation_site.judging.services import Question, judging_ask, judging_forget, judgings_sweep
from tests.conftest import NOON
from tests.factories import make_admin, make_painting, make_rater, make_track
from tests.judging.conftest import make_done, make_judging, make_version, music_file, picture_file, stored_files

pytestmark = pytest.mark.django_db


def question(**fields: object) -> Question:
    return Question(**{"sent_paintings": [picture_file()], "sent_music": music_file(), **fields})  # type: ignore[arg-type]


def test_a_question_is_a_row_with_its_files_and_a_message(
    version, media_root: Path, nothing_is_sent: list, django_capture_on_commit_callbacks
):
    rater = make_rater().user
    with django_capture_on_commit_callbacks(execute=True):
        judging = judging_ask(question=question(start_s=4.0, is_whole=False), user=rater, now=NOON)
    assert (judging.state, judging.created_by, judging.by_admin) == (JobState.QUEUED, rater, False)
    assert judging.expires_at == NOON + timedelta(hours=24)
    assert [(one.kind, one.name) for one in judging.subjects.all()] == [
        ("music", "music.flac"),
        ("painting", "painting.jpg"),
    ]
    assert stored_files(media_root) == [f"{judging.key.hex}/sent-0", f"{judging.key.hex}/sent-1"]
    assert [(name, options["queue"]) for name, options in nothing_is_sent] == [("judging.judge", "judge")]


def test_without_an_active_version_nothing_is_asked_or_kept(media_root: Path):
    make_version(is_active=False)
    with pytest.raises(NoVersion, match="No model version is active"):
        judging_ask(question=question(), user=make_admin(), now=NOON)
    assert not Judging.objects.exists()
    assert stored_files(media_root) == []


def test_only_admins_name_what_is_in_the_corpus(version):
    for who in (make_rater().user, None):
        for corpus in ({"paintings": [make_painting()]}, {"track": make_track(), "sent_music": None}):
            with pytest.raises(NotYours, match="Send files of your own"):
                judging_ask(question=question(**corpus), user=who, now=NOON)
    both = question(sent_paintings=[], paintings=[make_painting()], sent_music=None, track=make_track())
    assert judging_ask(question=both, user=make_admin(), now=NOON).by_admin


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"sent_paintings": []}, JudgingRefused, "Choose 1 to 12 paintings, not 0"),
        ({"sent_paintings": [picture_file(n) for n in range(13)]}, JudgingRefused, "not 13"),
        ({"sent_music": None}, JudgingRefused, "Choose one piece of music"),
        ({"start_s": -1.0}, JudgingRefused, "may start at 0 to 600"),
        ({"start_s": float("nan")}, JudgingRefused, "may start at 0 to 600"),
        ({"start_s": 601.0}, JudgingRefused, "may start at 0 to 600"),
        ({"sent_paintings": [SimpleUploadedFile("a.jpg", b"")]}, JudgingRefused, "a.jpg is empty"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(version, media_root: Path, changes, error, words):
    with pytest.raises(error, match=words):
        judging_ask(question=question(**changes), user=make_admin(), now=NOON)
    assert stored_files(media_root) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(version, settings, media_root: Path):
    settings.JUDGE_MAX_SOUND_MB = 1
    large = SimpleUploadedFile("long.wav", bytes(2**20 + 1))
    with pytest.raises(TooLarge, match=r"long.wav has 1 MB; at most 1 MB"):
        judging_ask(question=question(sent_music=large), user=make_admin(), now=NOON)
    assert stored_files(media_root) == []


def test_names_come_without_folders_and_signs_that_cannot_be_printed(version):
    painting = picture_file()
    painting._name = "C:\\secret\\..\\ro\x00ck\u202e.jpg"  # what a browser may send; Django's own setter is kinder
    judging = judging_ask(question=question(sent_paintings=[painting]), user=None, now=NOON)
    assert judging.subjects.get(kind="painting").name == "rock.jpg"


def test_files_are_not_left_behind_where_a_row_cannot_be_written(version, media_root: Path, monkeypatch):
    def broken(**_: object) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr("annotation_site.judging.services.job_enqueue", broken)
    with pytest.raises(RuntimeError):
        judging_ask(question=question(), user=None, now=NOON)
    assert stored_files(media_root) == []
    assert not Judging.objects.exists()


def test_the_sweep_deletes_what_has_expired_with_its_files_and_nothing_else(version, media_root: Path):
    old, fresh = make_done(), make_done()
    waiting = judging_ask(question=question(), user=None, now=NOON - timedelta(hours=25))
    at_work = make_judging(state=JobState.RUNNING, expires_at=NOON - timedelta(seconds=1))
    Judging.objects.filter(pk=old.pk).update(expires_at=NOON)
    Judging.objects.filter(pk=fresh.pk).update(expires_at=NOON + timedelta(seconds=1))
    assert judgings_sweep(now=NOON) == 2
    assert set(Judging.objects.all()) == {fresh, at_work}
    assert {name.split("/")[0] for name in stored_files(media_root)} == {fresh.key.hex}
    assert not (media_root / "judging" / old.key.hex).exists()
    assert not (media_root / "judging" / waiting.key.hex).exists()


def test_files_without_a_row_are_swept_an_hour_later(version, media_root: Path):
    kept = make_done(expires_at=NOON + timedelta(days=1))
    old, young = (media_root / "judging" / (digit * 32) for digit in "ab")
    for folder, age in ((old, timedelta(minutes=61)), (young, timedelta(minutes=59))):
        folder.mkdir()
        (folder / "sent-0").write_bytes(b"picture")
        os.utime(folder / "sent-0", times=((NOON - age).timestamp(),) * 2)
    (media_root / "judging" / "notes").mkdir()  # not ours
    judgings_sweep(now=NOON)
    assert {path.name for path in (media_root / "judging").iterdir()} == {kept.key.hex, young.name, "notes"}


def test_the_corpus_keeps_its_files_when_a_judging_of_it_goes(version, media_root: Path):
    painting = make_painting()
    judging = make_done()
    Subject.objects.filter(judging=judging, kind="painting").update(
        painting=painting, shown={"display": painting.display.name, "width": 1, "height": 1}
    )
    judging_forget(judging=judging, now=NOON)
    assert not Judging.objects.exists()
    assert painting.display.storage.exists(painting.display.name)


def test_what_a_worker_is_at_is_stopped_first(version):
    judging = make_judging(state=JobState.RUNNING)
    with pytest.raises(StillAtWork):
        judging_forget(judging=judging, now=NOON)
    judging.refresh_from_db()
    assert judging.cancel_requested
    Judging.objects.update(state=JobState.CANCELLED)
    assert judgings_sweep(now=NOON) == 1


def test_a_judging_has_one_piece_of_music(version):
    judging = make_done()
    with pytest.raises(IntegrityError):
        Subject.objects.create(judging=judging, kind="music", position=1, name="another")


def test_whoever_waits_for_a_judge_that_is_not_there_is_told(version):
    judging = make_judging(state=JobState.QUEUED, words="Waiting")
    asked = judging.created_at
    assert words_of(judging, now=asked + timedelta(seconds=20)) == "Waiting"
    later = asked + timedelta(seconds=40)
    assert "worker may not be running" in words_of(judging, now=later)
    make_judging(state=JobState.DONE, heartbeat_at=later - timedelta(seconds=5))  # somebody is at work, on others first
    assert words_of(judging, now=later) == "Waiting"
    behind = make_judging(state=JobState.QUEUED, words="Waiting")
    assert words_of(behind, now=asked) == "Waiting, 1 before this one"
