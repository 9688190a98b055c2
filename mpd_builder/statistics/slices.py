"""A campaign's figures, and the same for every group of a grouping, at O(ratings) a grouping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.aggregation import UnitScores, score_units
from mpd_builder.codes import Flags, Ints
from mpd_builder.reliability import UnitSums, unit_sums
from mpd_builder.statistics.figures import Figures, Settings, figures
from mpd_builder.statistics.groupings import Grouping
from mpd_builder.statistics.ratings import RatingTable


@dataclass(frozen=True, slots=True)
class Slice:
    """The figures of one group."""

    label: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class SliceTable:
    """The figures of every group of one grouping that has ratings, in the groups' order."""

    name: str
    slices: tuple[Slice, ...]


# Shapes: N ratings, U units, C cells: the ratings that a unit has within a group. G groups.
@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The sums of cells, the scores of the complete ones, and in which group each cell is (C,)."""

    sums: UnitSums
    scores: UnitScores
    group_C: Ints


def whole(table: RatingTable, settings: Settings) -> Cells:
    """The campaign as one group: a cell a unit. Raises ValueError for a rating that is not on the scale."""
    low, high = settings.scale
    is_outside_N = (table.value_N < low) | (table.value_N > high)
    if is_outside_N.any():
        value = table.value_N[np.argmax(is_outside_N)]
        raise ValueError(f"a rating of {value:g} lies outside the scale from {low:g} to {high:g}")
    return Cells(
        unit_sums(table.unit_N, table.value_N, table.n_units),
        score_units(table.unit_N, table.value_N, least=settings.raters_per_pair, trim=settings.trim),
        np.zeros(table.n_units, dtype=np.int64),
    )


def campaign_figures(table: RatingTable, *, settings: Settings, cells: Cells | None = None) -> Figures:
    """The figures of all ratings. `cells` are those of `whole`, where they are there already."""
    cells = cells or whole(table, settings)
    n_raters = len(np.unique(table.rater_N))
    return figures(cells.sums, cells.scores, n_raters=n_raters, settings=settings)


def slice_figures(
    table: RatingTable, grouping: Grouping, *, settings: Settings, cells: Cells | None = None
) -> SliceTable:
    """The figures of each group of a grouping.

    A group's figures are of its own ratings alone. Where a grouping parts the ratings of a pair (rater groups, weeks),
    few pairs may be complete within a group; alpha and the ICC then rest on those with two ratings there.
    """
    if len(grouping.code_N) != len(table):
        raise ValueError(f"{len(grouping.code_N)} groups for {len(table)} ratings: not one a rating")
    cells = _by_unit(table, grouping, cells or whole(table, settings)) or _by_rating(table, grouping, settings)
    n_groups = len(grouping.labels)
    cell_order, cell_bounds = _by_group(cells.group_C, n_groups)
    score_order, score_bounds = _by_group(cells.group_C[cells.scores.units], n_groups)
    raters_G = _raters(table, grouping)
    slices = []
    for group, label in enumerate(grouping.labels):
        those_cells = cell_order[cell_bounds[group] : cell_bounds[group + 1]]
        if len(those_cells):
            those_scores = score_order[score_bounds[group] : score_bounds[group + 1]]
            found = figures(
                cells.sums.take(those_cells),
                cells.scores.take(those_scores),
                n_raters=int(raters_G[group]),
                settings=settings,
            )
            slices.append(Slice(label, found))
    return SliceTable(grouping.name, tuple(slices))


def _by_unit(table: RatingTable, grouping: Grouping, cells: Cells) -> Cells | None:
    """The campaign's own cells, where all ratings of a unit are in one group; else None."""
    group_U = np.full(table.n_units, -1, dtype=np.int64)
    group_U[table.unit_N] = grouping.code_N
    if not np.array_equal(group_U[table.unit_N], grouping.code_N):
        return None
    return Cells(cells.sums, cells.scores, group_U)


def _by_rating(table: RatingTable, grouping: Grouping, settings: Settings) -> Cells:
    """Cells of (group, unit), counted anew."""
    is_in_N: Flags = grouping.code_N >= 0
    places = grouping.code_N[is_in_N] * table.n_units + table.unit_N[is_in_N]
    names_C, cell_N = np.unique(places, return_inverse=True)
    value_N = table.value_N[is_in_N]
    scores = score_units(cell_N, value_N, least=settings.raters_per_pair, trim=settings.trim)
    return Cells(unit_sums(cell_N, value_N), scores, names_C // max(table.n_units, 1))


def _by_group(group_C: Ints, n_groups: int) -> tuple[Ints, Ints]:
    """The order that puts groups one after the other, and where each begins, (G + 1,)."""
    order = np.argsort(group_C, kind="stable")
    return order, np.searchsorted(group_C[order], np.arange(n_groups + 1))


def _raters(table: RatingTable, grouping: Grouping) -> Ints:
    """How many raters each group has."""
    is_in_N = grouping.code_N >= 0
    places = grouping.code_N[is_in_N] * table.n_raters + table.rater_N[is_in_N]
    size = len(grouping.labels) * table.n_raters
    counts_GR = np.bincount(places, minlength=size).reshape(len(grouping.labels), table.n_raters)
    return np.asarray(np.count_nonzero(counts_GR, axis=1), dtype=np.int64)
