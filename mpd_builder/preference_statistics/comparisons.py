"""Graphs of comparisons: which items hang together, and which have a finite scale without a prior."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def components(n_items: int, first: Ints, second: Ints) -> list[Ints]:
    """The sets of items that are linked by comparisons, directly or through others. O(items + edges).

    `first` and `second` (E,) are the two items of each comparison, numbers below `n_items`. Each set is ascending and
    they are ordered by their lowest item; an item without a comparison is a set of its own.
    """
    neighbours = _neighbours(n_items, np.concatenate([first, second]), np.concatenate([second, first]))
    is_seen = np.zeros(n_items, dtype=np.bool_)
    found = []
    for item in range(n_items):
        if not is_seen[item]:
            members = list(_reached(item, neighbours))
            is_seen[members] = True
            found.append(np.array(sorted(members), dtype=np.int64))
    return found


def are_strong(wins_BKK: Floats) -> Bools:
    """Whether, among K items, a path of wins leads from each to each other one; for B sets of items at once.

    `wins_BKK[b, i, j]` is how often i won over j. That is so exactly when maximum likelihood gives every item a finite
    ability (Ford 1957): no part of the items then wins all comparisons with the rest. O(K^2) for each step of the
    longest such path.
    """
    beats_BKK = wins_BKK > 0
    return _all_reached(beats_BKK) & _all_reached(beats_BKK.transpose(0, 2, 1))


def _all_reached(leads_BKK: Bools) -> Bools:
    """Whether paths lead from the first item to all others, shape (B,)."""
    reached_BK = np.zeros(leads_BKK.shape[:2], dtype=np.bool_)
    reached_BK[:, 0] = True
    while True:
        grown_BK = reached_BK | (reached_BK[:, :, None] & leads_BKK).any(axis=1)
        if np.array_equal(grown_BK, reached_BK):
            return np.asarray(reached_BK.all(axis=1))
        reached_BK = grown_BK


def _neighbours(n_items: int, source: Ints, target: Ints) -> Sequence[Sequence[int]]:
    neighbours: list[list[int]] = [[] for _ in range(n_items)]
    for one, other in zip(source.tolist(), target.tolist(), strict=True):
        neighbours[one].append(other)
    return neighbours


def _reached(start: int, neighbours: Sequence[Sequence[int]]) -> Iterator[int]:
    """All items that a path leads to from `start`, itself included, each once."""
    seen, waiting = {start}, [start]
    while waiting:
        item = waiting.pop()
        yield item
        for other in neighbours[item]:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
