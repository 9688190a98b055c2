"""Random pairs of paintings and clips, drawn from the P x C matrix without building it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np

from mpd_builder.draws import Ints, Stream, water_fill
from mpd_builder.records import Pair, pair_id

# A repair by a random switch succeeds with a chance of about (1 - density)^2 >= 1/4, so what is left after this many
# rounds is stuck for a reason, and a search takes over.
_SWITCH_ROUNDS = 64


def random_pairs(
    paintings: Sequence[str],
    clips: Sequence[str],
    *,
    count: int,
    seed: int,
    balance: bool = False,
    exclude: Collection[tuple[str, str]] = (),
) -> list[Pair]:
    """Draw `count` distinct (painting, clip) pairs, in random order: any first part of the list is a sample as well.

    Without `balance` each set of `count` pairs is equally likely. With it, no painting occurs more than once oftener
    than another, and likewise the clips; the excluded pairs count as occurrences, so that batches added one after the
    other stay even together. Where the excluded pairs leave no even choice, it is as even as could be found.

    `exclude` holds (painting id, clip id) tuples; those of unknown items are ignored. The result depends on the sets
    of ids and on the seed, not on the order of the ids. Raises ValueError if an id is listed twice or if fewer than
    `count` pairs are left.
    """
    rows, columns = _sorted_ids(paintings, "painting"), _sorted_ids(clips, "clip")
    taken = _taken_cells(rows, columns, exclude)
    free = len(rows) * len(columns) - len(taken)
    if count < 0:
        raise ValueError(f"a number of pairs cannot be negative: {count}")
    if count > free:
        already = f", {len(taken):,} of them excluded" if len(taken) else ""
        raise ValueError(
            f"{count:,} pairs asked for, but only {free:,} are left: {len(rows):,} paintings x {len(columns):,} clips "
            f"make {len(rows) * len(columns):,} pairs{already}"
        )
    if count == 0:
        return []
    stream = Stream(seed, "pairs", "balanced" if balance else "uniform")
    if balance:
        cells = _Grid(len(rows), len(columns), taken).draw_evenly(count, stream)
    else:
        cells = stream.distinct(len(rows) * len(columns), count, taken=taken)
    row_of, column_of = (part.tolist() for part in np.divmod(cells, len(columns)))
    return [
        Pair(pair_id(rows[row], columns[column]), rows[row], columns[column])
        for row, column in zip(row_of, column_of, strict=True)
    ]


def _sorted_ids(ids: Sequence[str], kind: str) -> list[str]:
    ordered = sorted(ids)
    for one, following in pairwise(ordered):
        if one == following:
            raise ValueError(f"the {kind} {one} is listed twice")
    return ordered


def _taken_cells(rows: list[str], columns: list[str], exclude: Collection[tuple[str, str]]) -> Ints:
    row_of = {name: index for index, name in enumerate(rows)}
    column_of = {name: index for index, name in enumerate(columns)}
    cells = {
        row_of[painting] * len(columns) + column_of[clip]
        for painting, clip in exclude
        if painting in row_of and clip in column_of
    }
    return np.array(sorted(cells), dtype=np.int64)


class _Grid:
    """Cells of an R x C grid by number (row * C + column), some of them taken."""

    def __init__(self, n_rows: int, n_columns: int, taken: Ints) -> None:
        self.n_rows, self.n_columns, self.taken = n_rows, n_columns, taken

    def draw_evenly(self, count: int, stream: Stream) -> Ints:
        """`count` free cells in random order, such that rows and columns fill up as evenly as possible."""
        taken_rows, taken_columns = np.divmod(self.taken, self.n_columns)
        in_row = np.bincount(taken_rows, minlength=self.n_rows).astype(np.int64)
        in_column = np.bincount(taken_columns, minlength=self.n_columns).astype(np.int64)
        room_row, room_column = self.n_columns - in_row, self.n_rows - in_column
        of_row = water_fill(in_row, room_row, count, order=stream.order(self.n_rows))
        of_column = water_fill(in_column, room_column, count, order=stream.order(self.n_columns))
        free = self.n_rows * self.n_columns - len(self.taken)
        if 2 * count <= free:
            return self._draw_with_degrees(of_row, of_column, stream)
        # In a crowded grid it is easier to say which cells stay empty; the work stays within the size of the result.
        left_out = self._draw_with_degrees(room_row - of_row, room_column - of_column, stream)
        chosen = np.ones(self.n_rows * self.n_columns, dtype=np.bool_)
        chosen[self.taken] = False
        chosen[left_out] = False
        return np.flatnonzero(chosen).astype(np.int64)[stream.order(count)]

    def _draw_with_degrees(self, of_row: Ints, of_column: Ints, stream: Stream) -> Ints:
        """Random free cells with `of_row` (R,) of them in each row and `of_column` (C,) in each column.

        The configuration model: every row and every column gets as many stubs as its degree, and the stubs are joined
        at random. The few joints on a taken or doubled cell are repaired by degree-preserving switches.
        """
        count = int(of_row.sum())
        row_stubs = np.repeat(np.arange(self.n_rows, dtype=np.int64), of_row)
        column_stubs = np.repeat(np.arange(self.n_columns, dtype=np.int64), of_column)[stream.order(count)]
        drawn = row_stubs * self.n_columns + column_stubs
        is_first = np.zeros(count, dtype=np.bool_)
        is_first[np.unique(drawn, return_index=True)[1]] = True
        is_good = is_first & ~np.isin(drawn, self.taken)
        bad = [divmod(int(cell), self.n_columns) for cell in drawn[~is_good]]
        if not bad:
            return drawn[stream.order(count)]
        layout = _Layout(self.n_columns, self.taken, drawn[is_good])
        for _ in range(_SWITCH_ROUNDS):
            if not bad or not layout.cells:
                break
            partners = stream.below(len(layout.cells), len(bad)).tolist()
            bad = [joint for joint, partner in zip(bad, partners, strict=True) if not layout.switch(*joint, partner)]
        layout.search([row for row, _ in bad], [column for _, column in bad])
        cells = np.array(layout.cells, dtype=np.int64)
        blocked = np.sort(np.concatenate([self.taken, cells]))
        rest = stream.distinct(self.n_rows * self.n_columns, count - len(cells), taken=blocked)
        return np.concatenate([cells, rest])[stream.order(count)]


class _Layout:
    """A set of chosen cells that is changed without changing how many there are in any other row or column."""

    def __init__(self, n_columns: int, taken: Ints, cells: Ints) -> None:
        self.n_columns = n_columns
        self.cells: list[int] = cells.tolist()
        self._blocked = set(self.cells) | set(taken.tolist())

    def switch(self, row: int, column: int, partner: int) -> bool:
        """Fill up `row` and `column` by one each: chosen cell (q, d) gives way to (row, d) and (q, column)."""
        other_row, other_column = divmod(self.cells[partner], self.n_columns)
        first, second = row * self.n_columns + other_column, other_row * self.n_columns + column
        if first == second or first in self._blocked or second in self._blocked:
            return False
        self._blocked.remove(self.cells[partner])
        self._blocked.update((first, second))
        self.cells[partner] = first
        self.cells.append(second)
        return True

    def search(self, rows: list[int], columns: list[int]) -> None:
        """Fill up `rows` and `columns` (with repeats) by augmenting paths, as many as any choice of cells could."""
        path = self._augmenting_path(rows, set(columns))
        while path:
            self._flip(path)
            rows.remove(path[0][0])
            columns.remove(path[-1][1])
            path = self._augmenting_path(rows, set(columns))

    def _augmenting_path(self, rows: list[int], goals: set[int]) -> list[tuple[int, int]]:
        """The shortest series of cells to choose and to give up in turn, from one of `rows` to one of `goals`."""
        if not rows or not goals:
            return []
        chosen_rows: dict[int, list[int]] = {}
        for cell in self.cells:
            chosen_rows.setdefault(cell % self.n_columns, []).append(cell // self.n_columns)
        column_before: dict[int, int] = dict.fromkeys(rows, -1)
        row_before: dict[int, int] = {}
        unseen = set(range(self.n_columns))
        queue = deque(sorted(column_before))
        while queue:
            row = queue.popleft()
            reached = sorted(column for column in unseen if row * self.n_columns + column not in self._blocked)
            unseen.difference_update(reached)
            for column in reached:
                row_before[column] = row
                if column in goals:
                    return _trace(column, row_before, column_before)
                for other in chosen_rows.get(column, ()):
                    if other not in column_before:
                        column_before[other] = column
                        queue.append(other)
        return []

    def _flip(self, path: list[tuple[int, int]]) -> None:
        numbers = [row * self.n_columns + column for row, column in path]
        given_up = set(numbers[1::2])
        self.cells = [cell for cell in self.cells if cell not in given_up] + numbers[0::2]
        self._blocked = (self._blocked - given_up) | set(numbers[0::2])


def _trace(column: int, row_before: dict[int, int], column_before: dict[int, int]) -> list[tuple[int, int]]:
    path: list[tuple[int, int]] = []
    while True:
        row = row_before[column]
        path.append((row, column))
        if column_before[row] < 0:
            return path[::-1]
        column = column_before[row]
        path.append((row, column))
