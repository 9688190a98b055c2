"""How a rater agrees with themselves on the pairs that came back to them. Other raters never see it.

A figure that moved with an answer would tell that this answer was to a hidden repeat. So it stands still for a day: it
is made of what was given before midnight and could not be corrected any more, in whole groups of `LEAST` a campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from annotation_site.accounts.models import Rater
from annotation_site.scoring.models import CORRECTABLE, Campaign, Rating
from annotation_site.scoring.selectors import repeat_values
from mpd_builder.rater_statistics import retest_statistics

LEAST = 5
"""With fewer repeats a single one would say too much, and all of them too little."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """`difference`: mean of |second - first|; `correlation`: Pearson's, None where the marks hardly vary.

    How many pairs that rests on is not told: beside the number of marks it would tell how many were repeats.
    """

    difference: float
    correlation: float | None


def own_consistency(*, rater: Rater, now: datetime) -> Consistency | None:
    """The rater's test-retest figures as they stood when today began, or None while there are too few repeats."""
    before = _settled_before(rater, now)
    if before is None:
        return None
    values: list[tuple[int, float, float]] = []
    for campaign in Campaign.objects.filter(repeats__rater=rater).distinct().order_by("pk"):
        settled = repeat_values(campaign=campaign, rater=rater, before=before)
        values += settled[: len(settled) // LEAST * LEAST]
    if not values:
        return None
    raters, firsts, seconds = zip(*values, strict=True)
    (found,) = retest_statistics(raters, firsts, seconds)
    return Consistency(difference=found.difference, correlation=found.correlation)


def _settled_before(rater: Rater, now: datetime) -> datetime | None:
    """A moment such that no answer given before it can be corrected today; None where every answer still may."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    newest = (
        Rating.objects.filter(rater=rater, created_at__lt=midnight)
        .exclude(superseded_by__created_at__lt=midnight)
        .order_by("-created_at", "-pk")
        .values_list("created_at", flat=True)
    )
    return next(iter(newest[CORRECTABLE - 1 : CORRECTABLE]), None)
