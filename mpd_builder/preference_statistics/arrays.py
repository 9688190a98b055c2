"""Tasks and their votes as arrays: read once, counted many times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.records import Choice, Direction, PreferenceTask, Vote

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


# Shapes: T tasks, N votes.
@dataclass(frozen=True, slots=True, eq=False)
class Ballots:
    """T tasks ordered by id, and N votes on them, in the order in which they came.

    `task_N` and `rater_N` are places in `tasks` and in `raters` (ordered by id); `for_a_N` says whether the vote was
    for candidate a, `for_left_N` whether it was for the candidate on the left (of two clips: the one played first).
    """

    tasks: tuple[PreferenceTask, ...]
    raters: tuple[str, ...]
    task_N: Ints
    rater_N: Ints
    for_a_N: Bools
    for_left_N: Bools

    @property
    def votes_a(self) -> Ints:
        """Votes for candidate a of each task, shape (T,)."""
        return np.bincount(self.task_N[self.for_a_N], minlength=len(self.tasks)).astype(np.int64)

    @property
    def votes_b(self) -> Ints:
        """Votes for candidate b of each task, shape (T,)."""
        return np.bincount(self.task_N[~self.for_a_N], minlength=len(self.tasks)).astype(np.int64)

    def towards(self, direction: Direction) -> Ballots:
        """The tasks of one direction, their votes, and the raters who gave them."""
        is_kept_T = np.array([task.direction == direction for task in self.tasks], dtype=np.bool_)
        is_kept_N = is_kept_T[self.task_N]
        present, rater_N = np.unique(self.rater_N[is_kept_N], return_inverse=True)
        return Ballots(
            tasks=tuple(task for task in self.tasks if task.direction == direction),
            raters=tuple(self.raters[rater] for rater in present.tolist()),
            task_N=(np.cumsum(is_kept_T) - 1)[self.task_N[is_kept_N]].astype(np.int64),
            rater_N=rater_N.astype(np.int64),
            for_a_N=self.for_a_N[is_kept_N],
            for_left_N=self.for_left_N[is_kept_N],
        )


def ballots(tasks: Iterable[PreferenceTask], votes: Iterable[Vote]) -> Ballots:
    """Tasks and votes as arrays, O(tasks + votes).

    Raises ValueError for a task that is listed twice or asks what another asks (the same two pairs of the same query),
    for a vote on a task that is not among `tasks`, and for a rater who voted twice on one task.
    """
    ordered = tuple(sorted(tasks, key=lambda task: task.id))
    place = _places(ordered)
    given = list(votes)
    raters = tuple(sorted({vote.rater_id for vote in given}))
    rater_place = {rater: number for number, rater in enumerate(raters)}
    for vote in given:
        if vote.task_id not in place:
            raise ValueError(f"rater {vote.rater_id} voted on the task {vote.task_id}, which is not among the tasks")
    task_N = np.array([place[vote.task_id] for vote in given], dtype=np.int64)
    rater_N = np.array([rater_place[vote.rater_id] for vote in given], dtype=np.int64)
    cells_N = task_N * max(len(raters), 1) + rater_N
    _, first_N = np.unique(cells_N, return_index=True)
    if len(first_N) < len(given):
        again = given[int(np.setdiff1d(np.arange(len(given)), first_N)[0])]
        raise ValueError(f"rater {again.rater_id} voted more than once on the task {again.task_id}")
    return Ballots(
        tasks=ordered,
        raters=raters,
        task_N=task_N,
        rater_N=rater_N,
        for_a_N=np.array([vote.choice == Choice.A for vote in given], dtype=np.bool_),
        for_left_N=np.array([vote.choice == vote.left for vote in given], dtype=np.bool_),
    )


def _places(ordered: tuple[PreferenceTask, ...]) -> dict[str, int]:
    """By id: a task's place."""
    place: dict[str, int] = {}
    asked: dict[tuple[str, ...], str] = {}
    for number, task in enumerate(ordered):
        if task.id in place:
            raise ValueError(f"the task {task.id} is listed twice")
        place[task.id] = number
        question = (task.direction, task.query_id, *sorted((task.pair_a, task.pair_b)))
        if question in asked:
            raise ValueError(f"the tasks {asked[question]} and {task.id} ask the same")
        asked[question] = task.id
    return place
