"""A campaign's headline figures from what its pairs carry, so that no rating has to be looked at.

Each pair's count, sums, score and dispersion follow in the transaction of the rating (`scoring.services.pair_follow`),
by columns of a statement that runs anyway. One pass over the pairs then has alpha with its exact interval: see
docs/decisions/0014.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.core.cache import cache
from django.db.models import Q

from annotation_site.scoring.models import Campaign, Pair
from mpd_builder.aggregation import in_band
from mpd_builder.reliability import Alpha, unit_alpha, unit_sums_of
from mpd_builder.statistics.estimates import Estimate
from mpd_builder.statistics.figures import Spread, mean_estimate, spread

LEAST_REST, MOST_REST = timedelta(seconds=3), timedelta(seconds=60)
REST_IS_TIMES = 20
"""A pass is repeated after twenty times what it took: it never claims more than a twentieth of a core."""
CHUNK = 20_000
ROW = np.dtype([("n", np.int64), ("total", "f8"), ("squares", "f8"), ("score", "f8"), ("dispersion", "f8")])


@dataclass(frozen=True, slots=True)
class Figures:
    """Headline figures, without the moment they are of: equal figures are the same page.

    `n_pairs` of the campaign; of them `n_begun` have a rating, `n_complete` their score, `n_closed` will not get one.
    Dispersion is of complete pairs, alpha of those with two ratings or more.
    """

    n_pairs: int
    n_begun: int
    n_complete: int
    n_closed: int
    n_ambiguous: int
    n_ratings: int
    alpha: Alpha
    dispersion: Estimate
    spread: Spread | None


@dataclass(frozen=True, slots=True)
class Headline:
    figures: Figures
    computed_at: datetime


def headline(*, campaign: Campaign, now: datetime) -> Headline:
    """The newest headline: never older than a minute, computed again sooner where that is quick."""
    key = f"reliability:headline:1:{campaign.pk}:{campaign.band_low}:{campaign.band_high}"
    kept: tuple[Headline, timedelta] | None = cache.get(key)
    if kept is not None and timedelta(0) <= now - kept[0].computed_at < kept[1]:
        return kept[0]
    started = time.perf_counter()
    found = Headline(figures_compute(campaign=campaign), now)
    took = timedelta(seconds=time.perf_counter() - started)
    cache.set(key, (found, min(max(LEAST_REST, REST_IS_TIMES * took), MOST_REST)), MOST_REST.seconds)
    return found


def figures_compute(*, campaign: Campaign) -> Figures:
    """One pass over the campaign's pairs that have a rating; the others are only counted."""
    pairs = Pair.objects.filter(campaign=campaign).order_by()
    columns = ("rating_count", "value_total", "value_squares", "score", "dispersion")
    rows = pairs.filter(rating_count__gt=0).values_list(*columns).iterator(chunk_size=CHUNK)
    row_P = np.fromiter(((n, t, s, _number(x), _number(d)) for n, t, s, x, d in rows), dtype=ROW)
    is_complete_P = np.isfinite(row_P["score"])
    score_P, dispersion_P = row_P["score"][is_complete_P], row_P["dispersion"][is_complete_P]
    units = unit_sums_of(row_P["n"], row_P["total"], row_P["squares"])
    return Figures(
        n_pairs=pairs.count(),
        n_begun=len(row_P),
        n_complete=len(score_P),
        n_closed=pairs.filter(Q(closed_at__isnull=False), completed_at=None).count(),
        n_ambiguous=int(in_band(score_P, (campaign.band_low, campaign.band_high)).sum()),
        n_ratings=int(row_P["n"].sum()),
        alpha=unit_alpha(units),
        dispersion=mean_estimate(dispersion_P),
        spread=spread(dispersion_P),
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else value
