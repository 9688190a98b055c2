"""The preference report of a campaign: everything that its votes say, as one value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from annotation_site.accounts.models import Rater
from annotation_site.preferences.models import DirectionChoice
from annotation_site.preferences.report.loading import Construction, Loaded, ballots_load, construction_load
from annotation_site.preferences.selectors import DirectionProgress, tasks_progress
from annotation_site.scoring.models import Campaign
from mpd_builder import records
from mpd_builder.preference_statistics import (
    PRIOR,
    Agreement,
    Ballots,
    RankAgreement,
    Scale,
    Share,
    SideBias,
    SideReport,
    Transitivity,
    agreement,
    query_scales,
    rank_agreement,
    rater_agreement,
    side_bias,
    transitivity,
)
from mpd_builder.preferences import Supply

MOST_CYCLES = 500
"""So many cycles are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class DirectionReport:
    """One direction: its tasks by state, how many are possible, how far raters agree, and who chooses left."""

    progress: DirectionProgress
    supply: Supply
    agreement: Agreement
    left: SideBias

    @property
    def label(self) -> str:
        return str(self.progress.direction.label)


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One rater: how many votes they gave, how often with the majority of the others, how often for the left side."""

    pk: int
    code: str
    is_simulated: bool
    votes: int
    agreement: Share
    left: SideBias


@dataclass(frozen=True, slots=True)
class QueryRow:
    """The scale of candidates of one query that votes connect; a query that falls apart has several.

    `part` numbers them from 0. `scores` are the trimmed means of the scale's items, None for a pair that has none now.
    """

    direction: records.Direction
    query_id: str
    part: int
    scale: Scale
    scores: tuple[float | None, ...]
    ranks: RankAgreement

    def by_ability(self) -> list[int]:
        """The places of the items on the scale, the most preferred first; of equal ones in the order of their ids."""
        return sorted(range(len(self.scale.items)), key=lambda place: (-round(self.scale.abilities[place], 9), place))


@dataclass(frozen=True, slots=True)
class Report:
    """What the counted votes of a campaign say at one moment.

    A task is judged once it has `votes_needed` votes. `transitivity` lists the first `MOST_CYCLES` cycles; its counts
    are of all. Scales have a Gaussian prior of `prior` log odds and are ordered by size, the largest first.
    """

    campaign: str
    computed_at: datetime
    votes_needed: int
    n_votes: int
    n_simulated: int
    directions: tuple[DirectionReport, ...]
    n_set_aside: int
    agreement: Agreement
    left: SideBias
    raters: tuple[RaterRow, ...]
    transitivity: Transitivity
    prior: float
    queries: tuple[QueryRow, ...]
    ranks: RankAgreement

    @property
    def n_tasks(self) -> int:
        return self.agreement.n_tasks

    @property
    def flagged(self) -> tuple[RaterRow, ...]:
        """Those who choose a side more often than chance allows."""
        return tuple(row for row in self.raters if row.left.is_flagged)

    @property
    def is_synthetic(self) -> bool:
        """Whether every vote is a simulated one."""
        return self.n_simulated == self.n_votes > 0


def report_compute(*, campaign: Campaign, now: datetime) -> Report:
    """Everything from the votes themselves; tasks by state as they carry it. O(votes) but for cycles and scales."""
    loaded = ballots_load(campaign=campaign)
    given, needed = loaded.given, campaign.votes_per_task
    sides = side_bias(given)
    queries, ranks = scales_find(loaded=loaded, prior=PRIOR)
    found = transitivity(given, votes_needed=needed)
    construction = construction_load(campaign=campaign, given=given)
    return Report(
        campaign=campaign.slug,
        computed_at=now,
        votes_needed=needed,
        n_votes=len(given.task_N),
        n_simulated=loaded.n_simulated,
        directions=_directions(campaign, loaded, construction),
        n_set_aside=construction.n_set_aside,
        agreement=agreement(given, votes_needed=needed),
        left=sides.everyone,
        raters=_raters(loaded, sides),
        transitivity=replace(found, cycles=found.cycles[:MOST_CYCLES]),
        prior=PRIOR,
        queries=tuple(sorted(queries, key=lambda row: (-len(row.scale.items), row.query_id, row.part))),
        ranks=ranks,
    )


def _directions(campaign: Campaign, loaded: Loaded, construction: Construction) -> tuple[DirectionReport, ...]:
    progress = {row.direction: row for row in tasks_progress(campaign=campaign)}
    found = []
    for choice in DirectionChoice:
        direction = records.Direction(choice.value)
        given = loaded.given.towards(direction)
        found.append(
            DirectionReport(
                progress=progress[choice],
                supply=construction.supply[direction],
                agreement=agreement(given, votes_needed=campaign.votes_per_task),
                left=_left(given),
            )
        )
    return tuple(found)


def _left(given: Ballots) -> SideBias:
    """Side bias of all votes together. As if one rater had given them: nobody's own interval is worked out."""
    return side_bias(replace(given, raters=("",), rater_N=np.zeros_like(given.rater_N))).everyone


def _raters(loaded: Loaded, sides: SideReport) -> tuple[RaterRow, ...]:
    known = {rater.code: rater for rater in Rater.objects.filter(code__in=loaded.given.raters)}
    rows = [
        RaterRow(
            pk=known[one.rater].pk,
            code=one.rater,
            is_simulated=known[one.rater].is_simulated,
            votes=one.n_votes,
            agreement=one.share,
            left=left,
        )
        for one, left in zip(rater_agreement(loaded.given), sides.raters, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.votes, row.code)))


def scales_find(*, loaded: Loaded, prior: float | None) -> tuple[list[QueryRow], RankAgreement]:
    """A Bradley-Terry scale for every three or more connected candidates, and how all of them agree with the scores.

    In the order of direction and query. `prior` None asks for maximum likelihood: raises `Unbounded` where that has no
    finite answer.
    """
    scales = query_scales(loaded.given, prior=prior)
    ranks = rank_agreement(scales, loaded.scores)
    rows: list[QueryRow] = []
    for each, one in zip(scales, ranks.scales, strict=True):
        goes_on = bool(rows) and (rows[-1].direction, rows[-1].query_id) == (each.direction, each.query_id)
        rows.append(
            QueryRow(
                direction=each.direction,
                query_id=each.query_id,
                part=rows[-1].part + 1 if goes_on else 0,
                scale=each.scale,
                scores=tuple(loaded.scores.get(item) for item in each.scale.items),
                ranks=one.agreement,
            )
        )
    return rows, ranks.pooled
