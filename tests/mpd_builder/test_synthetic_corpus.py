"""A synthetic corpus on disk: the layout of a real one, labelled, repeatable."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mpd_builder.records import CLIP_SECONDS
from mpd_builder.synthetic import Truth, make_corpus
from mpd_builder.synthetic.latents import Latents
from mpd_builder.synthetic.titles import mood, painting_titles


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "corpus"
    make_corpus(out_dir=folder, paintings=3, tracks=2, seed=11, track_seconds=31.0)
    return folder


def test_every_work_is_in_its_table_with_its_hash(corpus: Path) -> None:
    for table, count in (("paintings/paintings.csv", 3), ("music/tracks.csv", 2)):
        rows = _rows(corpus / table)
        assert len(rows) == count
        for row in rows:
            content = (corpus / table).with_name(row["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row["sha256"]


def test_everything_says_that_it_is_synthetic(corpus: Path) -> None:
    paintings, tracks = _rows(corpus / "paintings/paintings.csv"), _rows(corpus / "music/tracks.csv")
    for row in (*paintings, *tracks):
        assert row["synthetic"] == "1"
        assert "synthetic" in row["source"]
        assert "synthetic" in row["artist"]
        assert row["licence"] == "CC0-1.0"
    assert all(row["style"].startswith("Synthetic ") for row in paintings)
    with Image.open(corpus / "paintings" / paintings[0]["file"]) as picture:
        assert b"Synthetic" in picture.info["comment"]
    with soundfile.SoundFile(corpus / "music" / tracks[0]["file"]) as sound:
        assert "Synthetic" in sound.comment
        assert sound.title == tracks[0]["title"]


def test_the_tables_have_the_columns_of_a_real_corpus(corpus: Path, shared_corpus: Path) -> None:
    for table in ("paintings/paintings.csv", "music/tracks.csv"):
        real, synthetic = _rows(shared_corpus / table)[0], _rows(corpus / table)[0]
        assert list(synthetic) == [*real, "synthetic"]


def test_tracks_have_the_length_asked_for_and_a_truth_for_each_whole_clip(corpus: Path) -> None:
    truth = Truth.load(corpus / "truth.json")
    for row in _rows(corpus / "music/tracks.csv"):
        info = soundfile.info(corpus / "music" / row["file"])
        assert info.frames / info.samplerate == pytest.approx(31.0)
        assert row["duration_s"] == "31.00"
        assert len(truth.tracks[row["sha256"]]) == int(31.0 // CLIP_SECONDS) == 2
        first, second = truth.tracks[row["sha256"]]
        assert first != second


def test_the_truth_on_disk_is_the_truth_returned_and_knows_every_file(tmp_path: Path) -> None:
    truth = make_corpus(out_dir=tmp_path, paintings=2, tracks=1, seed=4, track_seconds=15.0)
    assert Truth.load(tmp_path / "truth.json") == truth
    track = _rows(tmp_path / "music/tracks.csv")[0]["sha256"]
    for row in _rows(tmp_path / "paintings/paintings.csv"):
        assert 0.0 < truth.coherence(row["sha256"], track, 0) < 1.0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_one_process_or_two(corpus: Path, tmp_path: Path) -> None:
    make_corpus(out_dir=tmp_path / "again", paintings=3, tracks=2, seed=11, track_seconds=31.0, processes=2)
    make_corpus(out_dir=tmp_path / "other", paintings=3, tracks=2, seed=12, track_seconds=31.0)
    first, again, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (corpus, tmp_path / "again", tmp_path / "other")
    )
    assert first == again
    assert first.keys() != other.keys()


def test_an_interrupted_corpus_is_made_whole_by_asking_again(tmp_path: Path) -> None:
    class Interrupted(RuntimeError):
        pass

    def interrupt(done: int, total: int) -> None:
        if done == 1:
            raise Interrupted

    with pytest.raises(Interrupted):
        make_corpus(out_dir=tmp_path, paintings=2, tracks=0, seed=1, progress=interrupt)
    assert not (tmp_path / "truth.json").exists()
    truth = make_corpus(out_dir=tmp_path, paintings=2, tracks=0, seed=1)
    assert Truth.load(tmp_path / "truth.json") == truth
    assert len(truth.paintings) == 2


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "paintings").mkdir()
    (tmp_path / "paintings" / "my-own.jpg").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"my-own\.jpg"):
        make_corpus(out_dir=tmp_path, paintings=1, tracks=0, seed=1)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["my-own.jpg"]


def test_progress_counts_every_work_once(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    make_corpus(
        out_dir=tmp_path, paintings=2, tracks=1, seed=1, track_seconds=15.0, progress=lambda *step: seen.append(step)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("wrong", [{"paintings": -1}, {"tracks": -1}, {"seed": -1}, {"processes": 0}])
def test_impossible_amounts_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        make_corpus(**({"out_dir": tmp_path, "paintings": 1, "tracks": 1, "seed": 1} | wrong))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_track_shorter_than_a_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="14 s is outside 15 s"):
        make_corpus(out_dir=tmp_path, paintings=0, tracks=1, seed=1, track_seconds=14.0)


def test_titles_are_never_given_twice() -> None:
    titles = painting_titles([Latents(*[0.1] * 6)] * 400, np.random.default_rng(1))
    assert len(set(titles)) == 400
    assert mood(Latents(0.9, 0.1, 0.5, 0.5, 0.5, 0.5)) == "synthetic; driving, dark"
