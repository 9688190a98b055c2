"""Published data sets in small: files made by hand, figures against scipy and by hand, leaks counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from scipy import stats

from model import adaptors, checkpoints, loose
from model.__main__ import main
from model.adaptors import AdaptorError, figures, imac, imemnet
from model.adaptors.records import matches_of
from model.judge import build
from tests.model.factories import micro_config

TEST = "1-1 dog 0.9\n1-2 cat 0.1\n2-1 dog 0.7\n2-1 sea 0.5\n"
VAL = "1-1 dog 0.9\n1-2 dog 0.6\n3-1 cat 0.2\n\n3-1 dog 0.8\n3-1 dog 0.8\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """IMEMNet as its repository has it: without the training file."""
    (tmp_path / "test_matching.txt").write_text(TEST)
    (tmp_path / "val_matching.txt").write_text(VAL)
    return tmp_path


def test_imemnet_is_read_line_by_line(folder: Path) -> None:
    splits = imemnet.read(folder)
    assert list(splits) == ["val", "test"]
    assert splits["val"].pairs() == [("dog", "1-1"), ("dog", "1-2"), ("cat", "3-1"), ("dog", "3-1")]
    assert splits["val"].score.tolist() == [0.9, 0.6, 0.2, 0.8]
    assert splits["val"].repeated == 1
    assert imemnet.track_of("2014-130") == "2014"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1-1 dog 0.9\n1-2 dog\n", "line 2: has 2 words; it should be `clip_id image_id score`"),
        ("1-1 dog high\n", "line 1: the score 'high' is not a number"),
        ("1-1 dog 0.9\n\n1-2 cat 1.5\n", "line 3: the score 1.5 is not within 0 and 1"),
        ("1-1 dog nan\n", "line 1: the score nan is not within 0 and 1"),
        ("1-1 dog 0.9\n1-1 dog 0.8\n", "line 2: 1-1 with dog scores 0.8, but 0.9 in line 1"),
        ("1-1 dog 0.9\n1-2 d\xf6g 0.8\n", "line 2: is not UTF-8 text"),
        ("\n", "is empty"),
    ],
)
def test_a_damaged_line_is_refused_with_its_number(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "test_matching.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(AdaptorError, match=r"test_matching\.txt") as refusal:
        imemnet.read(tmp_path)
    assert words in str(refusal.value)


def test_a_folder_without_its_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdaptorError, match=r"holds none of train_matching\.txt"):
        imemnet.read(tmp_path)


def test_what_the_splits_of_imemnet_share_is_counted(folder: Path) -> None:
    found = adaptors.report("imemnet", folder, score=None, pairs=1, seed=0)
    of_val = next(row for row in found["overlaps"] if row["of"] == "val")
    assert of_val["in"] == "test"
    assert of_val["pairs"] == {"shared": 1, "all": 4}
    assert of_val["images"] == {"shared": 2, "all": 2}
    assert of_val["clips"] == {"shared": 2, "all": 3}
    assert of_val["tracks"] == {"shared": 1, "all": 2}
    assert "of val, also in test: 1 of 4 pairs" in "\n".join(adaptors.words(found))


def test_a_table_of_means_is_asked_only_about_new_pairs(folder: Path) -> None:
    """Filled from test: dog 0.8, cat 0.1, sea 0.5. Of val, three pairs are new: dog 0.6, cat 0.2, dog 0.8."""
    splits = imemnet.read(folder)
    found = figures.look_up(splits["test"], splits["val"], resamples=20, seed=0)
    assert (found["pairs"], found["in_both"]) == (3, 1)
    assert found["image mean"]["mae"]["value"] == pytest.approx((0.2 + 0.1 + 0.0) / 3)
    expected = stats.spearmanr([0.8, 0.1, 0.8], [0.6, 0.2, 0.8]).statistic
    assert found["image mean"]["srcc"]["value"] == pytest.approx(expected)
    assert found["clip mean"]["mae"]["value"] == pytest.approx((0.5 + 0.35 + 0.25) / 3)  # 1-2: 0.1; 3-1 unknown: 0.55


def test_imacs_figures_by_hand() -> None:
    """Of 6 pairs 2 correspond; 3 are called so, 1 of them rightly."""
    predicted, matches = np.array([0.9, 0.6, 0.5, 0.4, 0.3, 0.1]), np.array([1, 0, 0, 1, 0, 0], dtype=bool)
    found = figures.correspondence(predicted, matches, resamples=50, seed=0)
    assert found["prior"] == pytest.approx(1 / 3)
    assert found["constant"] == pytest.approx(2 / 3)
    assert found["precision"]["value"] == pytest.approx(1 / 3)
    assert found["recall"]["value"] == 0.5
    assert found["accuracy"]["value"] == 0.5
    assert found["balanced_accuracy"]["value"] == 0.5
    assert found["auroc"]["value"] == pytest.approx((4 + 2) / 8)


def test_giving_all_the_same_answer_has_nothing_but_the_priors_accuracy() -> None:
    matches = np.arange(90) % 3 == 0
    found = figures.correspondence(np.zeros(90), matches, resamples=20, seed=0)
    assert found["accuracy"]["value"] == pytest.approx(found["constant"]) == pytest.approx(2 / 3)
    assert (found["balanced_accuracy"]["value"], found["auroc"]["value"]) == (0.5, 0.5)
    assert found["precision"]["value"] is None


def test_auroc_equals_mann_whitney_with_ties() -> None:
    generator = np.random.default_rng(5)
    predicted, matches = generator.integers(0, 8, 70) / 8, generator.random(70) < 0.4
    u = stats.mannwhitneyu(predicted[matches], predicted[~matches]).statistic
    assert figures.auroc(predicted, matches) == pytest.approx(u / (matches.sum() * (~matches).sum()))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """IMAC in small: images a, b, c and songs x, y, z; b and y are in both splits; w has no leading emotion."""
    images = "id,emotion,split\na,positive,train\nb,negative,train\nb,negative,test\nc,neutral,test\n"
    songs = (
        "id,posScore,neuScore,negScore,split\nx,3,1,0,train\ny,0,0,2,train\ny,0,0,2,test\nz,0,4,1,test\nw,1,1,0,test\n"
    )
    (tmp_path / "images.csv").write_text(images)
    (tmp_path / "songs.csv").write_text(songs)
    return tmp_path


def test_imac_is_read_and_its_splits_leaks_are_counted(labels: Path) -> None:
    images, songs = imac.read(labels)
    assert images.by_split["test"] == {"b": "negative", "c": "neutral"}
    assert songs.by_split["test"] == {"y": "negative", "z": "neutral"}
    assert songs.tied == 1
    found = adaptors.report("imac", labels, score=None, pairs=100, seed=0)
    of_test = next(row for row in found["overlaps"] if row["of"] == "test")
    assert of_test["images"] == of_test["songs"] == {"shared": 1, "all": 2}
    table = found["look_up"][0]["labels"]
    assert (table["n"], table["prior"]) == (4, 0.5)  # b with y and c with z
    assert (table["precision"]["value"], table["recall"]["value"]) == (1.0, 0.5)  # it knows b and y alone


def test_pairs_of_imac_are_drawn_once_each_and_by_the_seed() -> None:
    images, songs = ({f"{kind}{n}": imac.EMOTIONS[n % 3] for n in range(30)} for kind in "ab")
    drawn = imac.draw(images, songs, count=400, seed=1)
    assert len(set(drawn.pairs())) == 400
    assert drawn.pairs() == imac.draw(images, songs, count=400, seed=1).pairs()
    assert drawn.pairs() != imac.draw(images, songs, count=400, seed=2).pairs()
    assert drawn.score.mean() == pytest.approx(1 / 3, abs=0.07)
    for (image, song), score in zip(drawn.pairs(), drawn.score, strict=True):
        assert score == (int(image[1:]) % 3 == int(song[1:]) % 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("name,emotion\n", "line 1: there is no column id"),
        ("id,emotion\na,happy\n", "line 2: the emotion 'happy' is none of positive, neutral, negative"),
        ("id,emotion\na,positive\nb\n", "line 3: has 1 cells where the heading has 2"),
        ("id,emotion\na,positive\na,neutral\n", "line 3: a is neutral here and positive in an earlier line"),
        ("id,emotion,split\na,positive,dev\n", "line 2: the split 'dev' is none of train, val, test"),
        ("id,posScore,neuScore,negScore\na,1,x,0\n", "line 2: posScore, neuScore, negScore must be whole numbers"),
        ("id,title\na,b\n", "has neither a column emotion nor posScore"),
        ("id,emotion\n,positive\n", "line 2: the id is empty"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "songs.csv"
    path.write_text(text)
    with pytest.raises(AdaptorError) as refusal:
        imac.read_table(path)
    assert words in str(refusal.value)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model that takes pictures and mels of their real size."""
    out = tmp_path_factory.mktemp("adaptors") / "model"
    small = {"size": 256, "pool": 16}
    config = micro_config(painting=small, music={"widths": (8, 16), "band_pool": 8, "frame_pool": 8})
    torch.manual_seed(0)
    identity = checkpoints.Identity("d" * 64, seed=0, code_version="test")
    checkpoints.save(out, build(config), identity=identity, step=0, posterior={})
    return out


def write_media(folder: Path) -> None:
    """dog and cat, 1-1 (3 s), 1-2 and 2-1; there is no sea, and 3-1 is no sound."""
    generator = np.random.default_rng(0)
    (folder / "images" / "IAPS").mkdir(parents=True)
    (folder / "audio").mkdir()
    for name in ("dog", "cat"):
        Image.fromarray(generator.integers(0, 255, (20, 30, 3), dtype=np.uint8)).save(
            folder / "images" / "IAPS" / f"{name}.png"
        )
    for name in ("1-1", "1-2", "2-1"):
        soundfile.write(folder / "audio" / f"{name}.wav", generator.uniform(-0.5, 0.5, 3 * 8000), 8000)
    (folder / "audio" / "3-1.wav").write_text("no sound")


def test_a_model_is_measured_on_the_pairs_that_have_both_files(
    folder: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_media(folder)
    out = folder / "found.json"
    command = ["adaptors", "imemnet", "--data", str(folder), "--checkpoint", str(trained), "--device", "cpu"]
    assert main([*command, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "the model, test: n 3" in printed
    assert "DEAM" in printed
    found = json.loads(out.read_text())
    assert (found["model"]["test"]["n"], found["model"]["test"]["left_out"]) == (3, 1)
    assert found["model"]["test"]["reason"].endswith("has no file called sea")
    assert (found["model"]["val"]["n"], found["model"]["val"]["left_out"]) == (2, 2)
    assert "3-1.wav is not a sound file" in found["model"]["val"]["reason"]
    checkpoint = checkpoints.load(trained)
    checkpoint.module.requires_grad_(False)
    picture = torch.from_numpy(loose.painting_of(folder / "images" / "IAPS" / "dog.png")).permute(2, 0, 1)[None]
    mel = torch.from_numpy(loose.mel_of(folder / "audio" / "2-1.wav", is_repeated=True)).float()[None, None]
    scored = adaptors.score(
        checkpoint, matches_of(["dog"], ["2-1"], [0.7]), images=folder / "images", sounds=folder / "audio"
    )
    assert scored.predicted[0] == pytest.approx(checkpoint.module(picture, mel).item(), abs=1e-6)


def test_without_any_file_it_fails_with_one_line(
    folder: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["adaptors", "imemnet", "--data", str(folder), "--checkpoint", str(trained), "--device", "cpu"]
    assert main(command) == 1
    assert "images is not a folder" in capsys.readouterr().err
    (folder / "images").mkdir()
    (folder / "audio").mkdir()
    assert main(command) == 1
    complaint = capsys.readouterr().err
    assert "no pair has both its image and its sound" in complaint
    assert complaint.count("\n") == 1


def test_two_files_of_one_name_are_not_chosen_between(folder: Path, trained: Path) -> None:
    write_media(folder)
    (folder / "images" / "dog.jpg").write_bytes(b"another")
    with pytest.raises(AdaptorError, match="are both called dog"):
        adaptors.score(
            checkpoints.load(trained),
            imemnet.read(folder)["test"],
            images=folder / "images",
            sounds=folder / "audio",
        )


def test_a_short_sound_is_repeated_only_where_asked(tmp_path: Path) -> None:
    """A second of a tone that fits into it 440 times is the same tone for 15 seconds."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(15 * 16_000) / 16_000)
    soundfile.write(tmp_path / "long.wav", tone, 16_000)
    soundfile.write(tmp_path / "short.wav", tone[:16_000], 16_000)
    np.testing.assert_array_equal(
        loose.mel_of(tmp_path / "short.wav", is_repeated=True), loose.mel_of(tmp_path / "long.wav")
    )
