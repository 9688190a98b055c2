"""The paper's number of tasks with three votes each: everything that an admin page asks for, in a few seconds."""

from __future__ import annotations

import random
import time

import pytest

from mpd_builder.preference_statistics import (
    Ballots,
    agreement,
    ballots,
    query_scales,
    rank_agreement,
    rater_agreement,
    side_bias,
    transitivity,
)
from mpd_builder.preferences import make_tasks, supply
from mpd_builder.records import Choice, Consensus, Direction, Pair, Vote, pair_id

TASKS, VOTES, RATERS = 10_428, 3, 35
SECONDS = 20.0  # about 1 s on an idle core; a busy machine must not fail it, an O(n^2) step does


@pytest.fixture(scope="module")
def votes_of_a_campaign() -> tuple[Ballots, dict[str, float], float]:
    """Tasks drawn from 12,000 ambiguous pairs, their votes, the scores, and the seconds that the tasks took."""
    chance = random.Random(1)
    cells = {(chance.randrange(2_000), chance.randrange(1_500)) for _ in range(12_000)}
    pairs = [Pair(pair_id(f"p{p}", f"c{c}"), f"p{p}", f"c{c}") for p, c in sorted(cells)]
    scores = {pair.id: round(chance.uniform(0.4, 0.6), 3) for pair in pairs}
    consensus = [Consensus(pair.id, scores[pair.id], 0.08, 0.09, 5, ambiguous=True) for pair in pairs]
    start = time.perf_counter()
    tasks = make_tasks(consensus, pairs, count=TASKS // 2, seed=1, equal=True)
    report = supply(consensus, pairs, existing=tasks)
    seconds = time.perf_counter() - start
    assert [report[direction].existing for direction in Direction] == [TASKS // 2] * 2
    votes = []
    for task in tasks:
        leaning = 0.5 + 2 * (scores[task.pair_a] - scores[task.pair_b])
        for rater in chance.sample(range(RATERS), VOTES):
            choice = Choice.A if chance.random() < leaning else Choice.B
            votes.append(Vote(task.id, f"r{rater:02d}", choice, chance.choice(list(Choice))))
    return ballots(tasks, votes), scores, seconds


def test_all_statistics_of_ten_thousand_tasks_take_seconds(
    votes_of_a_campaign: tuple[Ballots, dict[str, float], float],
) -> None:
    given, scores, seconds = votes_of_a_campaign
    start = time.perf_counter()
    shares, raters, sides = agreement(given), rater_agreement(given), side_bias(given)
    cycles, scales = transitivity(given), query_scales(given)
    ranks = rank_agreement(scales, scores)
    assert seconds + time.perf_counter() - start < SECONDS
    assert (shares.n_tasks, shares.n_votes, shares.n_judged) == (TASKS, TASKS * VOTES, TASKS)
    assert shares.kept.value == 1.0  # three votes cannot tie
    assert (len(raters), len(sides.raters), sides.everyone.left.n) == (RATERS, RATERS, TASKS * VOTES)
    assert cycles.n_triads > 100
    assert len(scales) > 1_000
    assert ranks.pooled.kendall is not None
    assert ranks.pooled.kendall > 0.1


def test_one_query_with_all_ten_thousand_comparisons_takes_seconds() -> None:
    chance = random.Random(2)
    pairs = [Pair(pair_id(f"p{p}", "c"), f"p{p}", "c") for p in range(145)]
    consensus = [Consensus(pair.id, 0.5, 0.08, 0.09, 5, ambiguous=True) for pair in pairs]
    tasks = make_tasks(consensus, pairs, count=None, seed=1)
    votes = [Vote(t.id, f"r{n}", chance.choice(list(Choice)), Choice.A) for t in tasks for n in range(VOTES)]
    start = time.perf_counter()
    given = ballots(tasks, votes)
    cycles = transitivity(given)
    [scale] = query_scales(given)
    assert time.perf_counter() - start < SECONDS
    assert (len(tasks), cycles.n_triads, len(scale.scale.items)) == (10_440, 145 * 144 * 143 // 6, 145)
