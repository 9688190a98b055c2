"""One step of training, up to its gradient: a global batch in equal parts, some of them this process's own.

Shapes: B pairs of a part, V distinct clips of a part, K inputs of the head, Q preferences of a part.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from model.batches import Batch, augment, draw, gather
from model.config import Config, ConfigError
from model.data import Dataset, Ints, Media
from model.interface import Judge
from model.losses import preference_loss, regression_loss
from model.processes import Processes


class Scorer(nn.Module):
    """A judge from media to logits in one call, as torch.compile and DDP want it. The clips are encoded once each."""

    def __init__(self, judge: Judge, config: Config) -> None:
        super().__init__()
        self.judge = judge
        self.config = config

    def forward(self, painting_B3HW: Tensor, mel_V1FT: Tensor, clip_B: Tensor) -> Tensor:
        """logit_B, in bfloat16 up to the pooling where the config asks for it on a GPU."""
        kind = painting_B3HW.device.type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=uses_bfloat16(self.config, painting_B3HW.device)):
            music_V = self.judge.encode_music(mel_V1FT)
            features_BK = self.judge.pooled(painting_B3HW, music_V.index_select(0, clip_B))
        return self.judge.logit(features_BK)


@dataclass(frozen=True, slots=True)
class GlobalBatch:
    """What all processes learn from in one step: rows into the pairs, and numbers of preferences (Q of them).

    `rows` are the pairs to regress on, then the Q preferred pairs, then the Q others.
    """

    rows: Ints
    preferences: Ints | None = None

    def part(self, index: int, count: int) -> tuple[Ints, Ints | None]:
        """Places in `rows` of one of `count` equal parts, laid out like the whole, and its preferences."""
        if self.preferences is None:
            return _share(0, len(self.rows), index, count), None
        chosen = len(self.preferences)
        alone = len(self.rows) - 2 * chosen
        starts = ((0, alone), (alone, chosen), (alone + chosen, chosen))
        places = np.concatenate([_share(start, size, index, count) for start, size in starts])
        return places, self.preferences[_share(0, chosen, index, count)]


def parts_of(config: Config, processes: Processes, *, with_preferences: bool) -> int:
    """How many parts of a batch each process goes through before a step (1: no accumulation).

    Raises ConfigError in words unless the batch is processes x micro-batch x parts, in whole numbers.
    """
    batch, micro = config.optim.batch, config.run.micro_batch
    parts, left = divmod(batch, processes.count * micro) if micro else (1, batch % processes.count)
    if left or not parts:
        asked = f"{processes.count} processes x run.micro_batch {micro}" if micro else f"{processes.count} processes"
        raise ConfigError(f"optim.batch {batch} is not a whole number of times {asked}: change one of them")
    whole = processes.count * parts
    if with_preferences and config.optim.preference_batch % whole:
        raise ConfigError(
            f"optim.preference_batch {config.optim.preference_batch} cannot be shared by {whole} parts of a batch "
            f"({processes.count} processes x {parts} micro-batches): change it, or run.micro_batch"
        )
    return parts


@dataclass(frozen=True, slots=True)
class Stepper:
    """Computes gradients of global batches on this process's share. `parts`: micro-batches of a process a step."""

    config: Config
    judge: Judge
    scorer: nn.Module
    media: Media
    dataset: Dataset
    processes: Processes
    parts: int

    def gradient(
        self, whole: GlobalBatch, reference_margin: Tensor | None, generator: torch.Generator
    ) -> tuple[dict[str, float], int]:
        """Leave the mean gradient in the module; this process's mean losses, and how many clips it encoded."""
        pairs, count = self.dataset.pairs, self.parts * self.processes.count
        distinct = np.unique(pairs.clip[whole.rows])
        mels = (len(distinct), *self.media.mel_shape)
        changes = draw(self.config.augment, pairs=len(whole.rows), mels=mels, generator=generator)
        sums: dict[str, float] = {}
        encoded = 0
        for number in range(self.parts):
            places, preferences = whole.part(self.processes.rank * self.parts + number, count)
            rows = whole.rows[places]
            clips = np.searchsorted(distinct, np.unique(pairs.clip[rows]))
            batch = gather(self.media, pairs.painting[rows], pairs.clip[rows], pairs.score[rows])
            batch = augment(batch, changes.of(places, clips))
            with self._alone(until=number == self.parts - 1):
                losses = self._losses(batch, preferences, reference_margin)
                (losses["loss"] / self.parts).backward()  # type: ignore[no-untyped-call]
            encoded += len(clips)
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0.0) + float(loss.detach())
        return {name: total / self.parts for name, total in sums.items()}, encoded

    def _losses(self, batch: Batch, preferences: Ints | None, reference_margin: Tensor | None) -> dict[str, Tensor]:
        """Regression on every pair; those of the preferences are the last, winners first."""
        loss, logit_B = self.config.loss, self.scorer(batch.paintings, batch.mels, batch.clip)
        score_B = self.judge.score_of(logit_B)
        regression = regression_loss(score_B, batch.score, loss)
        if preferences is None or reference_margin is None:
            return {"loss": loss.regression_weight * regression, "loss_reg": regression}
        preferred_Q, other_Q = (logit_B if loss.on == "logit" else score_B)[-2 * len(preferences) :].chunk(2)
        margin_Q = reference_margin[torch.as_tensor(preferences, device=logit_B.device)]
        preference = preference_loss(preferred_Q, other_Q, margin_Q, loss)
        total = loss.regression_weight * regression + loss.preference_weight * preference
        return {"loss": total, "loss_reg": regression, "loss_dpo": preference}

    def _alone(self, *, until: bool) -> AbstractContextManager[object]:
        """Gradients are averaged over processes with the last micro-batch only."""
        if until or not isinstance(self.scorer, DistributedDataParallel):
            return nullcontext()
        alone: AbstractContextManager[object] = self.scorer.no_sync()
        return alone


def uses_bfloat16(config: Config, device: torch.device) -> bool:
    return config.run.precision == "bfloat16" and device.type == "cuda"


def _share(start: int, size: int, index: int, count: int) -> Ints:
    return np.arange(start + size * index // count, start + size * (index + 1) // count)
