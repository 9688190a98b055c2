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


@dataclass(frozen=True, slots=True)
class Changes:
    """What augmentation does to the B paintings and V distinct clips of a batch; None, or nothing, where it is off.

    mirrored: (B, 1). moves: pixels right and down, (2, B, 1). turns: frames, (V, 1). stripes: (axis, start, width) of
    each mask of the mel (axis 2 bands, 3 frames), start and width (V, 1).
    """

    mirrored: Tensor
    moves: Tensor | None
    turns: Tensor | None
    stripes: tuple[tuple[int, Tensor, Tensor], ...]

    def of(self, pairs: Ints, clips: Ints) -> Changes:
        """The changes of some of the pairs and some of the clips, given by their places."""
        pair, clip = (torch.as_tensor(places, device=self.mirrored.device) for places in (pairs, clips))
        return Changes(
            self.mirrored[pair],
            None if self.moves is None else self.moves[:, pair],
            None if self.turns is None else self.turns[clip],
            tuple((axis, start[clip], width[clip]) for axis, start, width in self.stripes),
        )


def draw(config: AugmentConfig, *, pairs: int, mels: tuple[int, int, int], generator: torch.Generator) -> Changes:
    """The changes of a batch of so many pairs and of `mels` (V, F, T), from `generator` alone."""
    (V, F, T), device = mels, generator.device

    def below(highest: int) -> Tensor:
        return torch.randint(highest, (V, 1), generator=generator, device=device)

    mirrored = torch.rand(pairs, 1, generator=generator, device=device) < config.flip
    moves = None
    if config.shift:
        low, high = -config.shift, config.shift + 1
        moves = torch.randint(low, high, (2, pairs, 1), generator=generator, device=device)
    turns = below(T) if config.roll else None
    masks = ((2, config.band_mask, F), (3, config.frame_mask, T))
    stripes = tuple((axis, below(length), below(widest + 1)) for axis, widest, length in masks if widest)
    return Changes(mirrored, moves, turns, stripes)


def augment(batch: Batch, changes: Changes) -> Batch:
    """Mirror and shift paintings, roll and mask mels, on the batch's device."""
    return replace(
        batch, paintings=_moved(batch.paintings, changes), mels=_masked(_turned(batch.mels, changes), changes)
    )


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` rows."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _moved(painting_B3HW: Tensor, changes: Changes) -> Tensor:
    """Moved pixels leave their edge repeated behind them."""
    B, _, H, W = painting_B3HW.shape
    device = painting_B3HW.device
    columns = torch.arange(W, device=device).expand(B, W)
    columns = torch.where(changes.mirrored, W - 1 - columns, columns)
    rows = torch.arange(H, device=device).expand(B, H)
    if changes.moves is not None:
        columns, rows = (columns + changes.moves[0]).clamp(0, W - 1), (rows + changes.moves[1]).clamp(0, H - 1)
    item = torch.arange(B, device=device)[:, None, None]
    moved = painting_B3HW.permute(0, 2, 3, 1)[item, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def _turned(mel_V1FT: Tensor, changes: Changes) -> Tensor:
    if changes.turns is None:
        return mel_V1FT
    V, _, F, T = mel_V1FT.shape
    frames = (torch.arange(T, device=mel_V1FT.device) + changes.turns) % T
    return mel_V1FT.gather(3, frames[:, None, None].expand(V, 1, F, T))


def _masked(mel_V1FT: Tensor, changes: Changes) -> Tensor:
    for axis, start, width in changes.stripes:
        length = mel_V1FT.shape[axis]
        place = torch.arange(length, device=mel_V1FT.device)
        stripe = ((place >= start) & (place < start + width))[:, None]
        stripe_V1FT = stripe[:, :, :, None] if axis == 2 else stripe[:, :, None, :]
        mel_V1FT = torch.where(stripe_V1FT, mel_V1FT.mean(dim=(2, 3), keepdim=True), mel_V1FT)
    return mel_V1FT
