"""What a rater finds on the first page: the open campaigns, what they gave, and what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotation_site.accounts.models import Rater
from annotation_site.preferences.models import PreferenceTask, Vote, VoteBar, VoteSlot, VoteState
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState, Slot, SlotBar, SlotState


@dataclass(frozen=True, slots=True)
class CampaignWork:
    """One campaign as one rater sees it. What waits includes what others hold just now."""

    campaign: Campaign
    n_rated: int
    n_pairs_waiting: int
    n_voted: int
    n_tasks_waiting: int

    @property
    def is_finished(self) -> bool:
        return not self.n_pairs_waiting and not self.n_tasks_waiting


def campaigns_for(*, rater: Rater) -> list[CampaignWork]:
    """The open campaigns in order of their making, with this rater's own counts only."""
    rated = _counts(Rating.objects.filter(rater=rater, state__in=STANDING), "pair__campaign")
    voted = _counts(Vote.objects.filter(rater=rater, state=VoteState.COUNTED), "task__campaign")
    return [
        CampaignWork(
            campaign=campaign,
            n_rated=rated.get(campaign.pk, 0),
            n_pairs_waiting=_pairs_waiting(rater, campaign),
            n_voted=voted.get(campaign.pk, 0),
            n_tasks_waiting=_tasks_waiting(rater, campaign),
        )
        for campaign in Campaign.objects.filter(is_open=True).order_by("created_at", "pk")
    ]


# Hidden repeats among them: to the rater they are work like all other.
STANDING = (RatingState.COUNTED, RatingState.REPEAT)


def _counts(judgments: QuerySet[Any], campaign_field: str) -> dict[int, int]:
    rows = judgments.order_by().values_list(campaign_field).annotate(n=Count("pk"))
    return dict(rows)


def _pairs_waiting(rater: Rater, campaign: Campaign) -> int:
    mine = Slot.objects.filter(pair=OuterRef("pk"), rater=rater, state=SlotState.FILLED)
    barred = SlotBar.objects.filter(pair=OuterRef("pk"), rater=rater)
    waiting = Pair.objects.filter(campaign=campaign, completed_at=None, closed_at=None).filter(
        ~Exists(mine), ~Exists(barred)
    )
    return waiting.count()


def _tasks_waiting(rater: Rater, campaign: Campaign) -> int:
    mine = VoteSlot.objects.filter(task=OuterRef("pk"), rater=rater, state=SlotState.FILLED)
    barred = VoteBar.objects.filter(task=OuterRef("pk"), rater=rater)
    open_tasks = PreferenceTask.objects.filter(campaign=campaign, state=PreferenceTask.State.OPEN)
    return open_tasks.filter(~Exists(mine), ~Exists(barred)).count()
