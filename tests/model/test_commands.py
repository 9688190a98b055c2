"""`python -m model` as a person or a worker uses it, on the hand-made snapshot of the builder's tests."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from model import checkpoints, recipes, scoring
from model.__main__ import main
from model.events import EVENTS_NAME, read_events
from mpd_builder import snapshot
from mpd_builder.snapshot import Recipe
from tests.mpd_builder.small_snapshot import write_small

QUICK = [
    "--set", "optim.regression_steps=3", "--set", "optim.batch=4", "--set", "run.log_every=1",
    "--set", "run.bootstrap=5", "--set", "painting.depth=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def snapshot_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("commands") / "snapshot").path


@pytest.fixture(scope="module")
def trained(snapshot_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("commands") / "run"
    command = ["train", "--recipe", "tiny", "--snapshot", str(snapshot_path), "--out", str(out), "--device", "cpu"]
    assert main([*command, "--seed", "5", "--code-version", "test", *QUICK]) == 0
    return out


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_train_leaves_what_the_contract_names(trained: Path, snapshot_path: Path) -> None:
    names = {"config.json", "events.jsonl", "report.json", "checkpoint.safetensors", "checkpoint.json", "examples.json"}
    pictures = {pair["picture"] for pair in json.loads((trained / "examples.json").read_text())["pairs"]}
    assert pictures
    assert {path.name for path in trained.iterdir()} == names | pictures
    report = json.loads((trained / "report.json").read_text())
    assert report["snapshot_digest"] == snapshot.read(snapshot_path).digest
    assert (report["seed"], report["code_version"], report["steps"]) == (5, "test", 3)
    assert report["config"] == json.loads((trained / "config.json").read_text())
    kinds = [event["event"] for event in read_events(trained / EVENTS_NAME)]
    assert kinds == ["start", "stage", "step", "step", "step", "validation", "checkpoint", "metrics", "end"]


def test_train_does_not_overwrite_a_run_and_a_finished_one_is_not_repeated(
    trained: Path, snapshot_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--recipe", "tiny", "--snapshot", str(snapshot_path), "--out", str(trained)]
    assert main(command) == 2
    assert "already holds a run" in capsys.readouterr().err
    before = (trained / EVENTS_NAME).read_bytes()
    assert main([*command, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((trained / "report.json").read_text())
    assert (trained / EVENTS_NAME).read_bytes() == before


def test_evaluate_repeats_the_figures_of_the_run(
    trained: Path, snapshot_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    command = ["evaluate", "--checkpoint", str(trained), "--snapshot", str(snapshot_path), "--json"]
    assert main([*command, "--device", "cpu", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    report = json.loads((trained / "report.json").read_text())
    assert found["protocols"] == report["protocols"]
    assert json.loads(out.read_text()) == found


def test_another_snapshot_is_measured_only_beside_the_one_that_was_trained_on(
    trained: Path, snapshot_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_small(tmp_path / "other", recipe=Recipe("other")).path
    command = ["evaluate", "--checkpoint", str(trained), "--snapshot", str(other), "--device", "cpu"]
    assert main(command) == 2
    assert "add --trained-on" in capsys.readouterr().err
    assert main([*command, "--trained-on", str(other)]) == 2
    assert "the model's is" in capsys.readouterr().err
    assert main([*command, "--trained-on", str(snapshot_path)]) == 0
    printed = capsys.readouterr().out
    assert "unseen-both: 1 pairs, painting and track are both of the test side" in printed
    assert "pair: not measured; training under unseen-both took every pair" in printed


def test_report_writes_what_its_ending_says(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--run", str(trained), "--out", str(tmp_path / "report.html")]) == 0
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert main(["report", "--run", str(trained / "report.json"), "--out", str(tmp_path / "report.md")]) == 0
    assert (tmp_path / "report.md").read_text().startswith("# tiny, trained under unseen-both")
    assert main(["report", "--run", str(trained), "--out", str(tmp_path / "report.pdf")]) == 2
    assert main(["report", "--run", str(tmp_path / "report.md"), "--out", str(tmp_path / "again.md")]) == 1
    assert "is not JSON" in capsys.readouterr().err


def test_score_reads_arrays_and_passes_ids_through(trained: Path, snapshot_path: Path, tmp_path: Path) -> None:
    pairs, out = tmp_path / "pairs.csv", tmp_path / "out" / "scores.csv"
    pairs.write_text('painting_row,clip_row,note\n3,1,last\n0,0,"first, with a comma"\n3,0,other\n')
    command = ["score", "--checkpoint", str(trained), "--arrays", str(snapshot_path / "arrays")]
    assert main([*command, "--pairs", str(pairs), "--out", str(out), "--device", "cpu", "--batch", "2"]) == 0
    rows = read_csv(out)
    assert list(rows[0]) == ["painting_row", "clip_row", "note", "score", "sd"]
    assert [row["note"] for row in rows] == ["last", "first, with a comma", "other"]
    checkpoint = checkpoints.load(trained)
    arrays = snapshot.read(snapshot_path).arrays()
    matrix = scoring.score_matrix(
        checkpoint.module,
        torch.from_numpy(np.array(arrays.paintings_u8)).permute(0, 3, 1, 2),
        torch.from_numpy(np.array(arrays.mels_f16)).float()[:, None],
    )
    for row in rows:
        expected = float(matrix[int(row["painting_row"]), int(row["clip_row"])])
        assert float(row["score"]) == pytest.approx(expected, abs=2e-6)
        assert 0 < float(row["sd"]) < 0.5
    events = read_events(out.parent / EVENTS_NAME)
    assert [event["event"] for event in events] == ["start", "progress", "end"]
    assert (events[1]["done"], events[1]["total"], events[2]["pairs"]) == (3, 3, 3)


def test_score_reads_a_snapshot_by_its_ids(trained: Path, snapshot_path: Path, tmp_path: Path) -> None:
    frame = snapshot.read(snapshot_path).pairs
    pairs, out = tmp_path / "pairs.csv", tmp_path / "scores.csv"
    frame[["pair_id", "painting_id", "clip_id"]].to_csv(pairs, index=False)
    command = ["score", "--checkpoint", str(trained), "--snapshot", str(snapshot_path), "--pairs", str(pairs)]
    assert main([*command, "--out", str(out), "--device", "cpu"]) == 0
    assert [row["pair_id"] for row in read_csv(out)] == list(frame["pair_id"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("painting_row\n0\n", "line 2"),
        ("painting_row,clip_row\n0,0\n9,0\n", "line 3: painting_row '9' is not among the 4 known"),
        ("painting_row,clip_row,score\n0,0,0.5\n", "already has a column score"),
        ("painting_row,clip_row\n0,0,7\n", "line 2"),
    ],
)
def test_a_wrong_file_of_pairs_is_refused_with_its_line(
    trained: Path, snapshot_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    pairs, out = tmp_path / "pairs.csv", tmp_path / "scores.csv"
    pairs.write_text(text)
    command = ["score", "--checkpoint", str(trained), "--arrays", str(snapshot_path / "arrays"), "--pairs", str(pairs)]
    assert main([*command, "--out", str(out)]) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1
    assert not out.exists()


def test_describe_prints_both_conventions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--recipe", "tiny", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (
        found["total"]["parameters"] == found["music_encoder"]["parameters"] + found["painting_encoder"]["parameters"]
    )
    assert found["music_encoder"]["flops"] == 2 * found["music_encoder"]["macs"] > 0
    assert main(["describe", "--recipe", "tiny"]) == 0
    assert "2 x MAC" in capsys.readouterr().out


def test_describe_all_is_table_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == list(recipes.NAMES)
    assert "44.645 M | 21.152 G | 10.576 G" in lines[2]


def test_maps_of_a_trained_model_from_a_snapshot(
    trained: Path, snapshot_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = snapshot.read(snapshot_path)
    painting, clip = opened.paintings["painting_id"].iloc[0], opened.clips["clip_id"].iloc[0]
    command = ["maps", "--checkpoint", str(trained), "--painting", painting, "--music", clip, "--out", str(tmp_path)]
    assert main([*command, "--snapshot", str(snapshot_path), "--json", "--device", "cpu"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["mean"]) == {"absolute", "relative", "contrast"}
    assert (tmp_path / "contrast.svg").exists()
    assert main([*command, "--device", "cpu"]) == 1
    assert f"{painting} is not a file" in capsys.readouterr().err


def test_compare_prints_a_table_and_keeps_its_runs(
    snapshot_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "compare",
        "--snapshot",
        str(snapshot_path),
        "--rows",
        "table3",
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
    ]
    assert main([*command, *QUICK]) == 0
    printed = capsys.readouterr()
    assert "| cross-attention |" in printed.out
    assert "cross-attention@tiny, seed 0" in printed.err
    assert (tmp_path / "compare.md").read_text() == printed.out
    assert list(json.loads((tmp_path / "compare.json").read_text())["rows"]) == list(recipes.TABLE_3)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["describe", "--recipe", "huge"], "no recipe is called 'huge'"),
        (["describe", "--recipe", "tiny", "--set", "optim.lr"], "name=value"),
        (["describe", "--recipe", "tiny", "--set", "optim.rl=1"], "no setting is called 'optim.rl'"),
    ],
)
def test_wrong_use_ends_with_2_and_one_line(command: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 2
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1


def test_a_folder_that_is_no_snapshot_fails_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "--recipe", "tiny", "--snapshot", str(tmp_path / "none"), "--out", str(tmp_path / "run")]
    assert main(command) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_sigterm_saves_and_ends_with_143_and_resume_finishes(snapshot_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [
        sys.executable, "-m", "model", "train", "--recipe", "tiny", "--snapshot", str(snapshot_path), "--out", str(out),
        "--threads", "1", *QUICK, "--set", "optim.regression_steps=60",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not any(event["event"] == "step" for event in read_events(out / EVENTS_NAME)):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 143, complaint
    assert "resume goes on from there" in complaint
    saved = checkpoints.load_state(out)
    assert saved is not None
    assert 0 < saved[1]["step"] < 60
    assert subprocess.run([*command, "--resume"], capture_output=True, timeout=200).returncode == 0
    steps = [event["step"] for event in read_events(out / EVENTS_NAME) if event["event"] == "step"]
    assert steps == list(range(1, 61))
