"""What hangs on an item: its pairs by how far they are, its preference tasks, and the snapshots that hold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from annotation_site.corpus.models import Painting, Track
from annotation_site.leases.models import SlotState
from annotation_site.preferences.models import PreferenceTask
from annotation_site.scoring.models import Campaign, Pair, Slot
from annotation_site.snapshots.holding import snapshots_holding
from annotation_site.snapshots.models import Snapshot

_UNDECIDED = (PreferenceTask.State.OPEN, PreferenceTask.State.LEFT_BAND)


@dataclass(frozen=True, slots=True)
class InCampaign:
    """An item's pairs in one campaign: without ratings, with some, with all; closed are those given to nobody."""

    campaign: Campaign
    untouched: int
    begun: int
    complete: int
    closed: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a removal would touch. `in_hand`: pairs that raters have before them at this moment."""

    campaigns: list[InCampaign]
    in_hand: int
    tasks_untouched: int
    tasks_begun: int
    tasks_decided: int
    snapshots: list[Snapshot]

    def _sum(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.campaigns)

    @property
    def untouched(self) -> int:
        return self._sum("untouched")

    @property
    def begun(self) -> int:
        return self._sum("begun")

    @property
    def complete(self) -> int:
        return self._sum("complete")

    @property
    def closed(self) -> int:
        return self._sum("closed")


def pairs_of(*, item: Painting | Track) -> QuerySet[Pair]:
    """The pairs of a painting, or of all clips of a track, in every campaign."""
    mine = Q(painting=item) if isinstance(item, Painting) else Q(clip__track=item)
    return Pair.objects.filter(mine)


def standing_of(*, item: Painting | Track, now: datetime) -> Standing:
    pairs = pairs_of(item=item)
    is_open = Q(closed_at=None)
    counts = {
        "untouched": Count("pk", filter=is_open & Q(rating_count=0)),
        "begun": Count("pk", filter=is_open & Q(rating_count__gt=0, completed_at=None)),
        "complete": Count("pk", filter=Q(completed_at__isnull=False)),
        "closed": Count("pk", filter=~is_open & Q(completed_at=None)),
    }
    rows = list(pairs.order_by("campaign").values_list("campaign").annotate(**counts))
    campaigns = Campaign.objects.in_bulk([pk for pk, *_ in rows])
    mine = pairs.values("pk")
    tasks = PreferenceTask.objects.filter(Q(pair_a__in=mine) | Q(pair_b__in=mine)).aggregate(
        untouched=Count("pk", filter=Q(state__in=_UNDECIDED, votes_a=0, votes_b=0)),
        begun=Count("pk", filter=Q(state__in=_UNDECIDED) & (Q(votes_a__gt=0) | Q(votes_b__gt=0))),
        decided=Count("pk", filter=Q(state__in=[PreferenceTask.State.KEPT, PreferenceTask.State.UNDECIDED])),
    )
    held = Slot.objects.filter(pair__in=mine, state=SlotState.LEASED, lease_expires_at__gt=now)
    return Standing(
        campaigns=[InCampaign(campaigns[pk], *numbers) for pk, *numbers in rows],
        in_hand=held.count(),
        tasks_untouched=tasks["untouched"],
        tasks_begun=tasks["begun"],
        tasks_decided=tasks["decided"],
        snapshots=snapshots_holding(item=item),
    )
