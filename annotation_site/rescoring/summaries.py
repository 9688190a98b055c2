"""What a rescoring's page shows of its scores, as plain values that go into its row. Pure functions of arrays.

Shapes: N pairs, P paintings, M clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation_site.rescoring.pools import Rows
from annotation_site.rescoring.results import Floats, Scored

BINS = 40
CLIP_BINS = 20
MOST_DOTS = 1000
MOST_STYLES = 30
ENDS = 6
"""So many of the best and of the worst pairs are shown."""
CLIPS_AT_A_TIME = 256


@dataclass(slots=True)
class _Sums:
    """What is added up over parts of the scores, so that a matrix never lies in memory whole."""

    count: int = 0
    total: float = 0.0
    in_band: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))

    def add(self, score_N: Floats, band: tuple[float, float]) -> None:
        self.count += len(score_N)
        self.total += float(score_N.sum())
        self.in_band += int(((score_N >= band[0]) & (score_N <= band[1])).sum())
        self.counts += np.histogram(score_N, bins=BINS, range=(0.0, 1.0))[0]

    def told(self) -> dict[str, Any]:
        n = max(1, self.count)
        return {
            "scored": self.count,
            "mean_score": self.total / n,
            "ambiguous_percent": 100 * self.in_band / n,
            "histogram": _histogram(self.counts, 0.0, 1.0),
        }


def _histogram(counts: NDArray[np.int64], low: float, high: float) -> dict[str, list[float]]:
    edges = np.linspace(low, high, len(counts) + 1)
    return {"edges": [round(edge, 6) for edge in edges.tolist()], "counts": counts.tolist()}


def pairs_summary(scored: Scored, *, styles: Sequence[str], band: tuple[float, float]) -> dict[str, Any]:
    """`styles`: of each painting, by row. `band`: the campaign's ambiguous band, both ends in it."""
    sums = _Sums()
    sums.add(scored.score_N, band)
    order = np.argsort(scored.score_N, kind="stable")
    rows = np.array(styles, dtype=object)[scored.painting_N]
    return {
        **sums.told(),
        "mean_sd": float(scored.sd_N.mean()) if len(scored) else None,
        "dots": _dots(scored),
        "styles": _style_rows(rows.tolist(), scored.score_N, np.ones(len(scored), dtype=np.int64)),
        "top": [_end(scored, row) for row in order[::-1][:ENDS]],
        "bottom": [_end(scored, row) for row in order[:ENDS]],
    }


def _dots(scored: Scored) -> list[list[float]]:
    """(score, sd) of pairs spread evenly over the list."""
    rows = np.unique(np.linspace(0, len(scored) - 1, min(MOST_DOTS, len(scored))).astype(np.int64))
    return [[round(float(scored.score_N[row]), 4), round(float(scored.sd_N[row]), 4)] for row in rows]


def _end(scored: Scored, row: int) -> list[float]:
    """[painting row, clip row, score, sd]"""
    place = [int(scored.painting_N[row]), int(scored.clip_N[row])]
    return [*place, round(float(scored.score_N[row]), 4), round(float(scored.sd_N[row]), 4)]


def matrix_summary(
    score_MP: NDArray[np.float16], *, styles: Sequence[str], band: tuple[float, float]
) -> dict[str, Any]:
    """The same of a whole matrix, which has no deviations, and how the means of its clips are spread."""
    sums, clips = _Sums(), len(score_MP)
    painting_total_P, clip_mean_M = np.zeros(score_MP.shape[1]), np.zeros(clips)
    ends = _Ends()
    for start in range(0, clips, CLIPS_AT_A_TIME):
        part_MP = score_MP[start : start + CLIPS_AT_A_TIME].astype(np.float64)
        sums.add(part_MP.ravel(), band)
        painting_total_P += part_MP.sum(axis=0)
        clip_mean_M[start : start + len(part_MP)] = part_MP.mean(axis=1)
        ends.add(part_MP, start)
    low, high = float(clip_mean_M.min()), float(clip_mean_M.max())
    low, high = (low, high) if high > low else (low - 0.005, high + 0.005)
    weights = np.full(len(painting_total_P), clips, dtype=np.int64)
    return {
        **sums.told(),
        "mean_sd": None,
        "styles": _style_rows(styles, painting_total_P / clips, weights),
        "clip_means": _histogram(np.histogram(clip_mean_M, bins=CLIP_BINS, range=(low, high))[0], low, high),
        "top": ends.of(-1),
        "bottom": ends.of(1),
    }


class _Ends:
    """The pairs with the highest and the lowest scores of what has passed by: [painting row, clip row, score, None]."""

    def __init__(self) -> None:
        self._rows: list[list[Any]] = []

    def add(self, part_MP: Floats, start: int) -> None:
        flat = part_MP.ravel()
        places = range(len(flat)) if len(flat) <= 2 * ENDS else np.argpartition(flat, (ENDS, -ENDS))
        for place in {*places[:ENDS], *places[-ENDS:]}:
            clip, painting = divmod(int(place), part_MP.shape[1])
            self._rows.append([painting, start + clip, round(float(flat[place]), 4), None])
        self._rows = [row for sign in (1, -1) for row in self.of(sign)]

    def of(self, sign: int) -> list[list[Any]]:
        found: list[list[Any]] = []
        for row in sorted(self._rows, key=lambda row: (sign * row[2], row[0], row[1])):
            if row not in found:
                found.append(row)
        return found[:ENDS]


def _style_rows(styles: Sequence[str], score_N: Floats, weight_N: NDArray[np.int64] | Rows) -> list[list[Any]]:
    """[style, pairs, mean score], the highest mean first; of the most frequent styles where there are many."""
    names, which_N = np.unique(np.array(styles, dtype=object).astype(str), return_inverse=True)
    pairs = np.bincount(which_N, weights=weight_N).astype(np.int64)
    means = np.bincount(which_N, weights=weight_N * score_N) / np.maximum(pairs, 1)
    most = sorted(range(len(names)), key=lambda row: (-pairs[row], names[row]))[:MOST_STYLES]
    rows = sorted(most, key=lambda row: (-means[row], names[row]))
    return [[str(names[row]), int(pairs[row]), float(means[row])] for row in rows]
