"""One pass over preference tasks and their votes: what was decided about those whose pairs are ambiguous."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from mpd_builder.preferences import decide
from mpd_builder.records import Preference, PreferenceTask, Vote
from mpd_builder.rules import VoteRule


def outcomes(
    tasks: Iterable[PreferenceTask],
    votes: Iterable[Vote],
    *,
    ambiguous: Collection[str],
    votes_needed: int,
    rule: VoteRule = VoteRule.MAJORITY,
) -> Iterator[Preference]:
    """By task id, the outcome of each task with enough votes whose pairs are both among the `ambiguous` ones.

    Both streams are by task id; one task's votes are held at a time.
    """
    by_task = groupby(votes, key=lambda vote: vote.task_id)
    name, given = next(by_task, (None, iter(())))
    for task in tasks:
        while name is not None and name < task.id:
            name, given = next(by_task, (None, iter(())))
        if name != task.id or task.pair_a not in ambiguous or task.pair_b not in ambiguous:
            continue
        (outcome,) = decide([task], given, votes_needed=votes_needed, rule=rule)
        if outcome.votes_a + outcome.votes_b >= votes_needed:
            yield outcome
