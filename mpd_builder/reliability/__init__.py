"""Krippendorff's alpha: exact, in closed form, with its uncertainty.

`alpha` is what others call; `sums` holds the arithmetic (units, clusters of units, resamples), `running` keeps alpha up
to date rating by rating.
"""

from mpd_builder.reliability.alpha import (
    Alpha,
    Level,
    bootstrap_interval,
    krippendorff_alpha,
    unit_alpha,
)
from mpd_builder.reliability.running import CENTRE, Totals, centred_sums, totals_of, unit_sums_of
from mpd_builder.reliability.sums import UnitSums, unit_sums

__all__ = [
    "CENTRE",
    "Alpha",
    "Level",
    "Totals",
    "UnitSums",
    "bootstrap_interval",
    "centred_sums",
    "krippendorff_alpha",
    "totals_of",
    "unit_alpha",
    "unit_sums",
    "unit_sums_of",
]
