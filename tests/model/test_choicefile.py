"""`score --features` and `choose` as a worker uses them: from pairs to a list of those to ask about."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model import checkpoints
from model.__main__ import main
from model.acquisition import Known, Method, choose
from model.choicefile import posterior
from model.judge import build
from model.scoring import Posterior
from tests.model.factories import BANDS, FRAMES, SIZE, micro_config

PAIRS = [(painting, clip) for painting in range(6) for clip in range(5)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as it was initialised, with a posterior of its own."""
    folder = tmp_path_factory.mktemp("choice") / "model"
    torch.manual_seed(3)
    module = build(micro_config())
    width = module.head.in_features + 1
    root = np.random.default_rng(0).normal(size=(width, width))
    held = Posterior(root @ root.T / width, 0.01).to_tensors()
    checkpoints.save(folder, module, identity=checkpoints.Identity("d" * 64, 3, "test"), step=0, posterior=held)
    return folder


@pytest.fixture(scope="module")
def scored(checkpoint: Path) -> Path:
    """A folder with `scores.csv` and `features.npy` of all `PAIRS`, and the arrays they were made from."""
    folder, generator = checkpoint.parent, np.random.default_rng(1)
    np.save(folder / "paintings.u8.npy", generator.integers(0, 256, (6, SIZE, SIZE, 3), dtype=np.uint8))
    np.save(folder / "mels.f16.npy", generator.normal(size=(5, BANDS, FRAMES)).astype(np.float16))
    lines = [f"{painting},{clip},note {painting}-{clip}" for painting, clip in PAIRS]
    (folder / "pairs.csv").write_text("\n".join(["painting_row,clip_row,note", *lines]) + "\n")
    command = ["score", "--checkpoint", str(checkpoint), "--arrays", str(folder), "--pairs", str(folder / "pairs.csv")]
    command += ["--out", str(folder / "scores.csv"), "--features", str(folder / "features.npy"), "--batch", "7"]
    assert main([*command, "--device", "cpu"]) == 0
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def asked(scored: Path, checkpoint: Path, out: Path, *more: str) -> list[dict[str, str]]:
    command = ["choose", "--checkpoint", str(checkpoint), "--scores", str(scored / "scores.csv"), "--out", str(out)]
    assert main([*command, *more]) == 0
    return read_csv(out)


def test_features_are_those_that_the_deviation_was_worked_out_from(scored: Path, checkpoint: Path) -> None:
    features = np.load(scored / "features.npy")
    assert (features.dtype, features.shape) == (np.float32, (30, 33))
    covariance, noise = posterior(checkpoint)
    assert noise == pytest.approx(0.01)
    sd = np.sqrt(np.einsum("nk,kl,nl->n", features, covariance, features))
    np.testing.assert_allclose([float(row["sd"]) for row in read_csv(scored / "scores.csv")], sd, atol=2e-6)
    assert not list(scored.glob(".*partial"))


def test_features_of_no_pairs_are_an_empty_table(scored: Path, checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("painting_row,clip_row\n")
    command = ["score", "--checkpoint", str(checkpoint), "--arrays", str(scored), "--device", "cpu"]
    command += ["--pairs", str(tmp_path / "pairs.csv"), "--out", str(tmp_path / "scores.csv")]
    assert main([*command, "--features", str(tmp_path / "features.npy")]) == 0
    assert np.load(tmp_path / "features.npy").shape == (0, 33)


def test_features_of_a_whole_matrix_are_refused(
    scored: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["score", "--checkpoint", str(checkpoint), "--arrays", str(scored), "--matrix", "--device", "cpu"]
    assert main([*command, "--out", str(tmp_path / "matrix"), "--features", str(tmp_path / "f.npy")]) == 2
    assert "--features goes with --pairs" in capsys.readouterr().err


@pytest.mark.parametrize("method", list(Method))
def test_the_list_is_that_of_the_function_in_the_order_to_ask(
    scored: Path, checkpoint: Path, tmp_path: Path, method: Method
) -> None:
    members = tmp_path / "member.csv"
    rows = read_csv(scored / "scores.csv")
    other = np.random.default_rng(4).uniform(size=30).round(6)
    with members.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "score": score} for row, score in zip(rows, other, strict=True))
    found = asked(
        scored, checkpoint, tmp_path / "out" / "chosen.csv", "--method", method, "--count", "12", "--per-painting", "3",
        "--per-clip", "4", "--control", "0.25", "--seed", "9", "--features", str(scored / "features.npy"),
        "--members", str(members), "--labelled", str(scored / "features.npy"),
    )  # fmt: skip
    score, sd = (np.array([float(row[name]) for row in rows]) for name in ("score", "sd"))
    features = np.load(scored / "features.npy")
    covariance, noise = posterior(checkpoint)
    known = Known(score, sd**2, features, covariance, noise, np.stack([score, other]), features)
    expected = choose(
        method, known, [p for p, _ in PAIRS], [c for _, c in PAIRS],
        count=12, per_painting=3, per_clip=4, control_share=0.25, seed=9,
    )  # fmt: skip
    assert [(int(row["row"]), row["reason"]) for row in found] == [(each.row, each.reason.value) for each in expected]
    assert [row["note"] for row in found] == [rows[each.row]["note"] for each in expected]
    assert list(found[0]) == ["painting_row", "clip_row", "note", "score", "sd", "row", "reason", "route"]


def test_the_route_of_each_and_a_control_always_goes_to_ratings(
    scored: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    low, sd = (sorted(float(row[name]) for row in read_csv(scored / "scores.csv"))[18] for name in ("score", "sd"))
    more = ["--method", "band", "--count", "30", "--sure", str(sd), "--band", str(low), "0.99", "--json"]
    found = asked(scored, checkpoint, tmp_path / "chosen.csv", *more)
    counted = json.loads(capsys.readouterr().out)
    assert {key: counted[key] for key in ("method", "candidates", "chosen", "control")} == {
        "method": "band", "candidates": 30, "chosen": 30, "control": 6,
    }  # fmt: skip
    for row in found:
        unsure, inside = float(row["sd"]) > sd, low <= float(row["score"]) <= 0.99
        expected = "ratings" if unsure or row["reason"] == "control" else "preference" if inside else "leave"
        assert row["route"] == expected
    assert counted["routes"] == {
        where: sum(row["route"] == where for row in found) for where in ("preference", "ratings", "leave")
    }
    assert all(counted["routes"].values())


def test_ids_of_a_snapshot_are_kept_and_capped(checkpoint: Path, tmp_path: Path) -> None:
    lines = [f"p_{painting},c_{clip},0.{5 + painting},0.0{1 + clip}" for painting, clip in PAIRS[:20]]
    (tmp_path / "scores.csv").write_text("\n".join(["painting_id,clip_id,score,sd", *lines]) + "\n")
    found = asked(
        tmp_path, checkpoint, tmp_path / "chosen.csv", "--count", "9", "--per-clip", "1", "--method", "variance"
    )
    assert sorted(row["clip_id"] for row in found) == ["c_0", "c_1", "c_2", "c_3", "c_4"]


SCORES = "painting_row,clip_row,score,sd\n0,0,0.5,0.1\n"


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("painting_row,clip_row\n0,0\n", [], "has no column score nor sd"),
        ("painting,score,sd\n0,0.5,0.1\n", [], "painting_row and clip_row or painting_id and clip_id"),
        ("painting_row,clip_row,score,sd,route\n0,0,0.5,0.1,x\n", [], "already has a column route"),
        ("painting_row,clip_row,score,sd\n0,0,0.5,0.1\n1,0,high,0.1\n", [], "line 3: score 'high' is not a number"),
        ("painting_row,clip_row,score,sd\n0,0,0.5\n", [], "line 2: sd None is not a number"),
        (SCORES, ["--method", "lcmd"], "lcmd needs the candidates' features"),
        (SCORES, ["--method", "ensemble"], "at least two models"),
        (SCORES, ["--features", "features.npy"], "has features of 30 pairs, and there are 1"),
        (SCORES, ["--features", "scores.csv"], "cannot be read as an array"),
        (SCORES, ["--labelled", "mels.f16.npy"], "must be a table of features"),
        (SCORES, ["--members", "scores.csv"], "does not hold the same pairs"),
        (SCORES, ["--control", "2"], "the control share is from 0 to 1"),
        (SCORES, ["--checkpoint", "nowhere"], "holds no trained model"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused_in_one_line(
    scored: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    text: str, more: list[str], words: str,
) -> None:  # fmt: skip
    (tmp_path / "few.csv").write_text(text)
    more = [str(scored / word) if (scored / word).exists() else word for word in more]
    command = ["choose", "--checkpoint", str(checkpoint), "--scores", str(tmp_path / "few.csv"), "--count", "1"]
    assert main([*command, "--out", str(tmp_path / "out.csv"), *more]) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
