"""From rows to batches: shuffling, gathering, augmenting. No loader process: two index selects make a batch.

Everything random here is a pure function of seed and step, so that a resumed run needs no saved generator.
Shapes: B pairs, V distinct clips of a batch, F mel bands, T mel frames, H W pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.config import AugmentConfig
from model.data import Ints, Media


@dataclass(frozen=True, slots=True)
class Batch:
    """B pairs with their V distinct clips.

    paintings: uint8 (B, 3, H, W). mels: (V, 1, F, T). clip: which of the V mels belongs to a pair, (B,). score: (B,).
    """

    paintings: Tensor
    mels: Tensor
    clip: Tensor
    score: Tensor


class Shuffle:
    """Endless shuffled epochs over `count` rows, one after the other without a gap.

    With `groups` (a group number for each row) the rows of a group stay together and the groups are shuffled.
    """

    def __init__(self, count: int, *, seed: int, groups: Ints | None = None) -> None:
        self._count = count
        self._seed = seed
        self._groups = groups
        self._orders: dict[int, Ints] = {}

    def rows(self, step: int, size: int) -> Ints:
        """The rows of batch number `step` when every batch has `size`."""
        epochs, places = np.divmod(np.arange(step * size, (step + 1) * size), self._count)
        wanted = [int(epoch) for epoch in np.unique(epochs)]
        self._orders = {epoch: self._orders.get(epoch, self._order(epoch)) for epoch in wanted}
        return np.concatenate([self._orders[epoch][places[epochs == epoch]] for epoch in wanted])

    def _order(self, epoch: int) -> Ints:
        generator = np.random.default_rng([self._seed, epoch])
        order = generator.permutation(self._count)
        if self._groups is None:
            return order
        turn = generator.permutation(int(self._groups.max()) + 1)
        return order[np.argsort(turn[self._groups[order]], kind="stable")]


def gather(media: Media, painting: Ints, clip: Ints, score: NDArray[np.float64]) -> Batch:
    """Pairs given as array rows; each distinct clip once."""
    distinct, where = np.unique(clip, return_inverse=True)
    return Batch(
        paintings=media.paintings(painting),
        mels=media.mels(distinct),
        clip=torch.as_tensor(where, device=media.device),
        score=torch.as_tensor(score, dtype=torch.float32, device=media.device),
    )


def augment(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """Mirror and shift paintings, roll and mask mels, on the batch's device, from `generator` alone."""
    return replace(
        batch,
        paintings=_augmented_paintings(batch.paintings, config, generator),
        mels=_augmented_mels(batch.mels, config, generator),
    )


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` rows."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _augmented_paintings(painting_B3HW: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Moved pixels leave their edge repeated behind them."""
    B, _, H, W = painting_B3HW.shape
    device = painting_B3HW.device
    columns = torch.arange(W, device=device).expand(B, W)
    mirrored = torch.rand(B, 1, generator=generator, device=device) < config.flip
    columns = torch.where(mirrored, W - 1 - columns, columns)
    rows = torch.arange(H, device=device).expand(B, H)
    if config.shift:
        moves = torch.randint(-config.shift, config.shift + 1, (2, B, 1), generator=generator, device=device)
        columns, rows = (columns + moves[0]).clamp(0, W - 1), (rows + moves[1]).clamp(0, H - 1)
    item = torch.arange(B, device=device)[:, None, None]
    moved = painting_B3HW.permute(0, 2, 3, 1)[item, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def _augmented_mels(mel_V1FT: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    V, _, F, T = mel_V1FT.shape
    device = mel_V1FT.device
    if config.roll:
        shift = torch.randint(T, (V, 1), generator=generator, device=device)
        frames = (torch.arange(T, device=device) + shift) % T
        mel_V1FT = mel_V1FT.gather(3, frames[:, None, None].expand(V, 1, F, T))
    for widest, length, shape in ((config.band_mask, F, (V, 1, F, 1)), (config.frame_mask, T, (V, 1, 1, T))):
        if widest:
            start = torch.randint(length, (V, 1), generator=generator, device=device)
            width = torch.randint(widest + 1, (V, 1), generator=generator, device=device)
            place = torch.arange(length, device=device)
            stripe = ((place >= start) & (place < start + width)).view(shape)
            mel_V1FT = torch.where(stripe, mel_V1FT.mean(dim=(2, 3), keepdim=True), mel_V1FT)
    return mel_V1FT
