"""A campaign's figures, and the same for every group of a grouping, at O(ratings) a grouping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mpd_builder.aggregation import UnitScores, score_units
from mpd_builder.codes import Ints
from mpd_builder.reliability import Alpha, UnitSums, unit_sums
from mpd_builder.reliability.alpha import bootstrapped
from mpd_builder.statistics.figures import Figures, Settings, figures
from mpd_builder.statistics.groupings import Grouping
from mpd_builder.statistics.ratings import RatingTable
from mpd_builder.statistics.resampling import Cells, bootstrap_totals


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


# Shapes: N ratings, U units, C cells, G groups.
@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What all groupings share: the sums of the units (U,), and the scores of the complete ones."""

    units: UnitSums
    scores: UnitScores


def whole(table: RatingTable, settings: Settings) -> Whole:
    """The sums and scores of a campaign. Raises ValueError for a rating that is not on the scale."""
    low, high = settings.scale
    is_outside_N = (table.value_N < low) | (table.value_N > high)
    if is_outside_N.any():
        value = table.value_N[np.argmax(is_outside_N)]
        raise ValueError(f"a rating of {value:g} lies outside the scale from {low:g} to {high:g}")
    return Whole(
        unit_sums(table.unit_N, table.value_N, table.n_units),
        score_units(table.unit_N, table.value_N, least=settings.raters_per_pair, trim=settings.trim),
    )


def campaign_figures(table: RatingTable, *, settings: Settings) -> Figures:
    """The figures of all ratings together."""
    return all_figures(table, (), settings=settings)[0]


def slice_figures(table: RatingTable, grouping: Grouping, *, settings: Settings) -> SliceTable:
    """The figures of each group of one grouping; see `all_figures`."""
    return all_figures(table, [grouping], settings=settings)[1][0]


def all_figures(
    table: RatingTable, groupings: Iterable[Grouping], *, settings: Settings, known: Whole | None = None
) -> tuple[Figures, tuple[SliceTable, ...]]:
    """The figures of all ratings together, and of each group of every grouping.

    A group's figures are of its own ratings alone. Where a grouping parts the ratings of a pair (rater groups, weeks),
    few pairs may be complete within a group; alpha and the ICC then rest on those with two ratings there. All
    bootstrap intervals come from the same resamples of the campaign's pairs. `known` is `whole(table, settings)`.
    """
    known = known or whole(table, settings)
    everything = Grouping("", np.zeros(len(table), dtype=np.int64), ("",))
    cells = [_cells(table, each, known, settings) for each in [everything, *groupings]]
    bootstraps = _bootstraps(cells, known, settings)
    tables = [_table(each, found, settings) for each, found in zip(cells, bootstraps, strict=True)]
    if not tables[0].slices:
        return figures(known.units, known.scores, n_raters=0, settings=settings), tuple(tables[1:])
    return tables[0].slices[0].figures, tuple(tables[1:])


def _table(cells: Cells, bootstraps: Sequence[Alpha | None], settings: Settings) -> SliceTable:
    slices = []
    for group, label in enumerate(cells.labels):
        units = cells.sums.take(cells.of_group(group))
        if len(units):
            found = figures(
                units,
                cells.scores.take(cells.scores_of_group(group)),
                n_raters=int(cells.raters_G[group]),
                settings=settings,
                bootstrap=bootstraps[group],
            )
            slices.append(Slice(label, found))
    return SliceTable(cells.name, tuple(slices))


def _bootstraps(cells: Sequence[Cells], known: Whole, settings: Settings) -> list[list[Alpha | None]]:
    """Alpha's bootstrap interval in each group of each grouping."""
    if not settings.resamples:
        return [[None] * len(each.labels) for each in cells]
    sums = [each.interval_sums() for each in cells]
    totals = bootstrap_totals(cells, sums, known.units, resamples=settings.resamples, seed=settings.seed)
    return [
        [
            bootstrapped(group, group.of_totals(totals_K4), confidence=settings.confidence)
            for group, totals_K4 in zip(groups, found, strict=True)
        ]
        for groups, found in zip(sums, totals, strict=True)
    ]


def _cells(table: RatingTable, grouping: Grouping, known: Whole, settings: Settings) -> Cells:
    """The ratings that each unit has within each group, put in the groups' order."""
    if len(grouping.code_N) != len(table):
        raise ValueError(f"{len(grouping.code_N)} groups for {len(table)} ratings: not one a rating")
    n_groups = len(grouping.labels)
    group_U = np.full(table.n_units, -1, dtype=np.int64)
    group_U[table.unit_N] = grouping.code_N
    if np.array_equal(group_U[table.unit_N], grouping.code_N):  # no unit is parted: its cell is the unit
        sums, scores, group_C, unit_C = known.units, known.scores, group_U, np.arange(table.n_units)
    else:
        is_in_N = grouping.code_N >= 0
        places, value_N = grouping.code_N[is_in_N] * table.n_units + table.unit_N[is_in_N], table.value_N[is_in_N]
        names_C, cell_N = np.unique(places, return_inverse=True)
        sums = unit_sums(cell_N, value_N)
        scores = score_units(cell_N, value_N, least=settings.raters_per_pair, trim=settings.trim)
        group_C, unit_C = names_C // max(table.n_units, 1), names_C % max(table.n_units, 1)
    order, bounds = _by_group(group_C, n_groups)
    score_order, score_bounds = _by_group(group_C[scores.units], n_groups)
    return Cells(
        name=grouping.name,
        labels=grouping.labels,
        sums=sums.take(order),
        unit_C=unit_C[order],
        scores=scores.take(score_order),
        bounds=bounds,
        score_bounds=score_bounds,
        raters_G=_raters(table, grouping),
    )


def _by_group(group_C: Ints, n_groups: int) -> tuple[Ints, Ints]:
    """The order that puts groups one after the other, and where each begins, (G + 1,)."""
    if not group_C.any():  # a single group
        return np.arange(len(group_C)), np.append(0, np.full(n_groups, len(group_C)))
    order = np.argsort(group_C, kind="stable")
    return order, np.searchsorted(group_C[order], np.arange(n_groups + 1))


def _raters(table: RatingTable, grouping: Grouping) -> Ints:
    """How many raters each group has, (G,)."""
    is_in_N = grouping.code_N >= 0
    places = grouping.code_N[is_in_N] * table.n_raters + table.rater_N[is_in_N]
    size = len(grouping.labels) * table.n_raters
    counts_GR = np.bincount(places, minlength=size).reshape(len(grouping.labels), table.n_raters)
    return np.asarray(np.count_nonzero(counts_GR, axis=1), dtype=np.int64)
