"""How fast a run goes and what it takes: pairs a second, use of the machine's arithmetic (MFU), peak memory."""

from __future__ import annotations

import resource
from collections.abc import Callable

import numpy as np
import torch

from model import costs
from model.config import Config

MATRIX, REPEATS = 8192, 20
BACKWARD_AND_FORWARD = 3
"""A training step's operations in forward passes: the backward pass takes two."""


def matrix_rate(device: torch.device, clock: Callable[[], float]) -> float | None:
    """FLOP/s (2 x multiply-adds) that a GPU reaches on large bfloat16 matrices, None on a CPU."""
    if device.type != "cuda":
        return None
    left = torch.randn(MATRIX, MATRIX, device=device, dtype=torch.bfloat16)
    out = left @ left
    torch.cuda.synchronize(device)
    began = clock()
    for _ in range(REPEATS):
        torch.matmul(left, left, out=out)
    torch.cuda.synchronize(device)
    return 2.0 * MATRIX**3 * REPEATS / max(clock() - began, 1e-9)


def training_flops(config: Config, *, pairs: int, clips: int) -> int:
    """Operations of learning from so many pairs, so many distinct clips among them (2 x multiply-adds)."""
    cost = costs.describe(config)
    forward: int = pairs * cost["painting_encoder"]["flops"] + clips * cost["music_encoder"]["flops"]
    return BACKWARD_AND_FORWARD * forward


def peak_memory_mb(device: torch.device) -> float:
    """The most that this process held at once, in MB: of the GPU's memory, on a CPU of the machine's."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e6, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


class Window:
    """Mean losses and the pace since the last step event; validation and saving are not counted.

    `rate` is the matrix rate of one of `processes` devices: with it `mfu` is the share that training reaches of all.
    """

    def __init__(
        self,
        config: Config,
        device: torch.device,
        clock: Callable[[], float],
        *,
        rate: float | None = None,
        processes: int = 1,
    ) -> None:
        self._device, self._clock = device, clock
        self._rate = None if rate is None else rate * processes
        self._per_pair = training_flops(config, pairs=1, clips=0) if rate else 0
        self._per_clip = training_flops(config, pairs=0, clips=1) if rate else 0
        self.restart()

    def restart(self) -> None:
        self._since = self._clock()
        self._losses: list[dict[str, float]] = []
        self._pairs = self._clips = 0

    def add(self, losses: dict[str, float], *, pairs: int, clips: int) -> None:
        """One step's losses, and over all processes its pairs and the clips encoded for them."""
        self._losses.append(losses)
        self._pairs += pairs
        self._clips += clips

    def take(self) -> dict[str, float | None]:
        """`loss`, `loss_reg`, `loss_dpo` (None in the first stage), `pairs_per_s`, `mfu`, `peak_memory_mb`."""
        seconds = max(self._clock() - self._since, 1e-9)
        means: dict[str, float | None] = {"loss_dpo": None}
        means |= {name: float(np.mean([losses[name] for losses in self._losses])) for name in self._losses[0]}
        done = self._pairs * self._per_pair + self._clips * self._per_clip
        pace = {
            "pairs_per_s": round(self._pairs / seconds, 1),
            "mfu": None if self._rate is None else round(done / seconds / self._rate, 4),
            "peak_memory_mb": peak_memory_mb(self._device),
        }
        self.restart()
        return {**means, **pace}
