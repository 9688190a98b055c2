"""What a run says of its pace, and where it says it."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from model import __main__ as command_line
from model import costs, runs
from model.board import Board, open_board
from model.checkpoints import Identity
from model.data import Dataset
from model.events import EVENTS_NAME, EventWriter, read_events
from model.throughput import Window, matrix_rate, peak_memory_mb, training_flops
from tests.model.factories import micro_config, planted_dataset

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return planted_dataset()


def test_training_costs_three_forward_passes_and_a_clip_once() -> None:
    cost = costs.describe(micro_config())
    painting, music = cost["painting_encoder"]["flops"], cost["music_encoder"]["flops"]
    assert training_flops(micro_config(), pairs=10, clips=4) == 3 * (10 * painting + 4 * music)


def test_mfu_is_what_was_done_over_what_all_devices_could_do() -> None:
    """Two steps of 8 pairs with 3 clips in 2 seconds, on two devices that each could do half of that a second."""
    done = training_flops(micro_config(), pairs=16, clips=6)
    ticks = iter([0.0, 2.0, 2.0])
    window = Window(micro_config(), CPU, lambda: next(ticks), rate=done / 2, processes=2)
    for loss in (0.5, 0.25):
        window.add({"loss": loss, "loss_reg": loss}, pairs=8, clips=3)
    told = window.take()
    assert (told["mfu"], told["pairs_per_s"], told["loss"], told["loss_dpo"]) == (0.5, 8.0, 0.375, None)


def test_a_cpu_has_no_measured_matrix_rate_but_a_peak_of_memory() -> None:
    assert matrix_rate(CPU, lambda: 0.0) is None
    assert 50 < peak_memory_mb(CPU) < 100_000


def run(dataset: Dataset, out_dir: Path, **settings: object) -> None:
    ticks = itertools.count()
    runs.run(
        micro_config().with_overrides(settings),
        dataset,
        out_dir=out_dir,
        identity=Identity("d" * 64, seed=7, code_version="test"),
        device=CPU,
        wall_clock=lambda: 0.0,
        clock=lambda: float(next(ticks)),
    )


def losses(out_dir: Path) -> list[float]:
    return [event["loss"] for event in read_events(out_dir / EVENTS_NAME) if event["event"] == "step"]


def test_every_step_tells_pace_and_memory(dataset: Dataset, tmp_path: Path) -> None:
    run(dataset, tmp_path)
    events = read_events(tmp_path / EVENTS_NAME)
    start = next(event for event in events if event["event"] == "start")
    assert (start["processes"], start["micro_batch"], start["accumulation"], start["matrix_rate"]) == (1, 16, 1, None)
    for event in events:
        if event["event"] == "step":
            assert {"loss", "loss_reg", "loss_dpo", "lr", "pairs_per_s", "mfu", "peak_memory_mb"} < event.keys()
            assert event["mfu"] is None
            assert event["peak_memory_mb"] > 0


@pytest.mark.slow
def test_a_compiled_model_learns_the_same(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced as torch.compile traces it, run without its code generator; in one graph, else it raises."""
    compiled: list[torch.nn.Module] = []

    def compile_eagerly(module: torch.nn.Module) -> None:
        compiled.append(module)
        module._compiled_call_impl = torch.compile(module._call_impl, backend="eager", fullgraph=True)

    monkeypatch.setattr(torch.nn.Module, "compile", compile_eagerly)
    run(dataset, tmp_path / "plain")
    assert not compiled
    run(dataset, tmp_path / "compiled", **{"run.compile": True})
    assert len(compiled) == 1
    assert losses(tmp_path / "compiled") == pytest.approx(losses(tmp_path / "plain"), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [([], "run.micro_batch (now 0, that is a process's whole share of optim.batch 64)"),
     (["--set", "run.micro_batch=16"], "run.micro_batch (now 16)")],
)  # fmt: skip
def test_out_of_memory_says_what_to_lower(
    options: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full(path: Path) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(command_line.data, "load", full)
    command = ["train", "--recipe", "tiny", "--snapshot", "S", "--out", str(tmp_path), "--device", "cpu", *options]
    assert command_line.main(command) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert "run.evaluation_batch (now 256)" in complaint
    assert "2.00 GiB" in complaint


class Curves:
    """Stands for TensorBoard's writer."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.points: list[tuple[str, float, int]] = []
        self.is_closed = False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.points.append((name, value, step))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.is_closed = True


def test_tensorboard_shows_what_the_events_say(tmp_path: Path) -> None:
    curves = Curves("")
    with EventWriter(tmp_path / EVENTS_NAME, clock=lambda: 1.0, also=Board(curves)) as events:
        events.write("start", step=0, steps=2)
        events.write("step", step=1, steps=2, stage="regression", loss=0.5, loss_dpo=None)
        events.write("validation", step=1, mae=0.25)
    assert curves.points == [("training/loss", 0.5, 1), ("validation/mae", 0.25, 1)]
    assert curves.is_closed
    assert len(read_events(tmp_path / EVENTS_NAME)) == 3


def test_tensorboard_is_there_only_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert open_board(tmp_path) is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Curves))
    board = open_board(tmp_path)
    assert isinstance(board, Board)
    assert board._writer.folder == str(tmp_path / "tensorboard")
