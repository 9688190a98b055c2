"""Whether preferences order pairs as their scores do: rank correlation of abilities with trimmed means.

Scores of ambiguous pairs lie within 0.2 of each other and are means of three ratings, so that even a perfect panel
agrees with them only in part. Only candidates of one scale are compared with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.preference_statistics.queries import QueryScale
from mpd_builder.records import Direction

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """Spearman's rho and Kendall's tau-b of `n` candidates; None where either side has no variation."""

    n: int
    spearman: float | None
    kendall: float | None


@dataclass(frozen=True, slots=True)
class QueryRanks:
    """Rank agreement on one query's scale, of the candidates that have a score."""

    direction: Direction
    query_id: str
    agreement: RankAgreement


@dataclass(frozen=True, slots=True)
class RankReport:
    """Rank agreement of each scale, and of all pooled.

    Pooled, candidates are compared within their own scale only: Kendall's tau-b counts the pairs of candidates of all
    scales, Spearman's rho takes ranks as deviations from their mean within the scale. A scale so weighs the more, the
    more candidates it has. `pooled.n` counts candidates of scales with at least two that have a score.
    """

    scales: tuple[QueryRanks, ...]
    pooled: RankAgreement


@dataclass(frozen=True, slots=True)
class _Sums:
    """Products and squares, of centred ranks (Spearman) and of the signs of differences (Kendall)."""

    n: int
    ranks: Floats
    signs: Floats


def rank_agreement(scales: Iterable[QueryScale], scores: Mapping[str, float]) -> RankReport:
    """How the abilities of each scale agree with `scores` (pair id -> trimmed mean); those without one are left out.

    O(k^2) time and memory for a scale of k candidates.
    """
    rows: list[QueryRanks] = []
    pooled = _Sums(0, np.zeros(3), np.zeros(3))
    for each in scales:
        known = [(b, scores[i]) for i, b in zip(each.scale.items, each.scale.abilities, strict=True) if i in scores]
        sums = _sums(np.array(known, dtype=np.float64).reshape(-1, 2))
        rows.append(QueryRanks(each.direction, each.query_id, _agreement(sums)))
        if sums.n >= 2:
            pooled = _Sums(pooled.n + sums.n, pooled.ranks + sums.ranks, pooled.signs + sums.signs)
    return RankReport(tuple(rows), _agreement(pooled))


def _sums(values_K2: Floats) -> _Sums:
    # Abilities that are equal by symmetry may differ in their last digits: rounded, they tie.
    x_K, y_K = np.round(values_K2[:, 0], 9), np.round(values_K2[:, 1], 12)
    signs_x, signs_y = np.sign(x_K[:, None] - x_K), np.sign(y_K[:, None] - y_K)
    # The sum of an item's signs is twice its rank's distance from the mean rank, ties sharing their mean rank.
    return _Sums(len(x_K), _products(signs_x.sum(axis=1) / 2, signs_y.sum(axis=1) / 2), _products(signs_x, signs_y))


def _products(x: Floats, y: Floats) -> Floats:
    return np.array([(x * y).sum(), (x * x).sum(), (y * y).sum()])


def _agreement(sums: _Sums) -> RankAgreement:
    return RankAgreement(sums.n, _ratio(sums.ranks), _ratio(sums.signs))


def _ratio(products: Floats) -> float | None:
    both, x, y = products.tolist()
    return max(-1.0, min(1.0, both / math.sqrt(x * y))) if x > 0 and y > 0 else None
