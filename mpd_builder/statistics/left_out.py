"""Alpha if one rater were left out, for all raters at once.

A rater's rating x leaves a unit of m ratings with m - 1 of them, the sum of squares SS - m (x - mean)^2 / (m - 1), and
no unit at all where m was 2. So every rating says by how much it changes each of alpha's four sums (see
`reliability.sums`), and adding these changes up by rater gives all the alphas in O(ratings).
"""

from __future__ import annotations

import numpy as np

from mpd_builder.codes import Floats, totals
from mpd_builder.reliability import UnitSums
from mpd_builder.reliability.sums import interval_sums
from mpd_builder.statistics.ratings import RatingTable


# Shapes: N ratings, C those of units with at least two, U units, R raters.
def alphas_without_each(table: RatingTable, units: UnitSums) -> Floats:
    """Krippendorff's alpha (interval) without each rater, (R,); NaN where it is undefined.

    `units` are the sums of the table's units (U,), by `unit_sums`.
    """
    is_kept_N = units.size[table.unit_N] > 1
    unit_C, rater_C = table.unit_N[is_kept_N], table.rater_N[is_kept_N]
    centre = units.pairable().centre
    size_C, within_C = units.size[unit_C].astype(np.float64), units.within[unit_C]
    mean_C = units.mean[unit_C] - centre
    mine_C = table.value_N[is_kept_N] - (units.origin + centre)
    off_C = mine_C - mean_C
    is_last_C = size_C < 2.5
    left_C = np.where(is_last_C, 0.0, np.maximum(within_C - size_C * off_C * off_C / (size_C - 1.0), 0.0))
    disagreement_C = np.where(is_last_C, 0.0, 2.0 * (size_C - 1.0) * left_C / np.maximum(size_C - 2.0, 1.0))
    other_C = 2.0 * mean_C - mine_C  # the other one of a unit of two, which goes too
    changes = (
        np.where(is_last_C, 2.0, 1.0),
        2.0 * size_C * within_C / (size_C - 1.0) - disagreement_C,
        mine_C + np.where(is_last_C, other_C, 0.0),
        mine_C * mine_C + np.where(is_last_C, other_C * other_C, 0.0),
    )
    changes_R4 = np.stack([totals(rater_C, change, table.n_raters) for change in changes], axis=1)
    sums = interval_sums(units)
    return sums.of_totals(sums.of_blocks.sum(axis=0) - changes_R4)
