"""How alpha came about: that of all ratings up to the end of each week, as the campaign would have read it then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.reliability import Alpha, krippendorff_alpha
from mpd_builder.statistics.groupings import by_week
from mpd_builder.statistics.ratings import RatingTable


@dataclass(frozen=True, slots=True)
class Week:
    """`alpha` is that of the `n_ratings` given up to the end of this calendar week (ISO 8601, UTC)."""

    label: str
    n_ratings: int
    alpha: Alpha


# Shapes: N ratings.
def alpha_by_week(table: RatingTable, *, confidence: float = 0.95) -> tuple[Week, ...]:
    """Alpha of all ratings so far, at the end of every week in which some were given; () where times were not kept.

    Ratings that have been withdrawn or corrected since are not in the table, and so in none of its weeks.
    """
    if table.time_N is None:
        return ()
    weeks = by_week(table.time_N)
    found = []
    for code, label in enumerate(weeks.labels):
        so_far_N = weeks.code_N <= code
        alpha = krippendorff_alpha(table.unit_N[so_far_N], table.value_N[so_far_N], confidence=confidence)
        found.append(Week(label, int(np.count_nonzero(so_far_N)), alpha))
    return tuple(found)
