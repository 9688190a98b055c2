"""How many tasks the ambiguous pairs allow and why, equal directions, and places for undecided tasks."""

from __future__ import annotations

import itertools
from collections import Counter
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.preferences import extra_places, make_tasks, possible, supply
from mpd_builder.records import Choice, Direction, Preference, PreferenceTask
from tests.mpd_builder.test_preferences import CELLS, M2P, P2M, QUERY, full_grid, scored


@given(CELLS, st.integers(0, 6), st.integers(0, 3))
def test_the_report_adds_up_to_what_can_be_drawn(cells, count, seed):
    consensus, pairs = scored(cells)
    existing = make_tasks(consensus, pairs, count=count, seed=seed)
    rest = Counter(task.direction for task in make_tasks(consensus, pairs, count=None, seed=seed, existing=existing))
    ambiguous = [pair for pair, row in zip(pairs, consensus, strict=True) if row.ambiguous]
    for direction, found in supply(consensus, pairs, existing=existing).items():
        sharing = Counter(getattr(pair, QUERY[direction]) for pair in ambiguous)
        assert found.sizes == tuple(sorted(Counter(sharing.values()).items()))
        assert (found.n_pairs, found.n_queries) == (len(ambiguous), len(sharing))
        assert found.n_single == sum(size == 1 for size in sharing.values())
        assert found.possible == possible(consensus, pairs)[direction] == sum(comb(m, 2) for m in sharing.values())
        assert found.existing == sum(task.direction == direction for task in existing)
        assert (found.left, found.outside) == (rest[direction], 0)


def test_the_report_says_why_in_sentences():
    consensus, pairs = scored({(0, 0): True, (1, 0): True, (2, 0): True, (0, 1): True, (3, 1): False})
    existing = make_tasks(consensus, pairs, count=None, seed=1)[:1]
    left_behind = PreferenceTask("old", M2P, "c1", "p0.c1", "p3.c1")
    found = supply(consensus, pairs, existing=[*existing, left_behind])
    assert found[M2P].words == (
        "Ambiguous pairs: 4, on 2 clips. Those with a single ambiguous pair allow no task: 1. Those with two or more: "
        "1. They allow 3 tasks. Of these, 1 exist and 2 can still be made. "
        "Tasks that exist though a pair of theirs is no longer ambiguous: 1."
    )
    assert found[P2M].words == (
        "Ambiguous pairs: 4, on 3 paintings. Those with a single ambiguous pair allow no task: 2. Those with two or "
        "more: 1. They allow 1 task. Of these, 0 exist and 1 can still be made."
    )


def test_nothing_ambiguous_allows_nothing():
    found = supply(*scored({(0, 0): False}))
    assert {(each.n_pairs, each.n_queries, each.possible, each.left, each.sizes) for each in found.values()} == {
        (0, 0, 0, 0, ())
    }


@given(CELLS, st.one_of(st.none(), st.integers(0, 12)), st.integers(0, 3), st.integers(0, 5))
def test_equal_directions_get_as_many_as_the_scarcer_allows(cells, count, seed, made):
    consensus, pairs = scored(cells)
    existing = [task for task in make_tasks(consensus, pairs, count=made, seed=9) if task.direction == M2P]
    left = [found.left for found in supply(consensus, pairs, existing=existing).values()]
    tasks = make_tasks(consensus, pairs, count=count, seed=seed, equal=True, existing=existing)
    found = Counter(task.direction for task in tasks)
    assert found[M2P] == found[P2M] == (min(left) if count is None else min(count, *left))
    assert tasks == make_tasks(consensus, pairs, count=found[M2P], seed=seed, existing=existing)


@given(CELLS, st.integers(0, 12), st.integers(0, 12), st.integers(0, 3))
def test_a_query_falls_behind_another_only_where_it_has_no_more_candidates(cells, count, made, seed):
    consensus, pairs = scored(cells)
    existing = make_tasks(consensus, pairs, count=made, seed=9)
    new = make_tasks(consensus, pairs, count=count, seed=seed, existing=existing)
    ambiguous = [pair for pair, row in zip(pairs, consensus, strict=True) if row.ambiguous]
    for direction in Direction:
        room = {
            query: comb(size, 2) for query, size in Counter(getattr(p, QUERY[direction]) for p in ambiguous).items()
        }
        total = Counter(task.query_id for task in [*existing, *new] if task.direction == direction)
        grown = {task.query_id for task in new if task.direction == direction}
        for query, other in itertools.product(room, grown):
            assert total[query] == room[query] or total[query] >= total[other] - 1


def test_equal_directions_leave_queries_even():
    consensus, pairs = full_grid(6, 9)
    tasks = make_tasks(consensus, pairs, count=None, seed=4, equal=True)
    m2p = Counter(task.query_id for task in tasks if task.direction == M2P)
    assert sum(m2p.values()) == 9 * comb(6, 2) == sum(task.direction == P2M for task in tasks)
    p2m = Counter(task.query_id for task in tasks if task.direction == P2M)
    assert max(p2m.values()) - min(p2m.values()) <= 1


def outcomes_after(votes_a, votes_b, further, needed):
    """Whether a strict majority of enough votes stands, for every way in which so many more votes may fall."""
    return [
        votes_a + votes_b + further >= needed and votes_a + more != votes_b + further - more
        for more in range(further + 1)
    ]


@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 6), st.integers(0, 20), st.integers(1, 6))
def test_no_fewer_extra_places_could_decide_the_task(votes_a, votes_b, still_open, limit, needed):
    places = votes_a + votes_b + still_open
    extra = extra_places(votes_a, votes_b, places, limit, votes_needed=needed)
    least = next(k for k in itertools.count() if any(outcomes_after(votes_a, votes_b, k, needed)))
    wanted = max(0, least - still_open)
    assert extra == (wanted if places + wanted <= limit else 0)
    if needed % 2:
        assert all(outcomes_after(votes_a, votes_b, least, needed))


@pytest.mark.parametrize(
    ("votes", "places", "limit", "extra"),
    [
        ((2, 1), 3, 9, 0),  # decided
        ((3, 0), 3, 9, 0),
        ((1, 1), 3, 9, 0),  # one place is open still
        ((2, 2), 4, 9, 1),  # a tie
        ((2, 2), 4, 4, 0),  # a tie for good
        ((2, 0), 2, 9, 1),  # too few for a consensus
        ((0, 0), 0, 9, 3),
        ((1, 0), 1, 2, 0),  # one more would not make three
        ((0, 0), 3, 9, 0),
    ],
)
def test_places_for_undecided_tasks(votes, places, limit, extra):
    assert extra_places(*votes, places, limit) == extra


@pytest.mark.parametrize("wrong", [(-1, 2, 3, 9), (2, 2, 3, 9), (1, 0, 3, -1)])
def test_places_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="that cannot be"):
        extra_places(*wrong)
    with pytest.raises(ValueError, match="at least one vote"):
        extra_places(1, 1, 3, 9, votes_needed=0)


TASK = PreferenceTask("t", M2P, "c", "x", "y")


@pytest.mark.parametrize(
    ("votes", "winner", "unanimous", "agreement"),
    [
        ((3, 0), Choice.A, True, 1.0),
        ((1, 4), Choice.B, False, 0.8),
        ((2, 2), None, False, 0.5),
        ((2, 0), None, False, 1.0),  # too few: not decided, hence not unanimous
        ((0, 0), None, False, None),
    ],
)
def test_an_outcome_knows_how_far_its_votes_agree(votes, winner, unanimous, agreement):
    outcome = Preference(TASK, *votes, winner=winner)
    assert (outcome.unanimous, outcome.agreement) == (unanimous, agreement)
