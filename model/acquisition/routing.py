"""What a chosen pair is good for: five ratings, a preference task, or nothing just now."""

from __future__ import annotations

from enum import StrEnum

SURE_SD = 0.04
"""A score is sure below this standard deviation: about what the trimmed mean of five ratings leaves open itself."""


class Route(StrEnum):
    """Where a pair goes."""

    PREFERENCE = "preference"
    RATINGS = "ratings"
    LEAVE = "leave"


def route(score: float, sd: float, *, band: tuple[float, float], sure_sd: float) -> Route:
    """Sure and in the band (both ends belong to it): a preference task; unsure: ratings; otherwise it is left.

    `sd` is the standard deviation of the predicted score, which is sure at `sure_sd` or below.
    """
    low, high = band
    if not sd <= sure_sd:
        return Route.RATINGS
    return Route.PREFERENCE if low <= score <= high else Route.LEAVE
