"""From ambiguous scores to two-alternative forced-choice (2AFC) tasks, and from their votes to preferences."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from mpd_builder.draws import Stream, water_fill
from mpd_builder.records import Choice, Consensus, Direction, Pair, Preference, PreferenceTask, Vote
from mpd_builder.rules import VoteRule

_PREFIX = {Direction.MUSIC_TO_PAINTING: "m2p", Direction.PAINTING_TO_MUSIC: "p2m"}


def task_id(direction: Direction, query_id: str, pair_a: str, pair_b: str) -> str:
    """A content-based id: `m2p_` or `p2m_` and 16 hex digits; which of the two pairs is called `a` does not matter."""
    first, second = sorted((pair_a, pair_b))
    digest = hashlib.sha256("\n".join((direction.value, query_id, first, second)).encode()).hexdigest()
    return f"{_PREFIX[direction]}_{digest[:16]}"


def possible(consensus: Iterable[Consensus], pairs: Iterable[Pair]) -> dict[Direction, int]:
    """How many different tasks the ambiguous pairs allow: a query shared by m of them allows m (m - 1) / 2."""
    return {direction: found.possible for direction, found in supply(consensus, pairs).items()}


@dataclass(frozen=True, slots=True)
class Supply:
    """How many tasks one direction allows, and why.

    `n_pairs` ambiguous pairs lie on `n_queries` queries (clips for music->painting, paintings for the other), of which
    `n_single` have one alone and so allow no task. `sizes` is the whole distribution: (number of ambiguous pairs that
    share a query, number of such queries), ascending. A query shared by m pairs allows m (m - 1) / 2 tasks, in all
    `possible`; `existing` of them are there already, `left` are not. `outside` more exist that are no longer possible,
    as one of their pairs is not ambiguous now.
    """

    direction: Direction
    n_pairs: int
    n_queries: int
    n_single: int
    sizes: tuple[tuple[int, int], ...]
    possible: int
    existing: int
    outside: int

    @property
    def left(self) -> int:
        return self.possible - self.existing

    @property
    def words(self) -> str:
        """The same in plain sentences, for an admin."""
        query = "clip" if self.direction is Direction.MUSIC_TO_PAINTING else "painting"
        shared = self.n_queries - self.n_single
        sentences = [
            f"Ambiguous pairs: {self.n_pairs:,}, on {_counted(self.n_queries, query)}.",
            f"Those with a single ambiguous pair allow no task: {self.n_single:,}.",
            f"Those with two or more: {shared:,}. They allow {_counted(self.possible, 'task')}.",
            f"Of these, {self.existing:,} exist and {self.left:,} can still be made.",
        ]
        if self.outside:
            sentences.append(f"Tasks that exist though a pair of theirs is no longer ambiguous: {self.outside:,}.")
        return " ".join(sentences)


def supply(
    consensus: Iterable[Consensus], pairs: Iterable[Pair], *, existing: Collection[PreferenceTask] = ()
) -> dict[Direction, Supply]:
    """How many tasks the ambiguous pairs allow in each direction, and why. O(scores + existing tasks).

    Raises ValueError if a consensus speaks of a pair that is not among `pairs`.
    """
    return {
        direction: _supply(direction, by_query, [task for task in existing if task.direction == direction])
        for direction, by_query in _candidates(consensus, pairs).items()
    }


def make_tasks(
    consensus: Iterable[Consensus],
    pairs: Iterable[Pair],
    *,
    count: int | None,
    seed: int,
    equal: bool = False,
    existing: Collection[PreferenceTask] = (),
) -> list[PreferenceTask]:
    """Draw new tasks: two different ambiguous pairs that share their query, never a pair of pairs twice.

    `count` is the number of new tasks in each direction: fewer come back where fewer are possible, and None asks for
    all. With `equal` both directions get the same number of new ones, as many as the scarcer of them allows. Queries
    get as even a number of tasks as their candidates allow, those that exist already counted in. The result is ordered
    by id and depends on the seed and on what comes in, not on its order; in each task `pair_a` is the one with the
    lower id. Raises ValueError if a consensus speaks of a pair that is not among `pairs`.
    """
    if count is not None and count < 0:
        raise ValueError(f"a number of tasks cannot be negative: {count}")
    candidates = _candidates(consensus, pairs)
    known = {direction: [task for task in existing if task.direction == direction] for direction in candidates}
    if equal:
        scarcer = min(_supply(direction, by_query, known[direction]).left for direction, by_query in candidates.items())
        count = scarcer if count is None else min(count, scarcer)
    tasks = [
        task
        for direction, by_query in candidates.items()
        for task in _draw(direction, by_query, count, seed, known[direction])
    ]
    return sorted(tasks, key=lambda task: task.id)


def decide(
    tasks: Iterable[PreferenceTask],
    votes: Iterable[Vote],
    *,
    votes_needed: int = 3,
    rule: VoteRule = VoteRule.MAJORITY,
) -> list[Preference]:
    """Each task's outcome, ordered by task id: a strict majority of at least `votes_needed` votes makes a winner.

    Under the rule `unanimous` all of them have to agree. Ties, tasks with too few votes and those on which the rule is
    not met stay in the list with `winner` None. Raises ValueError for a vote on a task that
    is not among `tasks`, and for a rater who voted twice on one task.
    """
    if votes_needed < 1:
        raise ValueError(f"a consensus needs at least one vote, not {votes_needed}")
    by_id: dict[str, PreferenceTask] = {}
    for task in tasks:
        if task.id in by_id:
            raise ValueError(f"the task {task.id} is listed twice")
        by_id[task.id] = task
    counts: Counter[tuple[str, Choice]] = Counter()
    voted: set[tuple[str, str]] = set()
    for vote in votes:
        if vote.task_id not in by_id:
            raise ValueError(f"rater {vote.rater_id} voted on the task {vote.task_id}, which is not among the tasks")
        if (vote.task_id, vote.rater_id) in voted:
            raise ValueError(f"rater {vote.rater_id} voted more than once on the task {vote.task_id}")
        voted.add((vote.task_id, vote.rater_id))
        counts[vote.task_id, vote.choice] += 1
    return [
        outcome(by_id[key], counts[key, Choice.A], counts[key, Choice.B], votes_needed=votes_needed, rule=rule)
        for key in sorted(by_id)
    ]


def outcome(
    task: PreferenceTask, votes_a: int, votes_b: int, *, votes_needed: int = 3, rule: VoteRule = VoteRule.MAJORITY
) -> Preference:
    """What so many votes make of one task; see `decide`."""
    is_tied = votes_a == votes_b
    is_split = rule is VoteRule.UNANIMOUS and min(votes_a, votes_b) > 0
    if votes_a + votes_b < votes_needed or is_tied or is_split:
        return Preference(task, votes_a, votes_b, winner=None)
    return Preference(task, votes_a, votes_b, winner=Choice.A if votes_a > votes_b else Choice.B)


def extra_places(votes_a: int, votes_b: int, places: int, limit: int, *, votes_needed: int = 3) -> int:
    """How many places to add to a task so that it can be decided: 0 where none is needed or none would help.

    Of a task's `places`, those without a vote are still open; it may have at most `limit` in all. It is decided once
    it has a strict majority of at least `votes_needed` votes. Let k be the smallest number of further votes after
    which that could be so: 0 when it is, 1 in a tie of enough votes, else what is missing to `votes_needed`. The
    answer is k less the open places, and 0 when that would exceed the limit: fewer places than needed decide nothing.

    What it guarantees: with an odd `votes_needed`, the k votes decide the task whatever they are, as an odd number of
    votes cannot tie. With an even one they may tie, and then the next call asks for one more. Where more than k places
    are open and all get filled, the votes may tie again as well. Raises ValueError for negative numbers, for no votes
    needed, and for more votes than places.
    """
    votes = votes_a + votes_b
    if min(votes_a, votes_b, limit) < 0 or votes > places:
        raise ValueError(f"{votes_a} and {votes_b} votes on {places} places, at most {limit}: that cannot be")
    if votes_needed < 1:
        raise ValueError(f"a consensus needs at least one vote, not {votes_needed}")
    further = max(votes_needed - votes, int(votes_a == votes_b))
    extra = max(0, further - (places - votes))
    return extra if places + extra <= limit else 0


def _candidates(consensus: Iterable[Consensus], pairs: Iterable[Pair]) -> dict[Direction, dict[str, list[str]]]:
    """By direction and query: the sorted ids of the ambiguous pairs. Queries are sorted as well."""
    pair_of = {pair.id: pair for pair in pairs}
    by_clip: defaultdict[str, list[str]] = defaultdict(list)
    by_painting: defaultdict[str, list[str]] = defaultdict(list)
    for pair_id in sorted({row.pair_id for row in consensus if row.ambiguous}):
        if pair_id not in pair_of:
            raise ValueError(f"the pair {pair_id} has a score, but is not among the pairs")
        by_clip[pair_of[pair_id].clip_id].append(pair_id)
        by_painting[pair_of[pair_id].painting_id].append(pair_id)
    return {
        Direction.MUSIC_TO_PAINTING: dict(sorted(by_clip.items())),
        Direction.PAINTING_TO_MUSIC: dict(sorted(by_painting.items())),
    }


def _supply(direction: Direction, by_query: dict[str, list[str]], existing: list[PreferenceTask]) -> Supply:
    sizes = Counter(len(pair_ids) for pair_ids in by_query.values())
    members = {query: frozenset(pair_ids) for query, pair_ids in by_query.items()}
    return Supply(
        direction=direction,
        n_pairs=sum(size * queries for size, queries in sizes.items()),
        n_queries=len(by_query),
        n_single=sizes[1],
        sizes=tuple(sorted(sizes.items())),
        possible=sum(math.comb(size, 2) * queries for size, queries in sizes.items()),
        existing=sum(len(numbers) for numbers in _taken_numbers(by_query, existing).values()),
        outside=sum(not members.get(task.query_id, frozenset()) >= {task.pair_a, task.pair_b} for task in existing),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _draw(
    direction: Direction,
    by_query: dict[str, list[str]],
    count: int | None,
    seed: int,
    existing: list[PreferenceTask],
) -> list[PreferenceTask]:
    taken = _taken_numbers(by_query, existing)
    made = Counter(task.query_id for task in existing)
    queries = list(by_query)
    room = np.array([math.comb(len(by_query[query]), 2) - len(taken[query]) for query in queries], dtype=np.int64)
    levels = np.array([made[query] for query in queries], dtype=np.int64)
    total = int(room.sum()) if count is None else min(count, int(room.sum()))
    order = Stream(seed, "tasks", direction.value).order(len(queries))
    shares = water_fill(levels, room, total, order=order).tolist()
    tasks: list[PreferenceTask] = []
    for query, share in zip(queries, shares, strict=True):
        if share == 0:
            continue
        numbers = Stream(seed, "tasks", direction.value, query).distinct(
            math.comb(len(by_query[query]), 2), share, taken=np.array(sorted(taken[query]), dtype=np.int64)
        )
        tasks += [_task(direction, query, *_pair_of_pairs(by_query[query], number)) for number in numbers.tolist()]
    return tasks


def _task(direction: Direction, query: str, pair_a: str, pair_b: str) -> PreferenceTask:
    return PreferenceTask(task_id(direction, query, pair_a, pair_b), direction, query, pair_a, pair_b)


def _taken_numbers(by_query: dict[str, list[str]], existing: list[PreferenceTask]) -> dict[str, set[int]]:
    """By query: the numbers (see `_pair_of_pairs`) of the existing tasks whose pairs are both still candidates."""
    place = {query: {pair_id: i for i, pair_id in enumerate(pair_ids)} for query, pair_ids in by_query.items()}
    taken: dict[str, set[int]] = {query: set() for query in by_query}
    for task in existing:
        places = place.get(task.query_id, {})
        if task.pair_a in places and task.pair_b in places:
            low, high = sorted((places[task.pair_a], places[task.pair_b]))
            taken[task.query_id].add(math.comb(high, 2) + low)
    return taken


def _pair_of_pairs(pair_ids: list[str], number: int) -> tuple[str, str]:
    """Two of the sorted candidates by number, in the order (0, 1), (0, 2), (1, 2), (0, 3), ..."""
    high = (1 + math.isqrt(1 + 8 * number)) // 2
    return pair_ids[number - math.comb(high, 2)], pair_ids[high]
