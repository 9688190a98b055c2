"""A certificate from the tables of a snapshot alone: pure, and fast enough to be worked out at every verification.

Shapes: N pairs, K tasks, R ratings.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpd_builder.sides import SIDES, Regime, Split
from mpd_builder.snapshot.leakage.certificate import Certificate, Disagreements, Leakage, Seen, Shared, Tasks
from mpd_builder.snapshot.leakage.reading import CROSS, Columns, Ints, columns_of

Flags = npt.NDArray[np.bool_]

TRAIN = SIDES.index(Split.TRAIN)
_ITEMS = ("painting_works", "track_works")


def certify(tables: Mapping[str, pa.Table], *, split: Regime) -> Certificate:
    """The certificate of tables by name, with at least the columns that `COLUMNS` names.

    split: the regime by which the pairs went into their files. Raises TablesContradict.
    """
    columns = columns_of(tables)
    return Certificate(
        split=split,
        regimes={regime: _leakage(columns, _sides_under(columns, regime)) for regime in Regime},
        disagreements=_disagreements(columns, split),
    )


def _sides_under(columns: Columns, regime: Regime) -> Ints:
    """(N,) the side of each pair, as `mpd_builder.sides.side_under` says."""
    if regime is Regime.PAIR:
        return columns.own_pair_N
    if regime is Regime.UNSEEN_PAINTING:
        return columns.own_painting_N
    if regime is Regime.UNSEEN_TRACK:
        return columns.own_track_N
    return np.where(columns.own_painting_N == columns.own_track_N, columns.own_painting_N, CROSS)


def _leakage(columns: Columns, side_N: Ints) -> Leakage:
    occurs = {kind: _occurs(entity_N, side_N) for kind, entity_N in columns.entity_N.items()}
    raters = None
    if columns.rated_R is not None and columns.rater_R is not None:
        raters = _occurs(columns.rater_R, side_N[columns.rated_R])
    side_K = _together(side_N[columns.first_K], side_N[columns.second_K])
    return Leakage(
        pairs={side.value: int(np.count_nonzero(side_N == place)) for place, side in enumerate(Split)},
        shared={
            f"{SIDES[one]}-{SIDES[other]}": Shared(
                **{kind: _shared(found, one, other) for kind, found in occurs.items()},
                raters=None if raters is None else _shared(raters, one, other),
            )
            for one, other in combinations(range(len(SIDES)), 2)
        },
        seen_in_train={
            SIDES[place].value: _seen(columns, occurs, side_N == place) for place in range(len(SIDES)) if place != TRAIN
        },
        tasks={side.value: _tasks(columns, occurs, side_K, place) for place, side in enumerate(SIDES)},
        cross_tasks=int(np.count_nonzero(side_K == CROSS)),
    )


def _occurs(entity_N: Ints, side_N: Ints) -> Flags:
    """(entities, 4): which of them occur on which side; the last column is `cross`."""
    occurs = np.zeros((int(entity_N.max(initial=-1)) + 1, len(Split)), dtype=np.bool_)
    occurs[entity_N, side_N] = True
    return occurs


def _shared(occurs: Flags, one: int, other: int) -> int:
    return int(np.count_nonzero(occurs[:, one] & occurs[:, other]))


def _seen(columns: Columns, occurs: Mapping[str, Flags], is_of_side_N: Flags) -> Seen:
    painting, track = (occurs[kind][columns.entity_N[kind][is_of_side_N], TRAIN] for kind in _ITEMS)
    return Seen(
        pairs=int(np.count_nonzero(is_of_side_N)),
        painting=int(np.count_nonzero(painting)),
        track=int(np.count_nonzero(track)),
        both=int(np.count_nonzero(painting & track)),
    )


def _tasks(columns: Columns, occurs: Mapping[str, Flags], side_K: Ints, place: int) -> Tasks:
    is_here_K = side_K == place
    others = [other for other in range(len(SIDES)) if other != place]
    touches = np.zeros(int(np.count_nonzero(is_here_K)), dtype=np.bool_)
    for kind in _ITEMS:
        occurs_elsewhere: Flags = np.logical_or.reduce(occurs[kind][:, others], axis=1)
        for pair_K in (columns.first_K, columns.second_K):
            touches |= occurs_elsewhere[columns.entity_N[kind][pair_K[is_here_K]]]
    return Tasks(tasks=len(touches), touching=int(np.count_nonzero(touches)))


def _together(first_K: Ints, second_K: Ints) -> Ints:
    return np.where(first_K == second_K, first_K, CROSS)


def _disagreements(columns: Columns, split: Regime) -> Disagreements:
    side_N = _sides_under(columns, split)
    is_wrong_N = (
        (columns.split_N != side_N)
        | (columns.file_N != side_N)
        | (columns.own_painting_N != columns.side_painting_N)
        | (columns.own_track_N != columns.side_track_N)
        | (columns.own_pair_N == CROSS)
    )
    side_K = _together(side_N[columns.first_K], side_N[columns.second_K])
    works = zip(columns.work_of_items, columns.side_of_items, strict=True)
    return Disagreements(
        pairs=int(np.count_nonzero(is_wrong_N)),
        tasks=int(np.count_nonzero(columns.split_K != side_K)),
        works=sum(int(np.count_nonzero(_occurs(work, side).sum(axis=1) > 1)) for work, side in works),
    )
