"""Work in progress: jobs that wait, run or ended lately, and how many judgments came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse

from annotation_site.jobs.models import Job, JobState
from annotation_site.jobs.tasks import job_models
from annotation_site.preferences.models import Vote
from annotation_site.scoring.models import Rating

ACTIVITY_KEPT_S = 60
ACTIVITY_DAYS = 14
RECENT = timedelta(hours=24)
MOST_JOBS = 8


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as the overview shows it."""

    title: str
    url: str
    state: str
    label: str
    percent: int
    words: str
    at: datetime


def job_lines(*, now: datetime) -> list[JobLine]:
    """Jobs that wait or run, then those that ended within a day, newest first."""
    lines = [line for model in job_models() for line in _lines_of(model, now)]
    order = {JobState.RUNNING: 0, JobState.QUEUED: 1}
    lines.sort(key=lambda line: line.at, reverse=True)
    return sorted(lines, key=lambda line: order.get(JobState(line.state), 2))[:MOST_JOBS]


def _lines_of(model: type[Job], now: datetime) -> list[JobLine]:
    shown = Q(state__in=[JobState.QUEUED, JobState.RUNNING]) | Q(finished_at__gte=now - RECENT)
    labels = {JobState.RUNNING: "primary", JobState.DONE: "success", JobState.FAILED: "danger"}
    return [
        JobLine(
            title=f"{model._meta.verbose_name}: {job}".capitalize(),
            url=reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[job.pk]),
            state=job.state,
            label=labels.get(JobState(job.state), "default"),
            percent=job.percent,
            words=job.error if job.state == JobState.FAILED else job.words,
            at=job.finished_at or job.started_at or job.created_at,
        )
        for job in model._default_manager.filter(shown).order_by("-pk")[:MOST_JOBS]
    ]


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
        first = now.date() - timedelta(days=ACTIVITY_DAYS - 1)
        per_day = _per_day(Rating.objects.all(), first), _per_day(Vote.objects.all(), first)
        days = [first + timedelta(days=offset) for offset in range(ACTIVITY_DAYS)]
        found = Activity(days=tuple(sum(counts.get(day, 0) for counts in per_day) for day in days))
        cache.set(key, found, ACTIVITY_KEPT_S)
    return found


def _per_day(judgments: QuerySet[Any], first: date) -> dict[date, int]:
    recent = judgments.filter(created_at__date__gte=first).order_by()
    return dict(recent.annotate(day=TruncDate("created_at")).values_list("day").annotate(Count("pk")))
