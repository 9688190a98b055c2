"""Reads of the reliability room: a campaign's counted ratings as arrays, and everything that is said about them."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.cache import cache
from django.db.models import Count, Sum

from annotation_site.accounts.models import Rater
from annotation_site.charts.drawings import Bins
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from annotation_site.scoring.selectors import repeat_values
from mpd_builder.aggregation import DispersionSummary, dispersion_summary
from mpd_builder.rater_statistics import RaterStatistics, RetestStatistics, rater_statistics, retest_statistics
from mpd_builder.records import Consensus
from mpd_builder.reliability import Alpha, krippendorff_alpha

MIN_AGE = timedelta(seconds=3)
"""A report younger than this is shown as it is, however many ratings came in meanwhile."""
KEEP_S = 3600
CHUNK = 20_000
ROW = np.dtype([("pair", np.int64), ("rater", np.int64), ("value", np.float64)])
SCORE_BINS = 20
DISPERSION_STEP = 0.01
DISPERSION_SHOWN = 0.2
LARGEST_DISPERSION = 0.5  # half of the ratings at 0, half at 1

Ratings = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Reference:
    """What the paper reports of its own annotation."""

    alpha: float = 0.86
    mean_dispersion: float = 0.078
    share_below_09: float = 0.848
    share_below_11: float = 0.990


PAPER = Reference()


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One rater's line: who, how they stand to the others, and to themselves where pairs came back to them."""

    pk: int
    code: str
    is_simulated: bool
    state: str
    statistics: RaterStatistics
    retest: RetestStatistics | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The reliability of a campaign at one moment. Dispersion and scores are of complete pairs only."""

    campaign: str
    computed_at: datetime
    n_pairs: int
    n_complete: int
    n_ambiguous: int
    n_ratings: int
    n_simulated: int
    band: tuple[float, float]
    alpha: Alpha
    dispersion: DispersionSummary
    scores: Bins
    dispersions: Bins
    raters: tuple[RaterRow, ...]
    n_closed: int = 0
    retest: RetestStatistics | None = None
    """All raters' hidden repeats taken together."""

    @property
    def is_synthetic(self) -> bool:
        """Whether every rating is a simulated one."""
        return self.n_simulated == self.n_ratings > 0


def campaign_choose(*, slug: str | None) -> Campaign | None:
    """The campaign named by `slug`; without one, where the newest rating went, else the newest campaign.

    Raises `Campaign.DoesNotExist` for a slug that is not there.
    """
    if slug:
        return Campaign.objects.get(slug=slug)
    newest = Rating.objects.order_by("-pk").values_list("pair__campaign", flat=True).first()
    return (newest and Campaign.objects.get(pk=newest)) or Campaign.objects.order_by("-created_at", "-pk").first()


def ratings_load(*, campaign: Campaign) -> Ratings:
    """The campaign's counted ratings as one structured array (N,) of pair, rater and value."""
    rows = Rating.objects.filter(pair__campaign=campaign, state=RatingState.COUNTED).order_by()
    return np.fromiter(rows.values_list("pair_id", "rater_id", "value").iterator(chunk_size=CHUNK), dtype=ROW)


def consensus_load(*, campaign: Campaign) -> list[Consensus]:
    """The complete pairs' aggregates. The sample deviation of n ratings is the population's times sqrt(n / (n - 1))."""
    rows = Pair.objects.filter(campaign=campaign, score__isnull=False).order_by()
    low, high = campaign.band_low, campaign.band_high
    return [
        Consensus(key, score, dispersion, dispersion * math.sqrt(n / (n - 1)), n, low <= score <= high)
        for key, score, dispersion, n in rows.values_list("key", "score", "dispersion", "rating_count")
        if score is not None and dispersion is not None
    ]


def report_compute(*, campaign: Campaign, now: datetime) -> Report:
    """Agreement from the ratings themselves; score and dispersion as the pairs carry them (they follow each rating)."""
    ratings = ratings_load(campaign=campaign)
    consensus = consensus_load(campaign=campaign)
    repeats = repeat_values(campaign=campaign)
    raters = _rater_rows(ratings, repeats)
    simulated = [row.pk for row in raters if row.is_simulated]
    return Report(
        campaign=campaign.slug,
        computed_at=now,
        n_pairs=Pair.objects.filter(campaign=campaign).count(),
        n_complete=len(consensus),
        n_ambiguous=sum(one.ambiguous for one in consensus),
        n_ratings=len(ratings),
        n_simulated=int(np.isin(ratings["rater"], simulated).sum()),
        band=(campaign.band_low, campaign.band_high),
        alpha=krippendorff_alpha(ratings["pair"], ratings["value"]),
        dispersion=dispersion_summary(consensus),
        scores=_bins([one.score for one in consensus], high=1.0, count=SCORE_BINS),
        dispersions=_dispersion_bins([one.dispersion for one in consensus]),
        raters=raters,
        n_closed=Pair.objects.filter(campaign=campaign, completed_at=None).exclude(closed_at=None).count(),
        retest=next(iter(_retests([(0, first, second) for _, first, second in repeats])), None),
    )


def _retests(repeats: list[tuple[int, float, float]]) -> list[RetestStatistics]:
    raters, firsts, seconds = zip(*repeats, strict=True) if repeats else ((), (), ())
    return retest_statistics(raters, firsts, seconds)


def _rater_rows(ratings: Ratings, repeats: list[tuple[int, float, float]]) -> tuple[RaterRow, ...]:
    statistics = rater_statistics(ratings["pair"], ratings["rater"], ratings["value"])
    retests = {one.rater: one for one in _retests(repeats)}
    raters = Rater.objects.in_bulk([one.rater for one in statistics])
    rows = [
        RaterRow(
            pk=one.rater,
            code=raters[one.rater].code,
            is_simulated=raters[one.rater].is_simulated,
            state=raters[one.rater].get_state_display(),
            statistics=one,
            retest=retests.get(one.rater),
        )
        for one in statistics
    ]
    return tuple(sorted(rows, key=lambda row: (-row.statistics.n_ratings, row.code)))


def _bins(values: list[float], *, high: float, count: int) -> Bins:
    edges = [round(index * high / count, 9) for index in range(count + 1)]
    # A value on an edge belongs above it, whatever the binary fraction of that edge happens to be.
    counts, _ = np.histogram(values, bins=np.array(edges) - 1e-9 * (np.arange(count + 1) < count))
    return Bins(edges=tuple(edges), counts=tuple(counts.tolist()))


def _dispersion_bins(values: list[float]) -> Bins:
    largest = max([DISPERSION_SHOWN, *values])
    count = min(int(np.ceil(largest / DISPERSION_STEP - 1e-9)), int(LARGEST_DISPERSION / DISPERSION_STEP))
    return _bins(values, high=round(count * DISPERSION_STEP, 9), count=count)


def report_cached(*, campaign: Campaign, now: datetime) -> Report:
    """The newest report, computed again only if a rating came, went or changed, and at most every `MIN_AGE`.

    Where it takes long, it is done more rarely: it never claims more than a fifth of a core.
    """
    key = f"reliability:4:{campaign.pk}"
    kept: tuple[object, timedelta, Report | None] = cache.get(key) or (None, MIN_AGE, None)
    signature, rest, report = kept
    if report is not None and timedelta(0) <= now - report.computed_at < rest:
        return report
    current = _signature(campaign)
    if report is None or signature != current:
        started = time.perf_counter()
        report = report_compute(campaign=campaign, now=now)
        rest = max(MIN_AGE, 5 * timedelta(seconds=time.perf_counter() - started))
        cache.set(key, (current, rest, report), KEEP_S)
    return report


def _signature(campaign: Campaign) -> tuple[object, ...]:
    """What changes whenever the report would: cheap sums over the pairs, and the newest rating."""
    pairs = Pair.objects.filter(campaign=campaign).aggregate(
        n=Count("pk"), ratings=Sum("rating_count"), scored=Count("score"), scores=Sum("score")
    )
    newest = Rating.objects.filter(pair__campaign=campaign).order_by("-pk").values_list("pk", flat=True).first()
    return (*pairs.values(), newest, campaign.band_low, campaign.band_high)


def report_as_dict(*, report: Report) -> dict[str, Any]:
    """The report for JSON; the paper's figures stand beside ours."""
    return {
        "campaign": report.campaign,
        "computed_at": report.computed_at.isoformat(),
        "pairs": report.n_pairs,
        "complete_pairs": report.n_complete,
        "ambiguous_pairs": report.n_ambiguous,
        "band": list(report.band),
        "ratings": report.n_ratings,
        "simulated_ratings": report.n_simulated,
        "alpha": asdict(report.alpha),
        "dispersion": asdict(report.dispersion),
        "paper": asdict(PAPER),
        "score_histogram": {"edges": list(report.scores.edges), "counts": list(report.scores.counts)},
        "dispersion_histogram": {"edges": list(report.dispersions.edges), "counts": list(report.dispersions.counts)},
        "retest": _retest_as_dict(report.retest),
        "raters": [_rater_as_dict(row) for row in report.raters],
    }


def _rater_as_dict(row: RaterRow) -> dict[str, Any]:
    numbers = asdict(row.statistics)
    del numbers["rater"]
    return {"code": row.code, "simulated": row.is_simulated, **numbers, "retest": _retest_as_dict(row.retest)}


def _retest_as_dict(retest: RetestStatistics | None) -> dict[str, Any] | None:
    return None if retest is None else {name: value for name, value in asdict(retest).items() if name != "rater"}
