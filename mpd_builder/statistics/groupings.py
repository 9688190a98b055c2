"""Groups of ratings: by what a pair shows, by who rated, by when, or by what came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mpd_builder.aggregation import BAND, UnitScores, in_band
from mpd_builder.codes import Floats, Ints, coded, flat
from mpd_builder.statistics.ratings import RatingTable

NONE = -1
"""The code of a rating that is in no group."""

_DAY_S = 86_400
_MONDAY = date(1969, 12, 29)  # the Monday before 1970 began, from which weeks are counted


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which group each rating is in, (N,): a code into the groups' labels, or NONE."""

    name: str
    code_N: Ints
    labels: tuple[str, ...]


def grouping(name: str, labels: npt.ArrayLike) -> Grouping:
    """Groups by a column (N,) of strings or whole numbers, in their order; None and "" are in no group."""
    label_N = flat(labels)
    if label_N.dtype.kind in "iu":
        code_N, names = coded(label_N)
        return Grouping(name, code_N, tuple(map(str, names.tolist())))
    is_named_N = np.fromiter((label not in (None, "") for label in label_N.tolist()), np.bool_, len(label_N))
    code_N = np.full(len(label_N), NONE, dtype=np.int64)
    code_N[is_named_N], names = coded(label_N[is_named_N])
    return Grouping(name, code_N, tuple(names.tolist()))


def by_week(time_N: Floats, *, name: str = "week") -> Grouping:
    """Groups by the calendar week (ISO 8601, UTC) of each rating's time, in seconds since 1970."""
    week_N = (np.floor_divide(time_N, _DAY_S).astype(np.int64) + 3) // 7
    code_N, weeks = coded(week_N)
    mondays = (_MONDAY + timedelta(weeks=int(week)) for week in weeks.tolist())
    return Grouping(name, code_N, tuple(monday.strftime("%G-W%V") for monday in mondays))


def by_score(
    table: RatingTable,
    scores: UnitScores,
    *,
    band: tuple[float, float] = BAND,
    scale: tuple[float, float] = (0.0, 1.0),
    name: str = "score band",
) -> Grouping:
    """Groups by the score of each rating's pair: the ambiguous band, and halves of the scale below and above it.

    Within a band scores hardly differ, so that alpha is low there by construction: compare dispersions between bands,
    not alphas.
    """
    low, high = band
    below, above = (scale[0] + low) / 2.0, (high + scale[1]) / 2.0
    score_P = scores.trimmed
    band_P = np.searchsorted([below, low], score_P, side="right") + np.where(score_P > high, 1, 0)
    band_P = np.where(in_band(score_P, band), 2, np.where(score_P > above, 4, band_P))
    band_U = np.full(table.n_units, NONE, dtype=np.int64)
    band_U[scores.units] = band_P
    edges = [scale[0], below, low, high, above, scale[1]]
    labels = tuple(f"{start:g} to {end:g}" for start, end in pairwise(edges))
    return Grouping(name, band_U[table.unit_N], labels)
