"""One bootstrap for a campaign and all its slices: its pairs are drawn again, each with all its ratings.

Every slice then sees the same resamples, as it sees the same campaign, and drawing, which is most of the work, is done
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mpd_builder.aggregation import UnitScores
from mpd_builder.codes import Floats, Ints
from mpd_builder.draws import Stream
from mpd_builder.reliability import UnitSums
from mpd_builder.reliability.sums import CHUNK, IntervalSums, interval_sums


# Shapes: U units, C cells (the ratings that a unit has within a group), G groups, K resamples.
@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A grouping's cells, one group after the other.

    `sums` and `unit_C` are of each cell, `scores` of the complete ones; `bounds` and `score_bounds` (G + 1,) say where
    each group begins in them.
    """

    name: str
    labels: tuple[str, ...]
    sums: UnitSums
    unit_C: Ints
    scores: UnitScores
    bounds: Ints
    score_bounds: Ints
    raters_G: Ints

    def of_group(self, group: int) -> slice:
        """Where a group's cells lie."""
        return slice(int(self.bounds[group]), int(self.bounds[group + 1]))

    def scores_of_group(self, group: int) -> slice:
        """Where the scores of a group's complete cells lie."""
        return slice(int(self.score_bounds[group]), int(self.score_bounds[group + 1]))

    def interval_sums(self) -> list[IntervalSums]:
        """Alpha's sums of each group's cells with at least two ratings."""
        return [interval_sums(self.sums.take(self.of_group(group))) for group in range(len(self.labels))]


def bootstrap_totals(
    cells: Sequence[Cells], sums: Sequence[Sequence[IntervalSums]], units: UnitSums, *, resamples: int, seed: int
) -> list[list[Floats]]:
    """Alpha's four totals of each group of each grouping, (K, 4), in each resample of the units with two ratings."""
    drawn_U = np.cumsum(units.size > 1) - 1
    n_drawn = int(np.count_nonzero(units.size > 1))
    totals = [[np.zeros((resamples, 4)) for _ in groups] for groups in sums]
    if not n_drawn:
        return totals
    places = [_places(each, drawn_U) for each in cells]
    stream = Stream(seed, "bootstrap")
    at_once = max(1, CHUNK // n_drawn)
    for start in range(0, resamples, at_once):
        rows = slice(start, min(start + at_once, resamples))
        times_KU = stream.multiplicities(n_drawn, rows.stop - start).astype(np.float64)
        for (place_C, bounds), groups, found in zip(places, sums, totals, strict=True):
            times_KC = times_KU if place_C is None else np.take(times_KU, place_C, axis=1, mode="clip")
            for group, (low, high) in enumerate(bounds):
                found[group][rows] = times_KC[:, low:high] @ groups[group].of_blocks
    return totals


def _places(cells: Cells, drawn_U: Ints) -> tuple[Ints | None, list[tuple[int, int]]]:
    """Which drawn unit each cell with two ratings is of (None: one after the other), and where each group lies."""
    is_pairable_C = cells.sums.size > 1
    ends = np.append(0, np.cumsum(is_pairable_C))[cells.bounds].tolist()
    place_C = drawn_U[cells.unit_C[is_pairable_C]]
    is_as_drawn = np.array_equal(place_C, np.arange(int(drawn_U[-1]) + 1))
    return None if is_as_drawn else place_C, list(pairwise(ends))
