"""Statistics of preferences at the paper's scale, beside choix and a plain loop. Usage: python -m bench.preferences"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import choix
import numpy as np

from bench.table import timed
from mpd_builder.preference_statistics import Ballots, ballots, bradley_terry, query_scales, rater_agreement
from mpd_builder.preferences import make_tasks
from mpd_builder.records import Choice, Consensus, Pair, PreferenceTask, Vote, pair_id

TASKS, VOTES, RATERS, PAIRS = 10_428, 3, 35, 12_000
PAINTINGS, CLIPS = 2_000, 1_500
ITEMS, COMPARISONS = 500, 20_000
PRIOR = 1.0
Found = TypeVar("Found")


def campaign() -> tuple[list[PreferenceTask], list[Vote]]:
    """As many tasks as the paper made, between random ambiguous pairs, and three votes each."""
    chance = random.Random(1)
    cells = {(chance.randrange(PAINTINGS), chance.randrange(CLIPS)) for _ in range(PAIRS)}
    pairs = [Pair(pair_id(f"p{p}", f"c{c}"), f"p{p}", f"c{c}") for p, c in sorted(cells)]
    worth = {pair.id: chance.gauss(0, 1) for pair in pairs}
    consensus = [Consensus(pair.id, 0.5, 0.08, 0.09, 5, ambiguous=True) for pair in pairs]
    tasks = make_tasks(consensus, pairs, count=TASKS // 2, seed=1)
    votes = []
    for task in tasks:
        chance_of_a = 1 / (1 + np.exp(worth[task.pair_b] - worth[task.pair_a]))
        for rater in chance.sample(range(RATERS), VOTES):
            choice = Choice.A if chance.random() < chance_of_a else Choice.B
            votes.append(Vote(task.id, f"r{rater:02d}", choice, chance.choice(list(Choice))))
    return tasks, votes


def best_of(times: int, work: Callable[[], Found]) -> tuple[float, Found]:
    """The fewest milliseconds of some tries, and what the work gives."""
    found = work()
    return min(timed(work) for _ in range(times)), found


def row(what: str, where: str, ours: float, theirs: float, name: str) -> None:
    print(f"{what}\t{where}\t{ours:.1f} ms\t{ours / theirs:.3f} x\t{name}, {theirs:.1f} ms")


def scales_by_choix(given: Ballots, scales: list[tuple[str, ...]]) -> dict[tuple[str, ...], list[float]]:
    """The same scales, one after the other, from lists of (winner, loser) as choix takes them."""
    wins: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for number, is_a in zip(given.task_N.tolist(), given.for_a_N.tolist(), strict=True):
        task = given.tasks[number]
        winner, loser = (task.pair_a, task.pair_b) if is_a else (task.pair_b, task.pair_a)
        wins[f"{task.direction} {task.query_id} {winner}"].append((winner, loser))
    found = {}
    for key in scales:
        direction, query, *items = key
        place = {item: number for number, item in enumerate(items)}
        data = [(place[w], place[x]) for item in items for w, x in wins[f"{direction} {query} {item}"]]
        abilities = choix.opt_pairwise(len(items), data, alpha=1 / (2 * PRIOR**2), method="Newton-CG", tol=1e-8)
        found[key] = abilities.tolist()
    return found


def many_scales(given: Ballots) -> None:
    ours, scales = best_of(3, lambda: query_scales(given, prior=PRIOR))
    keys = [(each.direction.value, each.query_id, *each.scale.items) for each in scales]
    theirs, abilities = best_of(1, lambda: scales_by_choix(given, keys))
    for key, each in zip(keys, scales, strict=True):
        if not np.allclose(each.scale.abilities, abilities[key], atol=1e-4):
            raise SystemExit(f"choix has another scale of {key}")
    where = f"{len(scales):,} queries' scales of {TASKS:,} tasks x {VOTES} votes, with errors"
    row("Bradley-Terry", where, ours, theirs, "choix.opt_pairwise, no errors")


def one_scale() -> None:
    chance = np.random.default_rng(1)
    worth = chance.normal(0, 1, ITEMS)
    data: list[tuple[int, int]] = []
    counts: defaultdict[tuple[str, str], float] = defaultdict(float)
    while len(data) < COMPARISONS:
        i, j = chance.choice(ITEMS, 2, replace=False).tolist()
        winner, loser = (i, j) if chance.random() < 1 / (1 + np.exp(worth[j] - worth[i])) else (j, i)
        data.append((winner, loser))
        counts[f"{winner:03d}", f"{loser:03d}"] += 1
    ours, [scale] = best_of(3, lambda: bradley_terry(counts))
    theirs, abilities = best_of(1, lambda: choix.ilsr_pairwise(ITEMS, data, max_iter=1_000))
    if not np.allclose(scale.abilities, abilities, atol=1e-4):
        raise SystemExit("choix has another scale")
    where = f"one scale, {ITEMS} items, {COMPARISONS:,} votes, maximum likelihood, with errors"
    row("Bradley-Terry", where, ours, theirs, "choix.ilsr_pairwise, no errors")


def agreement_by_loop(tasks: list[PreferenceTask], votes: list[Vote]) -> dict[str, tuple[int, int]]:
    """(agreed, compared) of each rater with the majority of the others, as one would write it down."""
    of_task: dict[str, list[Vote]] = {task.id: [] for task in tasks}
    for vote in votes:
        of_task[vote.task_id].append(vote)
    found = {vote.rater_id: (0, 0) for vote in votes}
    for given in of_task.values():
        for vote in given:
            others = [other.choice for other in given if other is not vote]
            margin = others.count(Choice.A) - others.count(Choice.B)
            if margin:
                agreed, compared = found[vote.rater_id]
                found[vote.rater_id] = (agreed + ((margin > 0) == (vote.choice is Choice.A)), compared + 1)
    return found


def main() -> None:
    tasks, votes = campaign()
    reading, given = best_of(3, lambda: ballots(tasks, votes))
    counting, agreements = best_of(3, lambda: rater_agreement(given))
    looping, expected = best_of(3, lambda: agreement_by_loop(tasks, votes))
    if {each.rater: (each.share.count, each.share.n) for each in agreements} != expected:
        raise SystemExit("the plain loop counts otherwise")
    where = f"{RATERS} raters, {len(votes):,} votes"
    row("reading votes", where, reading, looping, "a plain loop over the same votes that compares raters")
    row("raters against the rest", f"{where}, once read", counting, looping, "the same loop")
    many_scales(given)
    one_scale()


if __name__ == "__main__":
    main()
