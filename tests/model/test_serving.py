"""A warm model answers line by line: as `score` does, whatever was asked before, until its input ends."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model import checkpoints
from model.__main__ import main
from model.checkpoints import Identity
from model.config import Config
from model.judge import build
from model.pairfile import MELS_NAME, PAINTINGS_NAME
from model.scoring import Posterior
from model.serving import MOST_CLIPS, MOST_LINE_BYTES, MOST_PAINTINGS, serve
from model.verdict import brackets, ranking, typical_window
from tests.model.factories import BANDS, FRAMES, SIZE, micro, micro_config

WEIGHTS = 33  # of the head of a model of width 32, with its bias


def checkpoint_in(folder: Path, config: Config) -> Path:
    """An untrained model with some posterior, sealed."""
    torch.manual_seed(1)
    root = np.random.default_rng(0).normal(0, 0.1, (WEIGHTS, WEIGHTS))
    posterior = Posterior(root @ root.T, 0.01)
    identity = Identity("d" * 64, 1, "test")
    checkpoints.save(folder, build(config), identity=identity, step=12, posterior=posterior.to_tensors())
    return folder


def arrays_in(folder: Path, *, paintings: int, clips: int, seed: int = 0) -> Path:
    generator = np.random.default_rng(seed)
    folder.mkdir()
    np.save(folder / PAINTINGS_NAME, generator.integers(0, 256, (paintings, SIZE, SIZE, 3), dtype=np.uint8))
    np.save(folder / MELS_NAME, generator.normal(0, 1, (clips, BANDS, FRAMES)).astype(np.float16))
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint_in(tmp_path_factory.mktemp("serving"), micro_config())


def answers(checkpoint: Path, *lines: bytes | dict[str, Any]) -> list[dict[str, Any]]:
    """All that the server says to these lines."""
    sent = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    said = io.BytesIO()
    ticks = iter(range(10_000))
    serve(checkpoints.load(checkpoint), requests=io.BytesIO(sent), answers=said, clock=lambda: float(next(ticks)))
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.parametrize("clips", [1, 4])
def test_scores_and_deviations_are_those_of_the_command_score(checkpoint: Path, tmp_path: Path, clips: int) -> None:
    arrays = arrays_in(tmp_path / "arrays", paintings=3, clips=clips)
    pairs = tmp_path / "pairs.csv"
    rows = [f"{painting},{clip}" for painting in range(3) for clip in range(clips)]
    pairs.write_text("\n".join(["painting_row,clip_row", *rows]) + "\n")
    scored = tmp_path / "scored.csv"
    command = ["score", "--checkpoint", str(checkpoint), "--arrays", str(arrays), "--pairs", str(pairs)]
    assert main([*command, "--out", str(scored), "--device", "cpu"]) == 0
    verdict = answers(checkpoint, {"id": 1, "arrays": str(arrays)})[-1]["verdict"]
    with scored.open(newline="") as file:
        for line in csv.DictReader(file):
            window = verdict["paintings"][int(line["painting_row"])]["windows"][int(line["clip_row"])]
            assert window["score"] == pytest.approx(float(line["score"]), abs=1e-6)
            assert window["sd"] == pytest.approx(float(line["sd"]), abs=1e-6)


def test_a_piece_is_the_mean_of_its_windows_and_no_surer_than_they_allow(checkpoint: Path, tmp_path: Path) -> None:
    arrays = arrays_in(tmp_path / "arrays", paintings=1, clips=5)
    painting = answers(checkpoint, {"id": 1, "arrays": str(arrays)})[-1]["verdict"]["paintings"][0]
    scores, deviations = ([window[name] for window in painting["windows"]] for name in ("score", "sd"))
    assert painting["score"] == pytest.approx(np.mean(scores))
    independent = float(np.sqrt(np.square(deviations).sum())) / 5
    assert independent < painting["sd"] <= np.mean(deviations) + 1e-12  # windows share the weights' uncertainty


def test_what_comes_while_it_works_and_at_its_end(checkpoint: Path, tmp_path: Path) -> None:
    arrays = arrays_in(tmp_path / "arrays", paintings=6, clips=6)
    ready, *progress, last = answers(checkpoint, {"id": "a", "arrays": str(arrays), "maps": False})
    assert ready["ready"]["recipe"] == "tiny"
    assert ready["ready"]["step"] == 12
    assert [line["done"] for line in progress] == [16, 32, 36]
    assert {line["total"] for line in progress} == {36}
    assert last["id"] == "a"
    assert last["seconds"] > 0
    assert last["verdict"]["maps"] is None


def test_maps_are_of_every_layer_in_the_window_that_stands_for_the_piece(checkpoint: Path, tmp_path: Path) -> None:
    arrays = arrays_in(tmp_path / "arrays", paintings=2, clips=3)
    verdict = answers(checkpoint, {"id": 1, "arrays": str(arrays)})[-1]["verdict"]
    maps = verdict["maps"]
    scores = np.array([[window["score"] for window in painting["windows"]] for painting in verdict["paintings"]])
    assert maps["window"] == typical_window(scores)
    assert maps["grid"] == 4
    assert [len(layers) for layers in maps["paintings"]] == [2, 2]
    for layer in maps["paintings"][1]:
        assert len(layer["values"]) == 16
        assert (min(layer["values"]), max(layer["values"])) == (0, 255)
        assert 0 < layer["low"] < layer["mean"] < layer["high"]


def test_a_model_without_man_has_no_maps(tmp_path: Path) -> None:
    plain = checkpoint_in(tmp_path / "plain", micro("cross-attention"))
    arrays = arrays_in(tmp_path / "arrays", paintings=1, clips=1)
    assert answers(plain, {"id": 1, "arrays": str(arrays)})[-1]["verdict"]["maps"] is None


def bad_lines(tmp_path: Path) -> list[tuple[bytes | dict[str, Any], str]]:
    good = {"id": 1, "arrays": str(tmp_path)}
    many = arrays_in(tmp_path / "many", paintings=MOST_PAINTINGS + 1, clips=1)
    long = arrays_in(tmp_path / "long", paintings=1, clips=MOST_CLIPS + 1)
    none = arrays_in(tmp_path / "none", paintings=0, clips=1)
    strange = tmp_path / "strange"
    strange.mkdir()
    np.save(strange / PAINTINGS_NAME, np.zeros((1, 8, 8, 3), np.uint8))
    np.save(strange / MELS_NAME, np.zeros((1, BANDS, FRAMES), np.float16))
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    np.save(pickled / PAINTINGS_NAME, np.array([{"code": "runs"}], dtype=object), allow_pickle=True)
    cut = arrays_in(tmp_path / "cut", paintings=1, clips=1)
    (cut / PAINTINGS_NAME).write_bytes((cut / PAINTINGS_NAME).read_bytes()[:200])
    empty = arrays_in(tmp_path / "nan", paintings=1, clips=1)
    np.save(empty / MELS_NAME, np.full((1, BANDS, FRAMES), np.nan, np.float16))
    return [
        (b"what?\n", "one line of JSON"),
        (b"[1, 2]\n", "an object with an id"),
        (b'{"id": null, "arrays": "x"}\n', "an object with an id"),
        ({**good, "checkpoint": "/other"}, "not checkpoint"),
        ({"id": 1, "arrays": 7}, "path of a folder"),
        ({**good, "maps": "yes"}, "true or false"),
        (b'{"id": 1, "arrays": "' + b"x" * (3 * MOST_LINE_BYTES) + b'"}\n', "at most 65536 bytes"),
        ({"id": 1, "arrays": str(tmp_path / "nowhere")}, "cannot be read as an array"),
        ({"id": 1, "arrays": str(pickled)}, "cannot be read as an array"),
        ({"id": 1, "arrays": str(cut)}, "cannot be read as an array"),
        ({"id": 1, "arrays": str(many)}, "1 to 12 paintings"),
        ({"id": 1, "arrays": str(long)}, "1 to 120 clips"),
        ({"id": 1, "arrays": str(none)}, "1 to 12 paintings"),
        ({"id": 1, "arrays": str(strange)}, "paintings of 16 x 16 x 3, not 8 x 8 x 3"),
        ({"id": 1, "arrays": str(empty)}, "gives no number"),
    ]


def test_a_bad_request_is_refused_in_words_and_costs_only_itself(checkpoint: Path, tmp_path: Path) -> None:
    arrays = arrays_in(tmp_path / "arrays", paintings=1, clips=1)
    good = {"id": "good", "arrays": str(arrays)}
    bad = bad_lines(tmp_path)
    _, *said = answers(checkpoint, *(line for request, _ in bad for line in (request, good)))
    refused = [line for line in said if "error" in line]
    assert [line["code"] for line in refused] == ["request"] * len(bad)
    for line, (_, words) in zip(refused, bad, strict=True):
        assert words in line["error"]
    verdicts = [line["verdict"] for line in said if "verdict" in line]
    assert verdicts == [verdicts[0]] * len(bad)


def test_the_process_answers_and_ends_with_its_input(checkpoint: Path, tmp_path: Path) -> None:
    arrays = arrays_in(tmp_path / "arrays", paintings=1, clips=2)
    command = [sys.executable, "-m", "model", "serve", "--checkpoint", str(checkpoint), "--device", "cpu"]
    line = json.dumps({"id": 1, "arrays": str(arrays)}) + "\n"
    done = subprocess.run(
        [*command, "--threads", "1"], input=line, capture_output=True, text=True, timeout=120, check=True
    )
    ready, *_, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert (ready["ready"]["device"], ready["ready"]["threads"]) == ("cpu", 1)
    assert last["verdict"] == answers(checkpoint, {"id": 1, "arrays": str(arrays)})[-1]["verdict"]


def test_a_folder_without_a_model_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--checkpoint", str(tmp_path), "--device", "cpu"]) == 1
    assert "holds no trained model" in capsys.readouterr().err


def test_a_difference_is_surer_than_its_two_scores() -> None:
    """Both scores hang on one weight of variance 1 alike, by 0.3: of their difference nothing of it is left."""
    posterior = Posterior(np.diag([1.0, 0.0001]), 0.01)
    found = ranking(np.array([0.5, 0.6]), np.array([[0.3, 0.0], [0.3, 1.0]]), posterior)
    assert found["order"] == [1, 0]
    assert found["steps"] == [{"difference": pytest.approx(0.1), "sd": pytest.approx(0.01), "is_told_apart": True}]
    assert found["brackets"] == []


def test_scores_within_their_uncertainty_are_not_told_apart() -> None:
    posterior = Posterior(np.eye(2), 0.01)
    found = ranking(np.array([0.5, 0.6]), np.eye(2), posterior)
    assert found["steps"][0]["sd"] == pytest.approx(np.sqrt(2))
    assert not found["steps"][0]["is_told_apart"]
    assert found["brackets"] == [[0, 1]]


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        ([], [[0, 3]]),
        ([(0, 3)], [[0, 2], [1, 3]]),
        ([(0, 1), (0, 2), (0, 3)], [[1, 3]]),
        ([(0, 2), (0, 3), (1, 2), (1, 3)], [[0, 1], [2, 3]]),
        ([(a, b) for a in range(4) for b in range(4)], []),
    ],
)
def test_brackets_hold_who_is_not_told_apart(apart: list[tuple[int, int]], expected: list[list[int]]) -> None:
    assert brackets(4, lambda place, other: (place, other) in apart) == expected
