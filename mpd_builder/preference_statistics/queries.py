"""A Bradley-Terry scale for each query.

A scale's abilities say how well each candidate fits this query beside the others; abilities of two scales must not be
compared, as each has the mean 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.preference_statistics.arrays import Ballots
from mpd_builder.preference_statistics.scales import PRIOR, Scale, scales_of
from mpd_builder.records import Direction

LEAST_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class QueryScale:
    """The scale of candidates of one query that hang together by votes; the scale's items are pair ids."""

    direction: Direction
    query_id: str
    scale: Scale


def query_scales(
    given: Ballots, *, prior: float | None = PRIOR, least_candidates: int = LEAST_CANDIDATES
) -> list[QueryScale]:
    """A scale for every three or more candidates of a query that votes connect, ordered by direction and query.

    A query whose candidates fall apart has several. All votes count, those of undecided tasks too. The default prior
    keeps every scale finite; None asks for maximum likelihood and raises `Unbounded` where that has no finite answer.
    Costs O(votes), and O(k^3) a Newton step for k connected candidates. Raises ValueError for fewer than two
    candidates.
    """
    if least_candidates < 2:
        raise ValueError(f"a scale needs at least two candidates, not {least_candidates}")
    candidates = sorted(
        {(task.direction, task.query_id, pair) for task in given.tasks for pair in (task.pair_a, task.pair_b)}
    )
    place = {candidate: number for number, candidate in enumerate(candidates)}
    a_T = np.array([place[task.direction, task.query_id, task.pair_a] for task in given.tasks], dtype=np.int64)
    b_T = np.array([place[task.direction, task.query_id, task.pair_b] for task in given.tasks], dtype=np.int64)
    winner_E, loser_E = np.concatenate([a_T, b_T]), np.concatenate([b_T, a_T])
    wins_E = np.concatenate([given.votes_a, given.votes_b]).astype(np.float64)
    has_won_E = wins_E > 0
    names = [pair for _, _, pair in candidates]
    found = scales_of(
        names, winner_E[has_won_E], loser_E[has_won_E], wins_E[has_won_E], prior=prior, least=least_candidates
    )
    return [QueryScale(candidates[first][0], candidates[first][1], scale) for first, scale in found]
