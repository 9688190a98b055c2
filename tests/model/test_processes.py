"""A batch in parts, and a batch on several processes, teach what the whole batch teaches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model import checkpoints
from model.batches import Shuffle
from model.config import Config, ConfigError
from model.data import Dataset
from model.events import EVENTS_NAME, read_events
from model.judge import build
from model.processes import ALONE, Processes, running_statistics
from model.stepping import GlobalBatch, Scorer, Stepper, parts_of
from tests.model import several
from tests.model.factories import micro, micro_config, planted_dataset
from tests.mpd_builder.small_snapshot import write_small

CPU = torch.device("cpu")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ALIKE = {"atol": 1e-6, "rtol": 1e-4}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return planted_dataset()


def test_parts_are_laid_out_like_the_whole_and_cover_it_once() -> None:
    """Six pairs alone, then two preferences: winners, losers."""
    whole = GlobalBatch(np.arange(100, 110), np.array([7, 5]))
    assert [list(places) for places, _ in (whole.part(0, 2), whole.part(1, 2))] == [[0, 1, 2, 6, 8], [3, 4, 5, 7, 9]]
    assert [chosen.tolist() for _, chosen in (whole.part(0, 2), whole.part(1, 2)) if chosen is not None] == [[7], [5]]


@pytest.mark.parametrize(
    ("processes", "batch", "micro_batch", "parts"), [(1, 16, 0, 1), (1, 16, 4, 4), (2, 16, 4, 2), (4, 16, 0, 1)]
)
def test_the_global_batch_is_processes_times_micro_batch_times_accumulation(
    processes: int, batch: int, micro_batch: int, parts: int
) -> None:
    config = micro_config(optim={"batch": batch}, run={"micro_batch": micro_batch})
    assert parts_of(config, Processes(0, processes), with_preferences=False) == parts


@pytest.mark.parametrize(
    ("processes", "micro_batch", "words"),
    [
        (1, 5, r"optim\.batch 16 is not a whole number of times 1 processes x run\.micro_batch 5"),
        (3, 0, r"optim\.batch 16 is not a whole number of times 3 processes"),
        (2, 16, r"times 2 processes x run\.micro_batch 16"),
        (2, 1, r"optim\.preference_batch 4 cannot be shared by 16 parts"),
    ],
)
def test_a_batch_that_cannot_be_shared_is_refused_in_words(processes: int, micro_batch: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parts_of(micro_config(run={"micro_batch": micro_batch}), Processes(0, processes), with_preferences=True)


def test_a_refused_batch_leaves_no_run_behind(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(ConfigError, match="is not a whole number of times"):
        several.go(out, {"run.micro_batch": 5}, ALONE)
    assert not out.exists()


def gradient(config: Config, dataset: Dataset, parts: int, *, steady: bool = False) -> dict[str, torch.Tensor]:
    """Of one batch with preferences, augmented. `steady`: batch norm as it is in evaluation."""
    torch.manual_seed(0)
    module = build(config).double()
    module.train(not steady)
    rows = np.flatnonzero(dataset.train)[Shuffle(int(dataset.train.sum()), seed=1).rows(0, 16)]
    preferences = dataset.preferences_within(dataset.train)
    chosen = np.array([3, 0, 2, 1])
    whole = GlobalBatch(np.concatenate([rows, preferences.preferred[chosen], preferences.other[chosen]]), chosen)
    media = dataset.media(config, CPU)
    stepper = Stepper(config, module, Scorer(module, config), media, dataset, ALONE, parts)
    margin = torch.linspace(-0.2, 0.2, len(preferences))
    stepper.gradient(whole, margin, torch.Generator().manual_seed(5))
    return {name: weight.grad for name, weight in module.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize(("recipe", "steady"), [("group", False), ("paper", True), ("cross-attention", True)])
def test_two_micro_batches_have_the_gradient_of_one_batch(dataset: Dataset, recipe: str, steady: bool) -> None:
    """With group norm, or with batch norm's statistics held still. Batch norm in training sees each part by itself."""
    config = micro_config() if recipe == "group" else micro(recipe)
    whole, halves = (gradient(config, dataset, parts, steady=steady) for parts in (1, 2))
    assert whole.keys() == halves.keys()
    for name, expected in whole.items():
        torch.testing.assert_close(halves[name], expected, atol=1e-7, rtol=1e-6, msg=name)


def test_batch_norm_in_training_takes_its_statistics_of_each_micro_batch(dataset: Dataset) -> None:
    """It is the one thing that a micro-batch changes, and `docs/running.md` says so."""
    whole, halves = (gradient(micro("paper"), dataset, parts)["head.weight"] for parts in (1, 2))
    assert not torch.allclose(whole, halves, atol=1e-7, rtol=1e-6)


def test_running_statistics_are_those_of_batch_norms() -> None:
    assert running_statistics(build(micro_config())) == []
    assert len(running_statistics(build(micro("paper")))) == 4


def together(out_dir: Path, *goes: dict[str, object]) -> str:
    command = [*TORCHRUN, "-m", "tests.model.several", str(out_dir), *map(json.dumps, goes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def story(out_dir: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_events(out_dir / EVENTS_NAME) if event["event"] == kind]


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_and_resume(dataset: Dataset, tmp_path: Path) -> None:
    """Both stages; one process of the two is told to stop in the second stage, both stop, and go on from there."""
    one, two = tmp_path / "one", tmp_path / "two"
    several.main(one, {})
    assert together(two, {"stop": 9}, {"run.micro_batch": 4}).count("stopped after step 9 of 12") == 2
    assert [event["step"] for event in story(two, "checkpoint")] == [4, 8, 9, 12]
    assert [event["processes"] for event in story(two, "start")] == [2, 2]
    assert [event["accumulation"] for event in story(two, "start")] == [1, 2]
    for kind, names in (("step", ("loss", "loss_reg", "lr")), ("validation", ("mae", "plcc"))):
        ours = {event["step"]: event for event in story(two, kind)}
        for event in story(one, kind):
            assert {name: ours[event["step"]][name] for name in names} == pytest.approx(
                {name: event[name] for name in names}, rel=1e-4
            ), event["step"]
    media = dataset.media(micro_config(), CPU)
    rows = np.arange(20)
    scores = [
        checkpoints.load(folder).module(media.paintings(rows % 24), media.mels(rows % 18)) for folder in (one, two)
    ]
    torch.testing.assert_close(scores[1], scores[0], **ALIKE)


@pytest.mark.slow
def test_sigterm_reaches_all_processes_and_saves_once(tmp_path: Path) -> None:
    snapshot, out = write_small(tmp_path / "snapshot").path, tmp_path / "run"
    command = [
        *TORCHRUN, "-m", "model", "train", "--recipe", "tiny", "--snapshot", str(snapshot), "--out", str(out),
        "--device", "cpu", "--set", "optim.batch=4", "--set", "run.log_every=1", "--set", "run.bootstrap=5",
        "--set", "optim.regression_steps=2000", "--set", "run.checkpoint_every=100000",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    deadline = time.monotonic() + 120
    while not story(out, "step"):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=120)
    assert process.returncode != 0
    assert complaint.count("resume goes on from there") == 2
    assert len(story(out, "checkpoint")) == 1
    saved = checkpoints.load_state(out)
    assert saved is not None
    assert saved[1]["step"] == story(out, "checkpoint")[0]["step"] == story(out, "step")[-1]["step"]
