"""A campaign's whole report at one moment: what the statistics say, with the names that they go by here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from annotation_site.reliability.headline import Figures, figures_compute
from annotation_site.reliability.loading import Loaded, Person, ratings_load
from annotation_site.scoring.models import Campaign
from annotation_site.scoring.selectors import repeat_values
from mpd_builder.rater_statistics import RetestStatistics, retest_statistics
from mpd_builder.records import CLIP_SECONDS
from mpd_builder.statistics.figures import Settings
from mpd_builder.statistics.history import Week, alpha_by_week
from mpd_builder.statistics.report import CampaignReport, campaign_report


@dataclass(frozen=True, slots=True)
class Reference:
    """What the paper reports of its own annotation."""

    alpha: float = 0.86
    mean_dispersion: float = 0.078
    share_below_09: float = 0.848
    share_below_11: float = 0.990


PAPER = Reference()


@dataclass(frozen=True, slots=True)
class Targets:
    """What the campaign is after. A rating is too fast below `too_fast_ms` of active time."""

    alpha: float
    dispersion: float
    too_fast_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about a campaign. `found` names raters by their id, `people` says who they are.

    `headline` is what the pairs carry, as of the same moment. `retest` is of all raters' hidden repeats together,
    `history` alpha as it came about. `took_s` is what it cost.
    """

    campaign: str
    name: str
    computed_at: datetime
    took_s: float
    n_simulated: int
    targets: Targets
    found: CampaignReport
    history: tuple[Week, ...]
    retest: RetestStatistics | None
    people: dict[int, Person]
    headline: Figures

    @property
    def is_synthetic(self) -> bool:
        """Whether every rating is a simulated one."""
        return self.n_simulated == self.found.overall.n_ratings > 0

    @property
    def share_too_fast(self) -> float | None:
        """Of all ratings; None without one."""
        n = self.found.overall.n_ratings
        return sum((one.share_too_fast or 0.0) * one.n_ratings for one in self.found.raters) / n if n else None


def targets_of(campaign: Campaign) -> Targets:
    too_fast_ms = 1000 * (CLIP_SECONDS + campaign.too_fast_s)
    return Targets(campaign.target_alpha, campaign.target_dispersion, too_fast_ms)


def settings_of(campaign: Campaign) -> Settings:
    return Settings(
        raters_per_pair=campaign.raters_per_pair,
        trim=campaign.trim,
        band=(campaign.band_low, campaign.band_high),
    )


def report_compute(*, campaign: Campaign, now: datetime) -> Report:
    """Load the counted ratings and work everything out; see docs/results.md for what it costs."""
    started = time.perf_counter()
    loaded = ratings_load(campaign=campaign)
    repeats = repeat_values(campaign=campaign)
    targets = targets_of(campaign)
    found = campaign_report(
        loaded.table,
        settings=settings_of(campaign),
        groupings=loaded.groupings,
        clusters=loaded.clusters,
        retests=retests_of(repeats),
        too_fast_ms=targets.too_fast_ms,
    )
    return Report(
        campaign=campaign.slug,
        name=campaign.name,
        computed_at=now,
        n_simulated=_simulated(loaded),
        targets=targets,
        found=found,
        history=alpha_by_week(loaded.table),
        retest=next(iter(retests_of([(0, first, second) for _, first, second in repeats])), None),
        people=loaded.people,
        headline=figures_compute(campaign=campaign),
        took_s=time.perf_counter() - started,
    )


def retests_of(repeats: list[tuple[int, float, float]]) -> list[RetestStatistics]:
    raters, firsts, seconds = zip(*repeats, strict=True) if repeats else ((), (), ())
    return retest_statistics(raters, firsts, seconds)


def _simulated(loaded: Loaded) -> int:
    simulated = [pk for pk, person in loaded.people.items() if person.is_simulated]
    return int(np.isin(loaded.table.raters_R[loaded.table.rater_N], simulated).sum())
