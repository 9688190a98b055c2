"""How a pool is cut into shards. Shapes: P paintings, M clips."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

PAIRS_A_SHARD = 5_000
CELLS_A_SHARD = 200_000
MOST_SHARDS = 200
MOST_CLIPS_SAVED = 64


def pair_shards(count: int) -> list[slice]:
    """Slices of a list of pairs, as even as they can be."""
    shards = min(MOST_SHARDS, max(1, -(-count // PAIRS_A_SHARD)))
    edges = [count * number // shards for number in range(shards + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


@dataclass(frozen=True, slots=True)
class MatrixShards:
    """The shares of `python -m model score --matrix --share I/N --clips C`: `cells` says how many pairs each has."""

    cells: list[int]
    clips_saved: int

    @property
    def count(self) -> int:
        return len(self.cells)


def matrix_shards(paintings: int, clips: int) -> MatrixShards:
    """Every N-th block of C clips is one share's, so that N workers are done at about the same time."""
    count = min(MOST_SHARDS, clips, max(1, -(-paintings * clips // CELLS_A_SHARD)))
    saved = max(1, min(MOST_CLIPS_SAVED, clips // count))
    cells = [0] * count
    for number, start in enumerate(range(0, clips, saved)):
        cells[number % count] += paintings * (min(start + saved, clips) - start)
    return MatrixShards(cells, saved)
