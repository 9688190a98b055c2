"""The matrix of scores on disk: it is the direct forward's, whatever stopped it and whoever shared the work."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model import checkpoints, matrix
from model.__main__ import main
from model.events import EventWriter, read_events
from model.judge import build
from model.pairfile import MELS_NAME, PAINTINGS_NAME, open_source
from tests.model.factories import micro, planted_dataset

PAINTINGS, CLIPS = 24, 18


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matrix") / "model"
    torch.manual_seed(0)
    module = build(micro("best")).eval()
    checkpoints.save(folder, module, identity=checkpoints.Identity("d" * 64, 0, "test"), step=1, posterior={})
    return folder


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_arrays(tmp_path_factory.mktemp("matrix"), PAINTINGS)


def write_arrays(folder: Path, paintings: int) -> Path:
    dataset = planted_dataset()
    np.save(folder / PAINTINGS_NAME, np.resize(dataset.paintings_u8, (paintings, *dataset.paintings_u8.shape[1:])))
    np.save(folder / MELS_NAME, dataset.mels_f16)
    return folder


def score(trained: Path, arrays: Path, out_dir: Path, **settings: Any) -> dict[str, Any]:
    ticks = itertools.count()
    with EventWriter(out_dir / "events.jsonl", clock=lambda: 0.0) as events:
        return matrix.write(
            checkpoints.load(trained),
            folder=trained,
            source=open_source(snapshot=None, arrays=arrays),
            out_dir=out_dir,
            events=events,
            clock=lambda: float(next(ticks)),
            **{"batch": 7, "clips_a_shard": 4, **settings},
        )


def test_the_matrix_is_the_direct_forwards(trained: Path, arrays: Path, tmp_path: Path) -> None:
    found = score(trained, arrays, tmp_path)
    assert (found["pairs"], found["is_complete"]) == (PAINTINGS * CLIPS, True)
    module, dataset = checkpoints.load(trained).module, planted_dataset()
    paintings = torch.from_numpy(dataset.paintings_u8).permute(0, 3, 1, 2)
    mels = torch.from_numpy(dataset.mels_f16).float()[:, None]
    with torch.no_grad():
        direct = module(paintings.repeat(CLIPS, 1, 1, 1), mels.repeat_interleave(PAINTINGS, 0)).view(CLIPS, PAINTINGS)
    scores_MP = np.load(tmp_path / matrix.MATRIX_NAME)
    assert scores_MP.dtype == np.float16
    np.testing.assert_allclose(scores_MP, direct.numpy(), atol=6e-4)
    assert np.std(scores_MP) > 1e-3


def test_a_sealed_matrix_says_what_it_is_and_leaves_nothing_else(trained: Path, arrays: Path, tmp_path: Path) -> None:
    score(trained, arrays, tmp_path)
    seal = json.loads((tmp_path / matrix.SEAL_NAME).read_text())
    assert seal["sha256"] == hashlib.sha256((tmp_path / matrix.MATRIX_NAME).read_bytes()).hexdigest()
    assert (seal["paintings"][:2], len(seal["clips"])) == (["0", "1"], CLIPS)
    model = hashlib.sha256((trained / checkpoints.SEAL_NAME).read_bytes()).hexdigest()
    assert seal["job"]["checkpoint_sha256"] == model
    names = {matrix.MATRIX_NAME, matrix.SEAL_NAME, matrix.JOB_NAME, "events.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert score(trained, arrays, tmp_path)["pairs"] == 0


def test_shares_make_the_same_bytes(trained: Path, arrays: Path, tmp_path: Path) -> None:
    score(trained, arrays, tmp_path / "whole")
    first = score(trained, arrays, tmp_path / "shared", share=(1, 2))
    assert not first["is_complete"]
    assert not (tmp_path / "shared" / matrix.MATRIX_NAME).exists()
    second = score(trained, arrays, tmp_path / "shared", share=(0, 2))
    assert second["is_complete"]
    assert first["pairs"] + second["pairs"] == PAINTINGS * CLIPS
    assert same_bytes(tmp_path / "whole", tmp_path / "shared")


def test_another_matrix_is_not_mixed_in(trained: Path, arrays: Path, tmp_path: Path) -> None:
    score(trained, arrays, tmp_path / "out", share=(0, 2))
    with pytest.raises(matrix.MatrixError, match=r"holds another matrix \(its batch differ"):
        score(trained, arrays, tmp_path / "out", batch=8)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(matrix.MatrixError, match="its media and paintings differ"):
        score(trained, write_arrays(other, PAINTINGS - 1), tmp_path / "out")


@pytest.mark.parametrize("text", ["2/2", "0", "-1/2", "a/b"])
def test_a_share_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["score", "--checkpoint", "C", "--arrays", "A", "--matrix", "--out", "O", f"--share={text}"])
    assert stopped.value.code == 2
    assert "I from 0 to N - 1" in capsys.readouterr().err


def same_bytes(first: Path, second: Path) -> bool:
    names = (matrix.MATRIX_NAME, matrix.SEAL_NAME)
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_it_has_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    """Killed with -9, the first time while a random shard is under way; what was whole is not scored again."""
    arrays = tmp_path / "arrays"
    arrays.mkdir()
    write_arrays(arrays, 1500)
    settings = ["--checkpoint", str(trained), "--arrays", str(arrays), "--matrix", "--batch", "50", "--clips", "1"]
    settings += ["--device", "cpu", "--threads", "1"]
    out, whole = tmp_path / "out", tmp_path / "whole"
    command = [sys.executable, "-m", "model", "score", *settings, "--out", str(out)]
    wanted = random.randint(1, CLIPS - 4)
    process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 120
    while len(list((out / matrix.SHARDS_NAME).glob("0*.npy"))) < wanted:
        assert process.poll() is None, f"it ended before shard {wanted}"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (out / matrix.MATRIX_NAME).exists()
    assert main(["score", *settings, "--out", str(out)]) == 0
    assert main(["score", *settings, "--out", str(whole)]) == 0
    assert same_bytes(out, whole), f"killed after shard {wanted}"
    starts = [event for event in read_events(out / "events.jsonl") if event["event"] == "start"]
    assert starts[1]["shards_there"] >= wanted
