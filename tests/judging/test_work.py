"""The work of a judging with a real warm model: equal to the model's own scores, whatever files come."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from annotation_site.corpus.models import Clip, TrackFingerprint
from annotation_site.jobs.models import JobState
from annotation_site.judging import checking, tasks, work
from annotation_site.judging.models import Judging
from annotation_site.judging.services import Question, judging_ask
from annotation_site.judging.warm import WarmModel
from annotation_site.training.models import ModelVersion
from model import checkpoints, recipes
from model.checkpoints import Identity
from model.data import Media
from model.judge import build
from model.scoring import Posterior
from model.verdict import estimates
from mpd_builder.ingest import Candidate, CheckedPainting, CheckedTrack, Limits, process
from tests.conftest import NOON
from tests.factories import make_admin, make_clip, make_painting, make_rater, make_track
from tests.judging.conftest import (
    make_version,
    music_bytes,
    music_file,
    picture_bytes,
    picture_file,
    stored_files,
)

pytestmark = pytest.mark.django_db


def checkpoint_in(folder: Path, *, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    module = build(recipes.get("tiny"))
    root = np.random.default_rng(seed).normal(0, 0.05, (65, 65))
    posterior = Posterior(root @ root.T, 0.01).to_tensors()
    checkpoints.save(folder, module, identity=Identity("d" * 64, seed, "test"), step=1, posterior=posterior)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints of versions 1 and 2."""
    root = tmp_path_factory.mktemp("runs")
    for number in (1, 2):
        checkpoint_in(root / f"run-{number}", seed=number)
    return root


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmModel]:
    """One warm process for all tests of this file."""
    found = WarmModel()
    yield found
    found.close()
    checking.CHECKER.close()


@pytest.fixture(autouse=True)
def served(runs: Path, warm: WarmModel, monkeypatch: pytest.MonkeyPatch, settings) -> None:
    settings.RUNS_ROOT = runs
    monkeypatch.setattr(work, "WARM", warm)


@pytest.fixture
def version() -> ModelVersion:
    return make_version()


def judged(question: Question, user: object = None) -> Judging:
    """Asked, and worked on as a worker does."""
    judging = judging_ask(question=question, user=user, now=NOON)  # type: ignore[arg-type]
    tasks.judge(judging.pk)
    judging.refresh_from_db()
    return judging


def one(**fields: Any) -> Question:
    """One painting with 16 seconds of music, where nothing else is said."""
    return Question(**{"sent_paintings": [picture_file()], "sent_music": music_file(16), **fields})


def failed(question: Question) -> str:
    judging = judged(question)
    assert judging.state == JobState.FAILED
    return judging.error


def file(data: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def scores_by_hand(runs: Path, tmp_path: Path, *, pictures: list[bytes], music: bytes) -> np.ndarray:
    """Scores of the model loaded here, on arrays that an import's own functions make."""

    def checked(data: bytes, name: str) -> CheckedPainting | CheckedTrack:
        (tmp_path / name).write_bytes(data)
        return process(Candidate(tmp_path / name, name), limits=Limits())

    paintings = [checked(data, f"{number}.jpg") for number, data in enumerate(pictures)]
    track = checked(music, "music.flac")
    assert isinstance(track, CheckedTrack)
    inputs = np.stack([painting.model_input for painting in paintings if isinstance(painting, CheckedPainting)])
    media = Media(inputs, np.stack([clip.mel for clip in track.clips]), torch.device("cpu"), pool=4)
    return estimates(checkpoints.load(runs / "run-1").module, media, batch=4).score


def test_what_is_sent_is_judged_as_the_model_scores_it_and_the_files_as_sent_are_gone(
    version, runs: Path, tmp_path: Path, media_root: Path
):
    question = Question(sent_paintings=[picture_file(1), picture_file(2)], sent_music=music_file(47))
    judging = judged(question, make_rater().user)
    assert (judging.state, judging.error, judging.version) == (JobState.DONE, "", version)
    expected = scores_by_hand(runs, tmp_path, pictures=[picture_bytes(1), picture_bytes(2)], music=music_bytes(47))
    told = [[window["score"] for window in painting["windows"]] for painting in judging.result["paintings"]]
    np.testing.assert_allclose(told, expected, atol=1e-6)
    assert judging.result["maps"]["grid"] == 8
    assert not judging.subjects.exclude(sent="").exists()
    names = [name.split("/")[1] for name in stored_files(media_root)]
    assert names == ["painting-0.jpg", "painting-1.jpg", "window-000.flac", "window-001.flac", "window-002.flac"]


def test_where_it_starts_and_how_much_of_it(version):
    music = music_bytes(47)
    judging = judged(
        Question(sent_paintings=[picture_file()], sent_music=file(music, "m.flac"), start_s=1.5, is_whole=False)
    )
    shown = judging.subjects.get(kind="music").shown
    assert (shown["starts"], len(shown["audio"])) == ([1.5], 1)
    samples, rate = soundfile.read(io.BytesIO(music), dtype="int16")
    with default_storage.open(shown["audio"][0]) as kept:
        heard, _ = soundfile.read(io.BytesIO(kept.read()), dtype="int16")
    np.testing.assert_array_equal(heard, samples[int(1.5 * rate) : int(16.5 * rate)])


def test_the_place_where_a_picture_was_taken_is_not_kept(version):
    exif = Image.Exif()
    exif[0x010E] = "at home"
    sent = file(picture_bytes(exif=exif.tobytes()), "private.jpg")
    judging = judged(Question(sent_paintings=[sent], sent_music=music_file(16)))
    with default_storage.open(judging.subjects.get(kind="painting").shown["display"]) as kept:
        data = kept.read()
    assert b"at home" not in data
    assert not Image.open(io.BytesIO(data)).getexif()


def test_silent_windows_are_left_out_and_counted(version):
    music = file(music_bytes(46, silent_from=15), "m.flac")
    judging = judged(Question(sent_paintings=[picture_file()], sent_music=music))
    shown = judging.subjects.get(kind="music").shown
    assert (shown["starts"], shown["silent"]) == ([0.0], 2)
    assert len(judging.result["paintings"][0]["windows"]) == 1


def bomb() -> bytes:
    """A PNG of 5 kB that unpacks to 144 million pixels."""
    data = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("painting", "music", "words"),
    [
        (b"<script>alert(1)</script>", None, r"a\.jpg: "),
        (bomb(), None, r"a\.jpg: .*million"),
        (picture_bytes()[:900], None, r"a\.jpg: The JPEG picture is damaged"),
        (music_bytes(16), None, r"a\.jpg is music"),
        (picture_bytes(size=(40, 40)), None, r"a\.jpg: .*too small"),
        (None, picture_bytes(), r"b\.flac is a picture"),
        (None, music_bytes(9), r"b\.flac: It is 9\.0 s long"),
        (None, b"RIFF" + bytes(40), r"b\.flac: "),
        (None, music_bytes(16, silent_from=0), r"b\.flac is silent there"),
        (None, music_bytes(181), r"b\.flac: It is longer than 3 minutes"),
    ],
    ids=["script", "bomb", "cut", "music", "small", "picture", "short", "header", "silent", "long"],
)
def test_a_hostile_or_wrong_file_fails_its_judging_in_words_and_is_deleted(
    version, media_root: Path, settings, painting: bytes | None, music: bytes | None, words: str
):
    settings.JUDGE_MAX_MINUTES = 3
    sent = Question(
        sent_paintings=[file(painting or picture_bytes(), "a.jpg")],
        sent_music=file(music or music_bytes(16), "b.flac"),
    )
    judging = judged(sent)
    assert judging.state == JobState.FAILED
    assert re.match(words, judging.error)
    assert not any("sent" in name for name in stored_files(media_root))


def test_more_pairs_than_are_judged_at_a_time_are_refused(version, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(work, "MOST_PAIRS", 3)
    words = failed(Question(sent_paintings=[picture_file(1), picture_file(2)], sent_music=music_file(31)))
    assert words.startswith("2 paintings with 2 windows of music are 4 pairs; at most 3")


def test_items_of_the_corpus_are_judged_by_their_stored_arrays(version):
    admin = make_admin()
    painting, track = corpus_of(picture_bytes(1), music_bytes(47))
    question = Question(paintings=[painting], track=track, start_s=16.0)
    judging = judged(question, admin)
    assert judging.state == JobState.DONE
    shown = judging.subjects.get(kind="music").shown
    assert shown["starts"] == [15.0, 30.0]  # from the clip in which that second lies
    whole = judged(Question(sent_paintings=[picture_file(1)], sent_music=music_file(47)), admin)
    told, sent = (row.result["paintings"][0]["windows"] for row in (judging, whole))
    for window, same in zip(told, sent[1:], strict=True):
        assert window["score"] == pytest.approx(same["score"], abs=1e-6)


def corpus_of(picture: bytes, music: bytes):  # type: ignore[no-untyped-def]
    """A painting and a track of the corpus, with all that an import keeps."""
    folder = Path(default_storage.location)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "p").write_bytes(picture)
    (folder / "m").write_bytes(music)
    checked, heard = (process(Candidate(folder / name, name), limits=Limits()) for name in ("p", "m"))
    assert isinstance(checked, CheckedPainting)
    assert isinstance(heard, CheckedTrack)

    def array(values: np.ndarray) -> ContentFile[bytes]:
        data = io.BytesIO()
        np.save(data, values)
        return ContentFile(data.getvalue(), "a.npy")

    painting = make_painting(model_input=array(checked.model_input), dhash=checked.dhash)
    track = make_track(clips=0)
    TrackFingerprint.objects.create(track=track, values=heard.fingerprint.astype("<u4").tobytes())
    for clip in heard.clips:
        make_clip(track=track, index=clip.clip.index, mel=array(clip.mel), peaks=clip.peaks)
    assert Clip.objects.filter(track=track).count() == len(heard.clips)
    return painting, track


def test_raters_learn_nothing_of_what_is_in_the_corpus_however_it_was_saved(version):
    """A painting kept from the scoring page at another size, and a clip kept as it was played, from second 3 on."""
    corpus_of(picture_bytes(1, size=(640, 560)), music_bytes(47, number=5))
    smaller = io.BytesIO()
    Image.open(io.BytesIO(picture_bytes(1, size=(640, 560)))).resize((300, 262)).save(smaller, "PNG")
    samples, rate = soundfile.read(io.BytesIO(music_bytes(47, number=5)))
    played = io.BytesIO()
    soundfile.write(played, samples[3 * rate : 21 * rate], rate, format="WAV")

    def asked(picture: bytes, music: bytes, user: object = None) -> Judging:
        return judged(Question(sent_paintings=[picture_file(9), file(picture, "p")], sent_music=file(music, "m")), user)

    for who in (make_rater().user, None):
        judging = asked(smaller.getvalue(), played.getvalue(), who)
        assert judging.state == JobState.FAILED
        assert "only admins may see what the model says" in judging.error
        assert judging.result == {}
    assert asked(picture_bytes(2), played.getvalue()).state == JobState.DONE
    assert asked(smaller.getvalue(), music_bytes(16, number=6)).state == JobState.DONE
    assert asked(smaller.getvalue(), played.getvalue(), make_admin()).state == JobState.DONE


def test_a_version_that_was_withdrawn_meanwhile_is_said(version):
    judging = judging_ask(
        question=Question(sent_paintings=[picture_file()], sent_music=music_file(16)), user=None, now=NOON
    )
    ModelVersion.objects.update(is_active=False)
    tasks.judge(judging.pk)
    judging.refresh_from_db()
    assert (judging.state, judging.error[:29]) == (JobState.FAILED, "No model version is active an")


def test_a_second_attempt_after_a_dead_worker_finds_what_was_sent(version, monkeypatch: pytest.MonkeyPatch):
    """The first attempt ends without a word in the middle: the row is queued again by the sweep of jobs."""
    judging = judging_ask(
        question=Question(sent_paintings=[picture_file()], sent_music=music_file(16)), user=None, now=NOON
    )

    class Died(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(work, "checkpoint_folder", die)
        with pytest.raises(Died):
            tasks.judge(judging.pk)
    Judging.objects.update(state=JobState.QUEUED)
    tasks.judge(judging.pk)
    judging.refresh_from_db()
    assert (judging.state, judging.attempts) == (JobState.DONE, 2)


def test_the_version_that_is_active_answers(version):
    before = judged(one())
    ModelVersion.objects.update(is_active=False)
    second = make_version(2)
    after = judged(one())
    assert (before.version, after.version) == (version, second)
    assert before.result["paintings"][0]["score"] != after.result["paintings"][0]["score"]
