"""Cycles among the candidates of a query: by hand, against plain loops, and under coin tossing."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.preference_statistics import CYCLIC_BY_CHANCE, Cycle, ballots, transitivity
from tests.mpd_builder.preference_statistics.small_votes import M2P, P2M, asked, box, random_votes, together

NAMES = "uvwxyz"
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        f"{a}{b}": st.sampled_from(["aaa", "bba", "ab", "aa", "abab"]) for a, b in itertools.combinations(NAMES, 2)
    },
)


def edges(answers: Mapping[str, str], needed: int = 3) -> set[tuple[str, str]]:
    """(winner, loser) of each decided comparison."""
    found = set()
    for (first, second), letters in answers.items():
        a, b = letters.count("a"), letters.count("b")
        if a + b >= needed and a != b:
            found.add((first, second) if a > b else (second, first))
    return found


def test_a_cycle_is_named_from_its_lowest_pair_on_with_its_tasks() -> None:
    found = transitivity(box("q", {"xy": "bba", "yz": "bbb", "xz": "aab"}))  # y > x, z > y, x > z
    assert (found.n_triads, found.n_cyclic, found.share) == (1, 1, 1.0)
    name = "MUSIC_TO_PAINTING q"
    assert found.cycles == (Cycle(M2P, "q", ("x", "z", "y"), (f"{name} xz", f"{name} yz", f"{name} xy")),)
    [query] = found.queries
    assert (query.n_candidates, query.n_decided, query.n_triads, query.n_cyclic) == (3, 3, 1, 1)
    assert query.consistence == 0.0


def test_one_scale_behind_the_preferences_has_no_cycle() -> None:
    found = transitivity(box("q", {"xy": "aaa", "yz": "aab", "xz": "aaa"}))
    assert (found.n_triads, found.n_cyclic, found.share, found.cycles) == (1, 0, 0.0, ())
    assert found.queries[0].consistence == 1.0


def test_ties_and_too_few_votes_are_no_comparison() -> None:
    answers = {"xy": "aab", "yz": "aab", "xz": "abab"}
    assert transitivity(box("q", answers)).queries == ()
    assert transitivity(box("q", {**answers, "xz": "bb"})).share is None
    assert transitivity(box("q", {**answers, "xz": "bb"}), votes_needed=2).n_cyclic == 1
    with pytest.raises(ValueError, match="at least one vote"):
        transitivity(box("q", answers), votes_needed=0)


def test_queries_and_directions_are_never_mixed() -> None:
    parts = [
        asked("q", {"xy": "aaa", "yz": "aaa"}),
        asked("p", {"xz": "bbb"}),
        asked("q", {"xz": "bbb", "xy": "aaa"}, P2M),
    ]
    found = transitivity(together(*parts))
    assert found.n_triads == 0


def test_consistence_of_four_candidates_by_hand() -> None:
    # Kendall: four candidates have at most two cyclic triads, and their coefficient is 1 - 24 d / (64 - 16).
    beaten_in_a_ring = {"wx": "aaa", "xy": "aaa", "yz": "aaa", "wz": "bbb", "wy": "aaa", "xz": "aaa"}
    [query] = transitivity(box("q", beaten_in_a_ring)).queries
    assert (query.n_triads, query.n_cyclic, query.consistence) == (4, 2, 0.0)
    del beaten_in_a_ring["wy"]
    [query] = transitivity(box("q", beaten_in_a_ring)).queries
    assert (query.n_triads, query.consistence) == (2, None)


@given(ANSWERS)
def test_triads_and_cycles_are_those_of_a_plain_loop(answers: Mapping[str, str]) -> None:
    beats = edges(answers)
    triads = [
        three
        for three in itertools.combinations(NAMES, 3)
        if all((a, b) in beats or (b, a) in beats for a, b in itertools.combinations(three, 2))
    ]
    cycles = {
        (a, b, c)
        for three in triads
        for a, b, c in itertools.permutations(three)
        if a == min(three) and {(a, b), (b, c), (c, a)} <= beats
    }
    found = transitivity(box("q", answers))
    assert (found.n_triads, {cycle.pairs for cycle in found.cycles}) == (len(triads), cycles)
    assert found.n_cyclic == len(cycles)
    for query in found.queries:
        if query.consistence is not None:
            assert 0.0 <= query.consistence <= 1.0
    for cycle in found.cycles:
        for winner, loser, task in zip(cycle.pairs, cycle.pairs[1:] + cycle.pairs[:1], cycle.tasks, strict=True):
            assert {winner, loser} == set(task.rpartition(" ")[2])


def test_tossed_coins_make_a_quarter_of_the_triads_cycles() -> None:
    tasks, votes = random_votes(queries=60, candidates=8, votes=3, raters=5, seed=1, clarity=0.0)
    found = transitivity(ballots(tasks, votes))
    assert found.n_triads == 60 * 56
    assert found.share == pytest.approx(CYCLIC_BY_CHANCE, abs=0.03)
    assert len(found.queries) == 60


def test_a_complete_query_of_many_candidates_is_counted_from_its_wins() -> None:
    # Kendall and Babington Smith: the number of cycles of a tournament follows from how often each candidate wins.
    tasks, votes = random_votes(queries=1, candidates=41, votes=3, raters=3, seed=4, clarity=0.3)
    given_votes = ballots(tasks, votes)
    wins = dict.fromkeys({pair for task in tasks for pair in (task.pair_a, task.pair_b)}, 0)
    for task, a, b in zip(given_votes.tasks, given_votes.votes_a, given_votes.votes_b, strict=True):
        wins[task.pair_a if a > b else task.pair_b] += 1
    n_triads = 41 * 40 * 39 // 6
    cyclic = n_triads - sum(won * (won - 1) // 2 for won in wins.values())
    found = transitivity(given_votes)
    assert (found.n_triads, found.n_cyclic) == (n_triads, cyclic)
    assert found.queries[0].consistence == pytest.approx(1 - 24 * cyclic / (41**3 - 41))
