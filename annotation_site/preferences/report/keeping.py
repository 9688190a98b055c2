"""The newest report of a campaign, kept until what it is counted from changes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Sum

from annotation_site.preferences.models import PreferenceTask, Vote
from annotation_site.preferences.report.computing import Report, report_compute
from annotation_site.preferences.selectors import pairs_for_tasks
from annotation_site.scoring.models import Campaign, Pair

MIN_AGE = timedelta(seconds=3)
"""For so long a report is shown as it is, however many votes came in meanwhile."""
KEEP_S = 3600
_FORM = 1  # of what is kept; another number for another form


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of the kept report without reading it. Until `rest` after `checked_at` nobody looks again."""

    signature: tuple[object, ...]
    computed_at: datetime
    checked_at: datetime
    rest: timedelta

    def holds(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.checked_at < self.rest


def report_cached(*, campaign: Campaign, now: datetime) -> Report:
    """The newest report, computed again only if votes, tasks or ambiguous pairs changed, and at most every `MIN_AGE`.

    Where it takes long, it is done more rarely: it never claims more than a fifth of a core.
    """
    kept = _standing(campaign, now)
    report: Report | None = cache.get(_key(campaign, "report")) if kept else None
    if report is not None:
        return report
    current, started = _signature(campaign), time.perf_counter()
    report = report_compute(campaign=campaign, now=now)
    rest = max(MIN_AGE, 5 * timedelta(seconds=time.perf_counter() - started))
    cache.set(_key(campaign, "report"), report, KEEP_S)
    cache.set(_key(campaign, "kept"), _Kept(current, now, now, rest), KEEP_S)
    return report


def is_newest(*, campaign: Campaign, seen: str, now: datetime) -> bool:
    """Whether the report computed at `seen` (ISO 8601) is the newest. Does not read the report, which may be large."""
    kept = _standing(campaign, now)
    return kept is not None and kept.computed_at.isoformat() == seen


def _standing(campaign: Campaign, now: datetime) -> _Kept | None:
    """What is known of the kept report while it is the newest, looked at again where that is due; else None."""
    kept: _Kept | None = cache.get(_key(campaign, "kept"))
    if kept is None or kept.holds(now):
        return kept
    if kept.signature != _signature(campaign):
        return None
    kept = replace(kept, checked_at=now)
    cache.set(_key(campaign, "kept"), kept, KEEP_S)
    return kept


def _key(campaign: Campaign, what: str) -> str:
    return f"preference-report:{_FORM}:{campaign.pk}:{what}"


def _signature(campaign: Campaign) -> tuple[object, ...]:
    """What changes whenever the report would: sums over tasks and pairs, and the newest vote."""
    tasks = PreferenceTask.objects.filter(campaign=campaign).order_by()
    by_state = tasks.values_list("direction", "state").annotate(Count("pk"), Sum("votes_a"), Sum("votes_b"))
    scored = Pair.objects.filter(campaign=campaign).aggregate(n=Count("score"), scores=Sum("score"))
    newest = Vote.objects.filter(task__campaign=campaign).order_by("-pk").values_list("pk", flat=True).first()
    return (
        tuple(sorted(by_state)),
        *scored.values(),
        pairs_for_tasks(campaign=campaign).count(),
        newest,
        campaign.band_low,
        campaign.band_high,
        campaign.votes_per_task,
    )
