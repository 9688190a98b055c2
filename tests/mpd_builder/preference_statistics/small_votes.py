"""Tasks and votes in one line each, for the tests of what is counted from them."""

from __future__ import annotations

import random
from collections.abc import Mapping

from mpd_builder.preference_statistics import Ballots, ballots
from mpd_builder.records import Choice, Direction, PreferenceTask, Vote

M2P, P2M = Direction.MUSIC_TO_PAINTING, Direction.PAINTING_TO_MUSIC


def asked(
    query: str, answers: Mapping[str, str], direction: Direction = M2P
) -> tuple[list[PreferenceTask], list[Vote]]:
    """`{"xy": "aab"}`: the pairs x and y were compared, raters r0 and r1 chose x, r2 chose y; a dot is no vote.

    The candidate a is always on the left. A task's id is direction, query and pairs.
    """
    tasks, votes = [], []
    for (first, second), letters in answers.items():
        task = PreferenceTask(f"{direction.name} {query} {first}{second}", direction, query, first, second)
        tasks.append(task)
        votes += [Vote(task.id, f"r{n}", Choice(each), Choice.A) for n, each in enumerate(letters) if each != "."]
    return tasks, votes


def together(*parts: tuple[list[PreferenceTask], list[Vote]]) -> Ballots:
    return ballots([task for tasks, _ in parts for task in tasks], [vote for _, votes in parts for vote in votes])


def box(query: str, answers: Mapping[str, str], direction: Direction = M2P) -> Ballots:
    return ballots(*asked(query, answers, direction))


def random_votes(
    *, queries: int, candidates: int, votes: int, raters: int, seed: int, share: float = 1.0, clarity: float = 1.0
) -> tuple[list[PreferenceTask], list[Vote]]:
    """Queries with all or a share of their comparisons; candidates later in the alphabet are the better ones."""
    chance = random.Random(seed)
    tasks, given = [], []
    for query in range(queries):
        names = [f"q{query:04d}.p{number:03d}" for number in range(candidates)]
        for low in range(candidates):
            for high in range(low + 1, candidates):
                if chance.random() >= share:
                    continue
                task = PreferenceTask(f"t{len(tasks):06d}", M2P, f"q{query:04d}", names[low], names[high])
                tasks.append(task)
                for rater in chance.sample(range(raters), votes):
                    is_high = chance.random() < 0.5 + 0.5 * clarity * (high - low) / candidates
                    left = chance.choice(list(Choice))
                    given.append(Vote(task.id, f"r{rater:02d}", Choice.B if is_high else Choice.A, left))
    return tasks, given
