"""The rules that a recipe may choose between; the stages carry them out."""

from __future__ import annotations

from enum import StrEnum


class Aggregator(StrEnum):
    """How a pair's ratings become its score."""

    TRIMMED_MEAN = "trimmed mean"
    MEAN = "mean"
    MEDIAN = "median"
    RATER_MODEL = "rater model"


AVERAGES = (Aggregator.TRIMMED_MEAN, Aggregator.MEAN, Aggregator.MEDIAN)
"""Those that know nothing but a pair's own ratings; a recipe may ask for one of them.

Not for the rater model: `docs/decisions/0018-sides-only-move-away-from-train.md` says why.
"""


class VoteRule(StrEnum):
    """When the votes on a preference task make a winner, given that there are enough."""

    MAJORITY = "majority"
    """More than half of them agree."""
    UNANIMOUS = "unanimous"
    """All of them agree."""
