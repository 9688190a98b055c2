"""Cycles among the candidates of a query: a preferred to b, b to c, and c to a.

A triad is three candidates of a query, each two of which were compared and decided. Of the eight ways in which three
decisions can fall, two are cycles: coin tossing gives cycles in a quarter of the triads, one scale behind the
preferences gives few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mpd_builder.preference_statistics.arrays import Ballots
from mpd_builder.records import Direction, PreferenceTask

CYCLIC_BY_CHANCE = 0.25


@dataclass(frozen=True, slots=True)
class Cycle:
    """Three pairs, each preferred to the next and the last to the first, and the tasks that say so, in that order.

    The first pair is the one with the lowest id.
    """

    direction: Direction
    query_id: str
    pairs: tuple[str, str, str]
    tasks: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class QueryTransitivity:
    """One query with at least one triad: its candidates in tasks, decided tasks, triads, and how many are cycles.

    `consistence` is Kendall's coefficient (Kendall and Babington Smith 1940) where each two candidates of the query
    were compared and decided: 1 - 24 d / (m^3 - m) for an odd number m of candidates with d cycles, with m^3 - 4m for
    an even one: 1 without a cycle, 0 with as many as there can be. None where a comparison is missing.
    """

    direction: Direction
    query_id: str
    n_candidates: int
    n_decided: int
    n_triads: int
    n_cyclic: int
    consistence: float | None


@dataclass(frozen=True, slots=True)
class Transitivity:
    """Triads of all queries; `share` of them are cycles (None without a triad), `CYCLIC_BY_CHANCE` under coin tossing.

    Triads share comparisons, so that no simple interval holds for the share. `queries` and `cycles` are ordered by
    direction and query.
    """

    n_triads: int
    n_cyclic: int
    share: float | None
    queries: tuple[QueryTransitivity, ...]
    cycles: tuple[Cycle, ...]


# winner -> loser -> the task that says so
_Beats = dict[str, dict[str, str]]


def transitivity(given: Ballots, *, votes_needed: int = 3) -> Transitivity:
    """Triads and cycles among the strict majorities of at least `votes_needed` votes.

    Ties and tasks with too few votes count as not compared. Costs O(votes) and, for each decided task, the number of
    decided tasks of one of its candidates: at most O(decided tasks ^ 1.5).
    """
    by_query = _by_query(given, votes_needed)
    queries: list[QueryTransitivity] = []
    cycles: list[Cycle] = []
    for (direction, query_id), (candidates, beats) in sorted(by_query.items()):
        n_triads, found = _triads(beats)
        if not n_triads:
            continue
        n_decided = sum(map(len, beats.values()))
        queries.append(
            QueryTransitivity(
                direction=direction,
                query_id=query_id,
                n_candidates=len(candidates),
                n_decided=n_decided,
                n_triads=n_triads,
                n_cyclic=len(found),
                consistence=_consistence(len(candidates), n_decided, len(found)),
            )
        )
        cycles += [Cycle(direction, query_id, pairs, _tasks(beats, pairs)) for pairs in sorted(found)]
    n_triads = sum(query.n_triads for query in queries)
    return Transitivity(
        n_triads=n_triads,
        n_cyclic=len(cycles),
        share=len(cycles) / n_triads if n_triads else None,
        queries=tuple(queries),
        cycles=tuple(cycles),
    )


def _by_query(given: Ballots, votes_needed: int) -> dict[tuple[Direction, str], tuple[set[str], _Beats]]:
    """By direction and query: its candidates, and which of them beats which."""
    if votes_needed < 1:
        raise ValueError(f"a consensus needs at least one vote, not {votes_needed}")
    found: defaultdict[tuple[Direction, str], tuple[set[str], _Beats]] = defaultdict(lambda: (set(), {}))
    margins = np.where(given.votes_a + given.votes_b >= votes_needed, given.votes_a - given.votes_b, 0)
    for task, margin in zip(given.tasks, margins.tolist(), strict=True):
        candidates, beats = found[task.direction, task.query_id]
        candidates.update((task.pair_a, task.pair_b))
        if margin:
            winner, loser = _ordered(task, margin)
            beats.setdefault(winner, {})[loser] = task.id
    return found


def _ordered(task: PreferenceTask, margin: int) -> tuple[str, str]:
    return (task.pair_a, task.pair_b) if margin > 0 else (task.pair_b, task.pair_a)


def _triads(beats: _Beats) -> tuple[int, list[tuple[str, str, str]]]:
    """The number of triads, and the cycles among them, each from its lowest id on."""
    compared: defaultdict[str, set[str]] = defaultdict(set)
    for winner, losers in beats.items():
        for loser in losers:
            compared[winner].add(loser)
            compared[loser].add(winner)
    n_triads, cycles = 0, []
    for first, second, third in _triangles(compared):
        n_triads += 1
        if second in beats.get(first, {}):
            is_cycle, cycle = third in beats.get(second, {}) and first in beats.get(third, {}), (first, second, third)
        else:
            is_cycle, cycle = third in beats.get(first, {}) and second in beats.get(third, {}), (first, third, second)
        if is_cycle:
            cycles.append(cycle)
    return n_triads, cycles


def _triangles(compared: Mapping[str, set[str]]) -> Iterator[tuple[str, str, str]]:
    """Every three nodes that are all neighbours of each other, in the order of their ids, each once.

    Each edge is walked from its node with fewer neighbours to the other, and only towards such nodes: a node then has
    at most sqrt(2 edges) neighbours ahead of it.
    """
    rank = {node: number for number, node in enumerate(sorted(compared, key=lambda node: (len(compared[node]), node)))}
    ahead = {node: {other for other in others if rank[other] > rank[node]} for node, others in compared.items()}
    for node, others in ahead.items():
        for other in others:
            for third in others & ahead[other]:
                first, second, last = sorted((node, other, third))
                yield first, second, last


def _tasks(beats: _Beats, pairs: tuple[str, str, str]) -> tuple[str, str, str]:
    first, second, third = pairs
    return beats[first][second], beats[second][third], beats[third][first]


def _consistence(candidates: int, decided: int, cycles: int) -> float | None:
    if decided < candidates * (candidates - 1) // 2:
        return None
    return 1 - 24 * cycles / (candidates**3 - candidates * (1 if candidates % 2 else 4))
