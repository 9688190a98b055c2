"""What a rater did, as their own page shows it: their own rows only, and no figure that tells of anybody else's.

Hidden repeats are work like all other here: no count, and no difference between two counts, tells how many there were.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.db.models import Count, Q, QuerySet

from annotation_site.accounts.models import Rater
from annotation_site.accounts.work import STANDING
from annotation_site.leases.skips import reason_words
from annotation_site.preferences.models import Vote, VoteBar, VoteState
from annotation_site.scoring.models import Campaign, Rating, RatingState, SlotBar
from annotation_site.scoring.progress import midnights
from annotation_site.scoring.selectors import GIVEN_ANEW

Answers = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class CampaignDone:
    """One campaign with the rater's marks (ratings) and choices (votes) that stand in it."""

    campaign: Campaign
    n_marks: int
    n_choices: int


@dataclass(frozen=True, slots=True)
class OwnWork:
    """All that one rater did, up to one moment.

    `given` counts answers once, however often they were corrected and whether they still stand or not; `days` are those
    of the last two weeks, oldest first, today last. Times are milliseconds of active work: hidden and idle time is out,
    and answers of which no time is known are too.
    """

    campaigns: tuple[CampaignDone, ...]
    days: tuple[int, ...]
    first_day: date
    given: int
    late: int
    corrections: int
    active_ms: int
    median_mark_ms: float | None
    median_choice_ms: float | None
    skips: tuple[tuple[str, int], ...]

    @property
    def n_marks(self) -> int:
        return sum(done.n_marks for done in self.campaigns)

    @property
    def n_choices(self) -> int:
        return sum(done.n_choices for done in self.campaigns)

    @property
    def today(self) -> int:
        return self.days[-1]

    @property
    def busiest(self) -> int:
        return max(self.days)

    @property
    def active(self) -> str:
        return duration_words(self.active_ms)

    @property
    def median_mark(self) -> str:
        return duration_words(self.median_mark_ms)

    @property
    def median_choice(self) -> str:
        return duration_words(self.median_choice_ms)


@dataclass(frozen=True, slots=True)
class WhatGoes:
    """What stops counting when a rater withdraws. `n_on_complete`: marks on pairs that have all theirs.

    Not `retirement_preview`, whose counts leave hidden repeats out: beside the rater's own they would tell how many.
    """

    n_marks: int
    n_choices: int
    n_on_complete: int


def own_work(*, rater: Rater, now: datetime) -> OwnWork:
    ratings, votes = Rating.objects.filter(rater=rater), Vote.objects.filter(rater=rater)
    edges = midnights(now)
    marks = _counted(ratings, late=RatingState.SURPLUS, edges=edges)
    choices = _counted(votes, late=VoteState.SURPLUS, edges=edges)
    mark_times, choice_times = _times(ratings), _times(votes)
    return OwnWork(
        campaigns=_campaigns(ratings, votes),
        days=tuple(one + other for one, other in zip(marks.days, choices.days, strict=True)),
        first_day=edges[0].date(),
        given=marks.given + choices.given,
        late=marks.late + choices.late,
        corrections=marks.corrections + choices.corrections,
        active_ms=sum(mark_times) + sum(choice_times),
        median_mark_ms=median(mark_times) if mark_times else None,
        median_choice_ms=median(choice_times) if choice_times else None,
        skips=_skips(rater),
    )


def what_goes(*, rater: Rater) -> WhatGoes:
    marks = Rating.objects.filter(rater=rater, state__in=STANDING).aggregate(
        n=Count("pk"), on_complete=Count("pk", filter=Q(pair__completed_at__isnull=False))
    )
    choices = Vote.objects.filter(rater=rater, state=VoteState.COUNTED)
    return WhatGoes(n_marks=marks["n"], n_choices=choices.count(), n_on_complete=marks["on_complete"])


def duration_words(milliseconds: float | None) -> str:
    """As "48 s", "12 min" or "3 h 05 min"; nothing where it is not known."""
    if milliseconds is None:
        return ""
    span = timedelta(milliseconds=milliseconds)
    if span < timedelta(seconds=59.5):
        return f"{span.total_seconds():.0f} s"
    minutes = round(span / timedelta(minutes=1))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"


@dataclass(frozen=True, slots=True)
class _Counted:
    given: int
    late: int
    corrections: int
    days: tuple[int, ...]


def _counted(answers: Answers, *, late: str, edges: Any) -> _Counted:
    """Of ratings or of votes, in one statement: plain comparisons of times, as on a campaign's page."""
    days = {
        f"day_{number}": Count("pk", filter=GIVEN_ANEW & Q(created_at__gte=start, created_at__lt=stop))
        for number, (start, stop) in enumerate(pairwise(edges))
    }
    found = answers.aggregate(
        given=Count("pk", filter=GIVEN_ANEW),
        late=Count("pk", filter=Q(state=late)),
        corrections=Count("pk", filter=~GIVEN_ANEW),
        **days,
    )
    return _Counted(found["given"], found["late"], found["corrections"], tuple(found[name] for name in days))


def _times(answers: Answers) -> list[int]:
    """A correction carries the time of what it corrects, so only answers given anew are asked."""
    return list(answers.filter(GIVEN_ANEW, active_ms__gt=0).values_list("active_ms", flat=True))


def _campaigns(ratings: Answers, votes: Answers) -> tuple[CampaignDone, ...]:
    """Those that the rater has anything standing in, in the order of their making."""
    marks = _by_campaign(ratings.filter(state__in=STANDING), "pair__campaign")
    choices = _by_campaign(votes.filter(state=VoteState.COUNTED), "task__campaign")
    known = Campaign.objects.filter(pk__in=marks.keys() | choices.keys()).order_by("created_at", "pk")
    return tuple(
        CampaignDone(campaign, n_marks=marks.get(campaign.pk, 0), n_choices=choices.get(campaign.pk, 0))
        for campaign in known
    )


def _by_campaign(answers: Answers, campaign: str) -> dict[int, int]:
    return dict(answers.order_by().values_list(campaign).annotate(n=Count("pk")))


def _skips(rater: Rater) -> tuple[tuple[str, int], ...]:
    """(reason as the rater saw it, how often), the commonest first."""
    reasons: Counter[str] = Counter()
    for bars in (SlotBar, VoteBar):
        rows = bars._default_manager.filter(rater=rater).order_by()
        for reason, n in rows.values_list("reason").annotate(n=Count("pk")):
            reasons[reason_words(reason)] += n
    return tuple(sorted(reasons.items(), key=lambda row: (-row[1], row[0])))
