"""Learning and scoring on a GPU: beside the same model in a plain loop, and beside arithmetic alone.

Usage: python -m bench.gpu [RECIPE], or python -m bench.gpu cpu: the same in miniature where there is no GPU, to see
that it works; its figures say nothing.

Learning is the real loop (`model.training.train`) on media of the paper's size, in memory. The plain loop is what a
first script would be: the same model, eager, a JPEG decoded and squashed and a clip encoded for every sample, by loader
processes; it has the same precision and batch, so that only the loop differs.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as Samples
from torch.utils.flop_counter import FlopCounterMode

from bench.table import Row, machine, table
from model import recipes
from model.checkpoints import Identity
from model.config import Config
from model.data import Dataset, Pairs, Preferences
from model.events import EVENTS_NAME, EventWriter, read_events
from model.judge import build
from model.losses import regression_loss
from model.scoring import score_matrix
from model.state import State
from model.stepping import uses_bfloat16
from model.throughput import matrix_rate, peak_memory_mb
from model.training import train

BANDS, FRAMES = 128, 469
NO_GPU = "no GPU can be used here: run `make bench-gpu` where torch.cuda.is_available(), or `python -m bench.gpu cpu`"


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured. `steps` of `batch` pairs, the first half to warm up; `micro_batch` fits a modest GPU."""

    recipe: str = "best"
    paintings: int = 2048
    clips: int = 1024
    steps: int = 40
    batch: int = 1024
    micro_batch: int = 256
    plain_steps: int = 4
    loaders: int = 8
    decoded_side: int = 900
    matrix: tuple[int, int] = (1024, 64)
    compile: bool = True

    @property
    def config(self) -> Config:
        """The recipe with these amounts."""
        return recipes.get(self.recipe).with_overrides(
            {
                "optim.batch": self.batch, "optim.regression_steps": self.steps, "optim.preference_steps": 0,
                "run.micro_batch": self.micro_batch, "run.compile": self.compile, "run.log_every": 2,
                "run.validate_every": self.steps, "run.checkpoint_every": self.steps,
            }
        )  # fmt: skip


MINIATURE = Amounts("best@tiny", 12, 6, 4, 8, 4, 2, 0, 300, (6, 3), compile=False)
"""Seconds on a CPU."""


def media(amounts: Amounts, rng: np.random.Generator) -> Dataset:
    """Pairs without a meaning: what is in the pixels does not change how long they take."""
    painting, clip = np.divmod(np.arange(amounts.paintings * amounts.clips), amounts.clips)
    rows = rng.permutation(len(painting))[: max(4 * amounts.batch, 20_000)]
    pairs = Pairs(tuple(map(str, rows)), painting[rows], clip[rows], rng.uniform(0, 1, len(rows)))
    held_out = np.arange(len(rows)) < amounts.batch // 4
    none = np.zeros(0, dtype=np.int64)
    return Dataset(
        digest="0" * 64,
        path=Path("nowhere"),
        pairs=pairs,
        preferences=Preferences((), none, none),
        train=~held_out,
        validation=held_out,
        protocols={},
        ratings=pd.DataFrame(),
        trim=1,
        paintings_u8=rng.integers(0, 256, (amounts.paintings, 256, 256, 3), dtype=np.uint8),
        mels_f16=rng.normal(-2, 2, (amounts.clips, BANDS, FRAMES)).astype(np.float16),
    )


def learning(amounts: Amounts, dataset: Dataset, device: torch.device) -> tuple[float, Row]:
    """Pairs a second of the real loop, and its row: the median of the second half."""
    with tempfile.TemporaryDirectory(prefix="bench-gpu-") as folder:
        out_dir = Path(folder)
        with EventWriter(out_dir / EVENTS_NAME, clock=time.time) as events:
            train(
                amounts.config,
                dataset,
                identity=Identity(dataset.digest, seed=0, code_version="bench"),
                out_dir=out_dir,
                device=device,
                events=events,
                clock=_clock(device),
            )
        told = read_events(out_dir / EVENTS_NAME)
    steps = [event for event in told if event["event"] == "step"]
    steady = steps[len(steps) // 2 :]
    pace = statistics.median(event["pairs_per_s"] for event in steady)
    rate, used = told[0]["matrix_rate"], steady[-1]["mfu"]
    floor = "" if rate is None else f"large bfloat16 matrices: {rate / 1e12:.0f} TFLOP/s"
    share = "" if used is None else f"MFU {statistics.median(event['mfu'] for event in steady):.2f}"
    figure = f"{pace:.0f} pairs/s, at most {steady[-1]['peak_memory_mb'] / 1000:.1f} GB"
    return pace, Row("training", _where(amounts, device), figure, share, floor)


class Decoded(Samples[tuple[Tensor, Tensor, float]]):
    """Samples as a plain loop takes them: a JPEG in memory decoded and squashed, a mel copied, a score."""

    def __init__(self, dataset: Dataset, side: int, count: int) -> None:
        self.dataset, self.count = dataset, count
        self.files = [_jpeg(picture, side) for picture in dataset.paintings_u8[:32]]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, float]:
        row = index % len(self.dataset.pairs)
        with Image.open(io.BytesIO(self.files[row % len(self.files)])) as picture:
            squashed = picture.convert("RGB").resize((256, 256), Image.Resampling.BICUBIC)
        painting_3HW = torch.from_numpy(np.array(squashed)).permute(2, 0, 1).float() / 255
        mel_1FT = torch.from_numpy(self.dataset.mels_f16[self.dataset.pairs.clip[row]]).float()[None]
        return painting_3HW, mel_1FT, float(self.dataset.pairs.score[row])


def plain_loop(amounts: Amounts, dataset: Dataset, device: torch.device) -> float:
    """Pairs a second of the plain loop, from its second micro-batch on."""
    config, clock = amounts.config, _clock(device)
    state = State.fresh(config, device)
    samples = Decoded(dataset, amounts.decoded_side, amounts.plain_steps * amounts.batch)
    loader = DataLoader(samples, amounts.micro_batch, num_workers=amounts.loaders, drop_last=True)
    parts, began, done = amounts.batch // amounts.micro_batch, clock(), 0
    for number, (paintings, mels, score_B) in enumerate(loader):
        with _precision(config, device):
            logit_B = state.module.logit(
                state.module.pooled(paintings.to(device), state.module.encode_music(mels.to(device)))
            )
        loss = regression_loss(state.module.score_of(logit_B), score_B.float().to(device), config.loss)
        (loss / parts).backward()  # type: ignore[no-untyped-call]
        if (number + 1) % parts == 0:
            state.optimizer.step()
            state.optimizer.zero_grad(set_to_none=True)
        if number == 0:
            began = clock()
        else:
            done += len(score_B)
    return done / max(clock() - began, 1e-9)


@torch.inference_mode()
def scoring(amounts: Amounts, device: torch.device) -> Row:
    """A full matrix beside the time that its arithmetic alone takes at the rate of large matrices."""
    config, clock = amounts.config, _clock(device)
    judge = build(config).to(device).eval()
    count_P, count_M = amounts.matrix
    paintings = torch.randint(0, 256, (count_P, 3, 256, 256), dtype=torch.uint8, device=device)
    mels = torch.randn(count_M, 1, BANDS, FRAMES, device=device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with _precision(config, device):
        score_matrix(judge, paintings, mels[:1])
        began = clock()
        score_matrix(judge, paintings, mels)
        pace = count_P * count_M / (clock() - began)
    rate, floor, share = matrix_rate(device, clock), "", ""
    operations = matrix_flops(config, amounts.matrix)
    if rate is not None:
        least = count_P * count_M * rate / operations
        floor, share = f"its arithmetic alone, {least:.0f} pairs/s", f"{pace / least:.2f} of it"
    figure = f"{pace:.0f} pairs/s, at most {peak_memory_mb(device) / 1000:.1f} GB"
    return Row("score matrix", f"{_where(amounts, device)}, {count_P} x {count_M}", figure, share, floor)


def matrix_flops(config: Config, shape: tuple[int, int]) -> int:
    """Operations (2 x multiply-adds) of a matrix of P x M pairs with nothing computed twice, from shapes alone."""
    with torch.device("meta"), torch.no_grad():
        judge = build(config).eval()
        painting = torch.empty(1, 3, config.painting.size, config.painting.size)
        mel = torch.empty(1, 1, BANDS, FRAMES)
        seen, heard = judge.look(painting), judge.hear(judge.encode_music(mel))
        look = _operations(lambda: judge.look(painting))
        hear = _operations(lambda: judge.hear(judge.encode_music(mel)))
        join = _operations(lambda: judge.logit(judge.join(seen, heard)))
    return shape[0] * look + shape[1] * hear + shape[0] * shape[1] * join


def rows(amounts: Amounts, device: torch.device) -> Iterable[Row]:
    """Everything, in turn."""
    torch.manual_seed(0)
    dataset = media(amounts, np.random.default_rng(0))
    pace, row = learning(amounts, dataset, device)
    yield row
    plain = plain_loop(amounts, dataset, device)
    beside = f"{amounts.loaders} loader processes, one JPEG decoded a sample: {plain:.0f} pairs/s"
    yield Row("training", f"{_where(amounts, device)}, beside a plain loop", f"{pace:.0f} pairs/s",
              f"{pace / plain:.1f} x", beside)  # fmt: skip
    yield scoring(amounts, device)


def main(*arguments: str) -> None:
    if arguments == ("cpu",):
        amounts, device = MINIATURE, torch.device("cpu")
    elif not torch.cuda.is_available():
        raise SystemExit(NO_GPU)
    else:
        amounts, device = Amounts(*arguments), torch.device("cuda")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU, in miniature"
    print(f"{date.today().isoformat()}, {name}, {machine()}, torch {torch.__version__}\n")
    print(table(rows(amounts, device)))


def _operations(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counted:
        work()
    return counted.get_total_flops()


def _precision(config: Config, device: torch.device) -> AbstractContextManager[object]:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=uses_bfloat16(config, device))


def _clock(device: torch.device) -> Callable[[], float]:
    """Seconds by which all that was asked of the device is done."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    return now


def _jpeg(picture: np.ndarray, side: int) -> bytes:
    """The picture enlarged to side x side, as smooth as paintings mostly are."""
    file = io.BytesIO()
    Image.fromarray(picture[::16, ::16]).resize((side, side), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def _where(amounts: Amounts, device: torch.device) -> str:
    return f"`{amounts.recipe}`, batch {amounts.batch} in parts of {amounts.micro_batch}, {device.type}"


if __name__ == "__main__":
    main(*sys.argv[1:])
