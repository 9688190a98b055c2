"""Work in progress: jobs that wait, run or ended lately, and how many judgments came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.timesince import timesince

from annotation_site.jobs.models import Job, JobState
from annotation_site.jobs.tasks import job_models
from annotation_site.preferences.models import Vote
from annotation_site.scoring.models import Rating

ACTIVITY_KEPT_S = 60
ACTIVITY_DAYS = 14
RECENT = timedelta(hours=24)
MOST_JOBS = 8
ICONS = {
    "importjob": "upload",
    "snapshot": "inventory_2",
    "verification": "fact_check",
    "comparison": "difference",
    "trainingrun": "model_training",
    "rescoring": "manage_search",
    "contest": "balance",
    "proposal": "checklist",
}


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as the overview shows it. `at` is when it last changed, `since` how long ago in words."""

    title: str
    icon: str
    url: str
    state: str
    label: str
    percent: int
    words: str
    at: datetime
    since: str


def job_lines(*, now: datetime) -> list[JobLine]:
    """Jobs that wait or run, then those that ended within a day, newest first."""
    lines = [line for model in job_models() if model.is_in_overview for line in _lines_of(model, now)]
    order = {JobState.RUNNING: 0, JobState.QUEUED: 1}
    lines.sort(key=lambda line: line.at, reverse=True)
    return sorted(lines, key=lambda line: order.get(JobState(line.state), 2))[:MOST_JOBS]


def _lines_of(model: type[Job], now: datetime) -> list[JobLine]:
    shown = Q(state__in=[JobState.QUEUED, JobState.RUNNING]) | Q(finished_at__gte=now - RECENT)
    labels = {JobState.RUNNING: "primary", JobState.DONE: "success", JobState.FAILED: "danger"}
    return [
        JobLine(
            title=str(job),
            icon=ICONS.get(model._meta.model_name or "", "work"),
            url=reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[job.pk]),
            state=job.state,
            label=labels.get(JobState(job.state), "default"),
            percent=job.percent,
            words=_words(job),
            at=(at := job.finished_at or job.started_at or job.created_at),
            since=timesince(at, now, depth=1),
        )
        for job in model._default_manager.filter(shown).order_by("-pk")[:MOST_JOBS]
    ]


def _words(job: Job) -> str:
    """What it does now, or why it failed; a job that is done says no more how far it is."""
    if job.state == JobState.FAILED:
        return job.error
    return "" if job.is_over else job.words


@dataclass(frozen=True, slots=True)
class Activity:
    """Judgments (ratings and votes) a day, oldest first, up to today."""

    days: tuple[int, ...]

    @property
    def today(self) -> int:
        return self.days[-1]

    @property
    def week(self) -> int:
        return sum(self.days[-7:])


def activity(*, now: datetime) -> Activity:
    """The last two weeks of judging, counted at most once a minute."""
    key = f"overview:activity:1:{now.date()}"
    found: Activity | None = cache.get(key)
    if found is None:
        per_day = zip(_per_day(Rating.objects.filter(repeat=None), now), _per_day(Vote.objects.all(), now), strict=True)
        found = Activity(days=tuple(map(sum, per_day)))
        cache.set(key, found, ACTIVITY_KEPT_S)
    return found


def _per_day(judgments: QuerySet[Any], now: datetime) -> list[int]:
    """Plain comparisons, one count a day: SQLite would call back into Python for each row's date."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=back) for back in reversed(range(ACTIVITY_DAYS))]
    counts = {
        f"day_{number}": Count("pk", filter=Q(created_at__gte=day, created_at__lt=day + timedelta(days=1)))
        for number, day in enumerate(days)
    }
    found = judgments.filter(created_at__gte=days[0]).aggregate(**counts)
    return [found[name] for name in counts]
