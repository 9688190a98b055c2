"""Reads about one pair: what came in of it, and what each way to count makes of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from annotation_site.preferences.models import PreferenceTask
from annotation_site.reliability.report import Report
from annotation_site.scoring.models import Pair, Rating, RatingState
from mpd_builder.aggregation import in_band, score_units
from mpd_builder.rules import Aggregator
from mpd_builder.statistics.model import quality_of


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What one way to count makes of the pair's ratings; None for too few, or raters new to the model."""

    name: Aggregator
    value: float | None
    is_ambiguous: bool = False


def ratings_of(*, pair: Pair) -> list[Rating]:
    """All that came in, what counts first, each in the order of giving."""
    rows = list(pair.ratings.select_related("rater").order_by("pk"))
    return sorted(rows, key=lambda one: one.state != RatingState.COUNTED)


def aggregates_of(*, pair: Pair, ratings: list[Rating], report: Report | None) -> list[Aggregate]:
    """The pair's score by each aggregator. The rater model is the report's, of all ratings at its time."""
    counted = [rating for rating in ratings if rating.state == RatingState.COUNTED]
    campaign = pair.campaign
    band = (campaign.band_low, campaign.band_high)
    values = np.array([rating.value for rating in counted])
    found: dict[Aggregator, float | None] = dict.fromkeys(Aggregator)
    if len(counted) >= max(2, 2 * campaign.trim + 1):
        scores = score_units(np.zeros(len(values), dtype=np.int64), values, least=len(values), trim=campaign.trim)
        found[Aggregator.TRIMMED_MEAN] = float(scores.trimmed[0])
        found[Aggregator.MEAN] = float(scores.mean[0])
        found[Aggregator.MEDIAN] = float(scores.median[0])
        found[Aggregator.RATER_MODEL] = _modelled(counted, report)
    return [
        Aggregate(name, value, value is not None and bool(in_band(np.array([value]), band)[0]))
        for name, value in found.items()
    ]


def tasks_of(*, pair: Pair) -> list[PreferenceTask]:
    """The preference tasks that ask about this pair."""
    tasks = PreferenceTask.objects.filter(Q(pair_a=pair) | Q(pair_b=pair)).order_by("pk")
    return list(
        tasks.select_related(*(f"pair_{side}__{item}" for side in "ab" for item in ("painting", "clip__track")))
    )


def _modelled(counted: list[Rating], report: Report | None) -> float | None:
    known = {one.rater: (one.bias, one.inconsistency) for one in report.found.model.raters} if report else {}
    fits = [known.get(rating.rater_id, (None, None)) for rating in counted]
    biases = [bias for bias, _ in fits if bias is not None]
    inconsistencies = [inconsistency for _, inconsistency in fits if inconsistency is not None]
    if not len(biases) == len(inconsistencies) == len(counted):
        return None
    values = [rating.value for rating in counted]
    return quality_of(values, biases=biases, inconsistencies=inconsistencies)[0]
