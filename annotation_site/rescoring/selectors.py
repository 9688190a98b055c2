"""Reads of the rescoring room: shards at work, what a batch would cost, and whether earlier batches paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from annotation_site.charts.drawings import Bins
from annotation_site.jobs.models import JobState
from annotation_site.rescoring.models import CONTROL, Proposal, ProposedPair, Rescoring, Route
from annotation_site.rescoring.paying import Arm, Outcome, arm_of
from annotation_site.rescoring.proposals import asked_of
from annotation_site.scoring.models import Campaign
from annotation_site.scoring.progress import LEAST_FOR_PACE, pace_of
from annotation_site.training.models import ModelVersion


def versions() -> QuerySet[ModelVersion]:
    """Model versions that can score, the active one first."""
    return ModelVersion.objects.order_by("-is_active", "-number")


def rescorings_scored() -> QuerySet[Rescoring]:
    """Those that a batch can be proposed from, newest first."""
    return Rescoring.objects.filter(state=JobState.DONE).select_related("version", "campaign").order_by("-pk")


def proposals_of(rescoring: Rescoring) -> QuerySet[Proposal]:
    return rescoring.proposals.annotate(n_pairs=Count("pairs")).order_by("-pk")


@dataclass(frozen=True, slots=True)
class Shards:
    """How many shards there are of each kind, and who scores which now: (number, worker, percent)."""

    total: int
    done: int
    waiting: int
    at_work: Sequence[tuple[int, str, int]]


def shards_of(rescoring: Rescoring) -> Shards:
    states = Counter(rescoring.shards.values_list("state", flat=True))
    running = rescoring.shards.filter(state=JobState.RUNNING).order_by("index")
    return Shards(
        total=states.total(),
        done=states[JobState.DONE],
        waiting=states[JobState.QUEUED] + states[JobState.CANCELLED],
        at_work=[(shard.index + 1, shard.worker, shard.percent) for shard in running],
    )


def histogram_bins(histogram: Mapping[str, Sequence[float]]) -> Bins | None:
    """A stored histogram as the chart wants it; None where there is none."""
    if not histogram:
        return None
    return Bins(tuple(histogram["edges"]), tuple(int(count) for count in histogram["counts"]))


# --- What a batch would cost -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Totals:
    """A batch in numbers. `ratings` and `preference` are what is asked by route, the control arm among the first."""

    ratings: int
    preference: int
    left: int
    dropped: int
    control: int
    control_dropped: int
    judgments: int
    time: str

    @property
    def asked(self) -> int:
        return self.ratings + self.preference


def totals_of(proposal: Proposal, *, now: datetime) -> Totals:
    """What approving the batch as it stands would ask of people."""
    campaign = proposal.rescoring.campaign
    stays, is_control = Q(is_dropped=False), Q(reason=CONTROL)
    counts = proposal.pairs.aggregate(
        ratings=Count("pk", filter=stays & Q(route=Route.RATINGS)),
        preference=Count("pk", filter=stays & Q(route=Route.PREFERENCE)),
        left=Count("pk", filter=stays & Q(route=Route.LEAVE)),
        dropped=Count("pk", filter=~stays),
        control=Count("pk", filter=stays & is_control),
        control_dropped=Count("pk", filter=~stays & is_control),
    )
    judgments = asked_of(proposal).count() * campaign.raters_per_pair
    return Totals(**counts, judgments=judgments, time=time_words(campaign, judgments, now=now))


def time_words(campaign: Campaign, judgments: int, *, now: datetime) -> str:
    """How long so many ratings take at the campaign's pace of the last week."""
    pace = pace_of(campaign=campaign, now=now)
    if pace.ratings < LEAST_FOR_PACE:
        return "nobody can say how long: too few ratings came in last week"
    days = judgments / pace.a_day
    length = "less than a day" if days < 1 else f"about {days:,.0f} day{'' if round(days) == 1 else 's'}"
    return f"{length} at {pace.a_day:,.0f} ratings a day"


# --- What came of approved ones ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Paid:
    """What people said of all that a rescoring's approved batches asked for.

    `expected_ambiguous`: rated pairs that the model called ambiguous with certainty; of them `found_ambiguous` are.
    """

    chosen: Arm
    control: Arm
    expected_ambiguous: int
    found_ambiguous: int

    @property
    def rated(self) -> int:
        return self.chosen.rated + self.control.rated


def paid_of(rescoring: Rescoring) -> Paid | None:
    """None before anything was asked."""
    asked = ProposedPair.objects.filter(proposal__rescoring=rescoring, proposal__standing=Proposal.Standing.APPROVED)
    asked = asked.filter(pair__isnull=False)
    if not asked.exists():
        return None
    campaign = rescoring.campaign
    in_band = asked.filter(route=Route.PREFERENCE, pair__score__isnull=False)
    return Paid(
        chosen=_arm(asked.exclude(reason=CONTROL)),
        control=_arm(asked.filter(reason=CONTROL)),
        expected_ambiguous=in_band.count(),
        found_ambiguous=in_band.filter(pair__score__range=(campaign.band_low, campaign.band_high)).count(),
    )


def _arm(asked: QuerySet[ProposedPair]) -> Arm:
    rated = asked.filter(pair__score__isnull=False).order_by("pk")
    rows = rated.values_list("score", "sd", "pair__score")
    outcomes = [Outcome(score, sd, human) for score, sd, human in rows if human is not None]
    return arm_of(outcomes, asked=asked.count())
