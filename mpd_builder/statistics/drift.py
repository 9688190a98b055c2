"""Whether a rater's scale moves with time: a control chart of their bias, block by block.

A rater's compared ratings, in the order of their times, are cut into blocks of equally many; a block's bias is the mean
of rating minus the others' mean. Around the rater's own bias over all blocks lies a band of three standard errors, with
the spread taken within blocks, so that a drift does not widen the band that should show it (a Shewhart chart of means).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.codes import Floats, Ints, totals
from mpd_builder.statistics.grouped import means
from mpd_builder.statistics.peers import Compared

MOST_BLOCKS = 12
LEAST_IN_A_BLOCK = 20
BAND_ERRORS = 3.0
"""How many standard errors the control band reaches to either side."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a rater's work: when its first and its last rating were given, how many it has, and their bias."""

    start: float
    end: float
    n: int
    bias: float
    low: float
    high: float

    @property
    def is_outside(self) -> bool:
        """Whether its bias lies outside the control band."""
        return not self.low <= self.bias <= self.high


@dataclass(frozen=True, slots=True)
class Drift:
    """A rater's bias over time. `centre` is their bias over all blocks, `shift` the last block's less the first's."""

    centre: float
    shift: float
    blocks: tuple[Block, ...]

    @property
    def n_outside(self) -> int:
        """How many blocks lie outside the control band."""
        return sum(block.is_outside for block in self.blocks)


# Shapes: C compared ratings, R raters, B blocks of all raters.
def drifts(peers: Compared, time_N: Floats, n_raters: int) -> list[Drift | None]:
    """The drift of each rater (R); None for one with too few compared ratings for two blocks.

    `time_N` are the times of the table's ratings, on any scale that only rises.
    """
    time_C = time_N[peers.row]
    order = np.lexsort((time_C, peers.rater))
    rater_C, time_C, difference_C = peers.rater[order], time_C[order], peers.difference[order]
    n_R = np.bincount(rater_C, minlength=n_raters)
    blocks_R = np.minimum(n_R // LEAST_IN_A_BLOCK, MOST_BLOCKS)
    rank_C = np.arange(len(rater_C)) - (np.cumsum(n_R) - n_R)[rater_C]
    block_C = rater_C * MOST_BLOCKS + rank_C * blocks_R[rater_C] // np.maximum(n_R[rater_C], 1)
    n_B, mean_B = means(block_C, difference_C, n_raters * MOST_BLOCKS)
    around_C = difference_C - mean_B[block_C]
    within_R = totals(rater_C, around_C * around_C, n_raters) / np.maximum(n_R - blocks_R, 1)
    _, centre_R = means(rater_C, difference_C, n_raters)
    error_B = BAND_ERRORS * np.sqrt(np.repeat(within_R, MOST_BLOCKS) / np.maximum(n_B, 1))
    return [
        _drift(float(centre_R[rater]), rater * MOST_BLOCKS, int(blocks_R[rater]), n_B, mean_B, error_B, time_C)
        for rater in range(n_raters)
    ]


def _drift(
    centre: float, first: int, count: int, n_B: Ints, mean_B: Floats, error_B: Floats, time_C: Floats
) -> Drift | None:
    if count < 2:
        return None
    ends = np.cumsum(n_B[: first + count])[first:]
    starts = ends - n_B[first : first + count]
    blocks = tuple(
        Block(
            start=float(time_C[start]),
            end=float(time_C[end - 1]),
            n=int(end - start),
            bias=float(mean_B[block]),
            low=centre - float(error_B[block]),
            high=centre + float(error_B[block]),
        )
        for block, start, end in zip(range(first, first + count), starts, ends, strict=True)
    )
    return Drift(centre, blocks[-1].bias - blocks[0].bias, blocks)
