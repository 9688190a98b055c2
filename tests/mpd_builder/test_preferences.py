import random
from collections import Counter
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.preferences import decide, make_tasks, possible, task_id
from mpd_builder.records import Choice, Consensus, Direction, Pair, PreferenceTask, Vote, pair_id

M2P, P2M = Direction.MUSIC_TO_PAINTING, Direction.PAINTING_TO_MUSIC

CELLS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.booleans(), max_size=20)


def scored(cells):
    """(painting number, clip number) -> whether ambiguous, as pairs and their consensus."""
    pairs = [Pair(pair_id(f"p{p}", f"c{c}"), f"p{p}", f"c{c}") for p, c in cells]
    consensus = [
        Consensus(pair.id, 0.5 if ambiguous else 0.9, 0.1, 0.1, 5, ambiguous)
        for pair, ambiguous in zip(pairs, cells.values(), strict=True)
    ]
    return consensus, pairs


def full_grid(n_paintings, n_clips):
    return scored({(p, c): True for p in range(n_paintings) for c in range(n_clips)})


def content(tasks):
    return [(task.direction, task.query_id, frozenset((task.pair_a, task.pair_b))) for task in tasks]


@given(CELLS, st.one_of(st.none(), st.integers(0, 12)), st.integers(0, 3))
def test_a_task_shows_two_ambiguous_pairs_of_its_query(cells, count, seed):
    consensus, pairs = scored(cells)
    by_id = {pair.id: pair for pair in pairs}
    is_ambiguous = {row.pair_id: row.ambiguous for row in consensus}
    tasks = make_tasks(consensus, pairs, count=count, seed=seed)
    for task in tasks:
        a, b = by_id[task.pair_a], by_id[task.pair_b]
        assert a != b
        assert is_ambiguous[a.id]
        assert is_ambiguous[b.id]
        if task.direction == M2P:
            assert a.clip_id == b.clip_id == task.query_id
        else:
            assert a.painting_id == b.painting_id == task.query_id
    assert len(set(content(tasks))) == len({task.id for task in tasks}) == len(tasks)
    found = Counter(task.direction for task in tasks)
    for direction, most in possible(consensus, pairs).items():
        assert found[direction] == (most if count is None else min(count, most))


@given(CELLS, st.integers(0, 12), st.randoms())
def test_the_order_of_what_comes_in_does_not_matter(cells, count, shuffler):
    consensus, pairs = scored(cells)
    existing = make_tasks(consensus, pairs, count=2, seed=9)
    tasks = make_tasks(consensus, pairs, count=count, seed=1, existing=existing)
    for rows in (consensus, pairs, existing):
        shuffler.shuffle(rows)
    assert make_tasks(consensus, pairs, count=count, seed=1, existing=existing) == tasks


@given(CELLS, st.integers(0, 6), st.integers(0, 6))
def test_tasks_that_exist_are_never_made_again(cells, first, second):
    consensus, pairs = scored(cells)
    existing = make_tasks(consensus, pairs, count=first, seed=1)
    more = make_tasks(consensus, pairs, count=second, seed=2, existing=existing)
    rest = make_tasks(consensus, pairs, count=None, seed=3, existing=[*existing, *more])
    everything = [*existing, *more, *rest]
    assert len(set(content(everything))) == len(everything) == sum(possible(consensus, pairs).values())


@pytest.mark.parametrize("count", [1, 7, 30, 59, 61, 200])
def test_queries_get_equally_many_tasks_to_within_one(count):
    consensus, pairs = full_grid(6, 9)
    tasks = make_tasks(consensus, pairs, count=count, seed=4)
    for direction, n_queries, n_candidates in ((M2P, 9, 6), (P2M, 6, 9)):
        counts = Counter(task.query_id for task in tasks if task.direction == direction)
        per_query = sorted(counts[query] for query in {getattr(p, QUERY[direction]) for p in pairs})
        assert len(per_query) == n_queries
        assert per_query[-1] - per_query[0] <= 1
        assert sum(per_query) == min(count, n_queries * comb(n_candidates, 2))


QUERY = {M2P: "clip_id", P2M: "painting_id"}


def test_queries_that_were_behind_are_served_first():
    consensus, pairs = full_grid(5, 4)
    ahead = [task for task in make_tasks(consensus, pairs, count=None, seed=1) if task.query_id == "c0"][:4]
    more = make_tasks(consensus, pairs, count=16, seed=1, existing=ahead)
    assert Counter(task.query_id for task in more if task.direction == M2P) == {"c0": 1, "c1": 5, "c2": 5, "c3": 5}


def test_a_pair_that_left_the_band_brings_no_new_tasks_but_its_old_ones_count():
    consensus, pairs = scored({(0, 0): True, (1, 0): True, (2, 0): False})
    old = PreferenceTask("old", M2P, "c0", "p0.c0", "p2.c0")
    [task] = make_tasks(consensus, pairs, count=None, seed=1, existing=[old])
    assert {task.pair_a, task.pair_b} == {"p0.c0", "p1.c0"}


def test_an_existing_task_is_known_whichever_pair_is_called_a():
    consensus, pairs = scored({(0, 0): True, (1, 0): True})
    turned = PreferenceTask("turned", M2P, "c0", "p1.c0", "p0.c0")
    assert make_tasks(consensus, pairs, count=None, seed=1, existing=[turned]) == []


def test_every_task_is_equally_likely():
    consensus, pairs = full_grid(4, 2)
    seen = Counter(task.id for seed in range(600) for task in make_tasks(consensus, pairs, count=2, seed=seed))
    music_to_painting = [times for key, times in seen.items() if key.startswith("m2p_")]
    assert len(music_to_painting) == 12
    assert all(abs(times - 100) < 5 * 100**0.5 for times in music_to_painting)


def test_task_ids_come_from_the_content_alone():
    assert task_id(M2P, "c0", "p0.c0", "p1.c0") == task_id(M2P, "c0", "p1.c0", "p0.c0")
    assert task_id(P2M, "c0", "p0.c0", "p1.c0").startswith("p2m_")
    consensus, pairs = full_grid(3, 3)
    ids = {task.id for task in make_tasks(consensus, pairs, count=None, seed=1)}
    assert {task.id for task in make_tasks(consensus, pairs, count=None, seed=2)} == ids


def test_a_score_of_an_unknown_pair_is_an_error():
    consensus, pairs = scored({(0, 0): True})
    with pytest.raises(ValueError, match=r"p0\.c0 has a score, but is not among the pairs"):
        make_tasks(consensus, pairs[:0], count=None, seed=1)


def test_a_negative_count_is_an_error():
    with pytest.raises(ValueError, match="cannot be negative"):
        make_tasks([], [], count=-1, seed=1)


@given(st.lists(st.lists(st.sampled_from(Choice), max_size=7), max_size=5), st.integers(1, 5), st.randoms())
def test_a_winner_has_more_than_half_of_enough_votes(ballots, votes_needed, shuffler):
    tasks = [PreferenceTask(f"t{i}", M2P, "c", "x", "y") for i in range(len(ballots))]
    votes = [Vote(f"t{i}", f"r{j}", c, Choice.A) for i, ballot in enumerate(ballots) for j, c in enumerate(ballot)]
    shuffler.shuffle(tasks)
    shuffler.shuffle(votes)
    outcomes = decide(tasks, votes, votes_needed=votes_needed)
    assert [outcome.task.id for outcome in outcomes] == [f"t{i}" for i in range(len(ballots))]
    for outcome, ballot in zip(outcomes, ballots, strict=True):
        assert (outcome.votes_a, outcome.votes_b) == (ballot.count(Choice.A), ballot.count(Choice.B))
        winners = [c for c in Choice if len(ballot) >= votes_needed and 2 * ballot.count(c) > len(ballot)]
        assert outcome.winner == (winners[0] if winners else None)


TASK = PreferenceTask("t", M2P, "c", "x", "y")


@pytest.mark.parametrize(
    ("tasks", "voters", "votes_needed", "words"),
    [
        ([TASK], ["r1", "r2", "r1"], 3, "rater r1 voted more than once on the task t"),
        ([], ["r1"], 3, "rater r1 voted on the task t, which is not among the tasks"),
        ([TASK, TASK], [], 3, "the task t is listed twice"),
        ([TASK], [], 0, "at least one vote"),
    ],
)
def test_votes_that_cannot_be_are_an_error_in_words(tasks, voters, votes_needed, words):
    with pytest.raises(ValueError, match=words):
        decide(tasks, [Vote("t", rater, Choice.A, Choice.B) for rater in voters], votes_needed=votes_needed)


def test_thousands_of_queries_are_served():
    chance = random.Random(1)
    cells = {(chance.randrange(2000), chance.randrange(1000)): chance.random() < 0.5 for _ in range(12_000)}
    consensus, pairs = scored(cells)
    tasks = make_tasks(consensus, pairs, count=1000, seed=1)
    counts = Counter(task.query_id for task in tasks if task.direction == M2P)
    assert (len(tasks), set(counts.values()) <= {1, 2}) == (2000, True)
