"""A campaign as its page shows it: how far it is, who is at work, how fast it goes and when it may be done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.core.cache import cache
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from annotation_site.accounts.models import Rater
from annotation_site.scoring.models import Campaign, Rating, RatingState, Repeat, RepeatState, Slot, SlotState
from annotation_site.scoring.selectors import (
    GIVEN_ANEW,
    CampaignPlayback,
    CampaignProgress,
    campaign_playback,
    campaign_progress,
)

DAYS = 14
DAY = timedelta(days=1)
PACE_OF = timedelta(days=7)
RECENT = timedelta(minutes=15)
LEAST_REST = timedelta(seconds=3)
KEPT_S = 3600
LEAST_FOR_PACE = 10
FAR = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class ActiveRater:
    """Somebody at work: with a lease that lives, or with an answer of the last 15 minutes."""

    pk: int
    code: str
    is_simulated: bool
    holds: int
    today: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pace:
    """Ratings a day over the last week, at most; `since` is where it begins. A first day counts as a whole one."""

    ratings: int
    since: datetime | None
    now: datetime

    @property
    def a_day(self) -> float:
        return self.ratings / (max(self.now - self.since, DAY) / DAY) if self.since else 0.0


@dataclass(frozen=True, slots=True)
class CampaignPulse:
    """Everything on a campaign's page that changes by itself, at one moment. `days`: ratings a day, up to today."""

    computed_at: datetime
    progress: CampaignProgress
    playback: CampaignPlayback
    days: tuple[int, ...]
    active: tuple[ActiveRater, ...]
    repeats: int
    finish: str
    finish_detail: str

    @property
    def best_day(self) -> int:
        return max(self.days)


def pulse_cached(*, campaign: Campaign, now: datetime) -> CampaignPulse:
    """The newest pulse, at least some seconds apart; where it takes long, five times as long as it takes."""
    key = f"scoring:pulse:1:{campaign.pk}:{campaign.is_open}:{campaign.loudness_lufs}"
    kept: tuple[timedelta, CampaignPulse] | None = cache.get(key)
    if kept is not None and timedelta(0) <= now - kept[1].computed_at < kept[0]:
        return kept[1]
    started = time.perf_counter()
    pulse = campaign_pulse(campaign=campaign, now=now)
    rest = max(LEAST_REST, 5 * timedelta(seconds=time.perf_counter() - started))
    cache.set(key, (rest, pulse), KEPT_S)
    return pulse


def campaign_pulse(*, campaign: Campaign, now: datetime) -> CampaignPulse:
    progress = campaign_progress(campaign=campaign, now=now)
    pace = pace_of(campaign=campaign, now=now)
    finish, detail = finish_words(campaign=campaign, progress=progress, pace=pace)
    return CampaignPulse(
        computed_at=now,
        progress=progress,
        playback=campaign_playback(campaign=campaign),
        days=ratings_a_day(campaign=campaign, now=now),
        active=active_raters(campaign=campaign, now=now),
        repeats=Repeat.objects.filter(campaign=campaign, state=RepeatState.ANSWERED).count(),
        finish=finish,
        finish_detail=detail,
    )


def _given(campaign: Campaign, since: datetime) -> QuerySet[Rating]:
    """Ratings of the campaign given since then: no corrections, no repeats, nothing that came too late to count.

    By rater and time, which an index serves.
    """
    kept = (RatingState.COUNTED, RatingState.SUPERSEDED)
    everybody = Rater.objects.values("pk")
    rows = Rating.objects.filter(GIVEN_ANEW, rater__in=everybody, created_at__gte=since, pair__campaign=campaign)
    return rows.filter(state__in=kept, slot__isnull=False)


def pace_of(*, campaign: Campaign, now: datetime) -> Pace:
    found = _given(campaign, now - PACE_OF).aggregate(n=Count("pk"), first=Min("created_at"))
    return Pace(found["n"], found["first"], now)


def finish_words(*, campaign: Campaign, progress: CampaignProgress, pace: Pace) -> tuple[str, str]:
    """When the campaign may be done, and what that rests on; or why it cannot be known."""
    missing = progress.ratings_wanted - progress.ratings
    if not progress.pairs:
        return "Not yet", "there are no pairs"
    if not missing:
        return "Done", "every open pair has its ratings"
    if not campaign.is_open:
        return "Unknown", f"{missing:,} ratings missing, and the campaign is closed"
    if not pace.ratings:
        return "Unknown", "nobody has rated for a week"
    if pace.ratings < LEAST_FOR_PACE:
        return "Unknown", f"too few ratings yet: {pace.ratings} in a week"
    basis = f"{missing:,} to go at {pace.a_day:,.0f} a day"
    left = DAY * (missing / pace.a_day)
    if left > FAR:
        return "In years", basis
    end, today = timezone.localtime(pace.now + left), timezone.localtime(pace.now)
    if end.date() == today.date():
        return "Today", basis
    return date_format(end, "j M" if end.year == today.year else "j M Y"), basis


def ratings_a_day(*, campaign: Campaign, now: datetime) -> tuple[int, ...]:
    """The last two weeks, oldest first, in the site's time zone. One count a day: plain comparisons of times."""
    edges = midnights(now)
    counts = {
        f"day_{number}": Count("pk", filter=Q(created_at__gte=start, created_at__lt=stop))
        for number, (start, stop) in enumerate(pairwise(edges))
    }
    found = _given(campaign, edges[0]).aggregate(**counts)
    return tuple(found[name] for name in counts)


def midnights(now: datetime) -> Sequence[datetime]:
    """Where the last two weeks' days begin, oldest first, and where today ends, in the site's time zone."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight + DAY * number for number in range(1 - DAYS, 2)]


def active_raters(*, campaign: Campaign, now: datetime) -> tuple[ActiveRater, ...]:
    """Who is at work just now, the busiest first."""
    leased = Slot.objects.filter(campaign=campaign, state=SlotState.LEASED, lease_expires_at__gt=now)
    holds = dict(leased.values_list("rater").annotate(n=Count("pk")))
    again = Repeat.objects.filter(campaign=campaign, state=RepeatState.OPEN, lease_expires_at__gt=now)
    for rater in again.values_list("rater", flat=True):
        holds[rater] = holds.get(rater, 0) + 1
    midnight = midnights(now)[-2]
    today = _given(campaign, min(midnight, now - RECENT)).values_list("rater")
    done = {
        rater: (n, last)
        for rater, n, last in today.annotate(n=Count("pk", filter=Q(created_at__gte=midnight)), last=Max("created_at"))
    }
    at_work = {rater for rater, (_, last) in done.items() if last > now - RECENT} | set(holds)
    raters = [
        ActiveRater(
            pk=rater.pk,
            code=rater.code,
            is_simulated=rater.is_simulated,
            holds=holds.get(rater.pk, 0),
            today=done.get(rater.pk, (0, None))[0],
            last_at=done.get(rater.pk, (0, None))[1],
        )
        for rater in Rater.objects.filter(pk__in=at_work)
    ]
    return tuple(sorted(raters, key=lambda rater: (-rater.today, rater.code)))
