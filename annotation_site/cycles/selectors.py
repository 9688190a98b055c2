"""Reads of the loop: how far the next cycle is, and which cycles a look has to see to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse

from annotation_site.cycles.machine import OPEN, CycleState
from annotation_site.cycles.models import Cycle, Schedule
from annotation_site.scoring.models import Pair

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Trigger:
    """How far a schedule is from its next cycle.

    new_pairs: completed since the last one began. going: the open cycle, if any. is_capped: as many cycles began within
    a day as may.
    """

    is_enabled: bool
    new_pairs: int
    every: int
    going: Cycle | None
    is_capped: bool

    @property
    def is_due(self) -> bool:
        return self.is_enabled and self.new_pairs >= self.every and self.going is None and not self.is_capped

    @property
    def left(self) -> int:
        """How many more pairs it waits for."""
        return max(0, self.every - self.new_pairs)

    @property
    def words(self) -> str:
        """Where it stands, for a line of its own."""
        count = f"{self.new_pairs:,} of {self.every:,} new complete pairs"
        if self.going is not None:
            what = "failed: retry it or give it up" if self.going.state == CycleState.FAILED else "is under way"
            return f"Cycle {self.going.number} {what}. {count} since it began."
        if not self.is_enabled:
            return f"Off. {count}."
        return f"{count}; as many cycles as a day may have." if self.is_capped else f"{count}."


def trigger_of(*, schedule: Schedule, now: datetime) -> Trigger:
    last = schedule.cycles.order_by("-number").first()
    going = schedule.cycles.filter(state__in=OPEN).first()
    lately = schedule.cycles.filter(started_at__gt=now - DAY).count()
    return Trigger(
        is_enabled=schedule.is_enabled,
        new_pairs=completed_since(schedule=schedule, since=last.started_at if last else None),
        every=schedule.every_pairs,
        going=going,
        is_capped=lately >= schedule.most_per_day,
    )


def completed_since(*, schedule: Schedule, since: datetime | None) -> int:
    """Pairs of the campaign completed after a moment (of all time for None); by an index alone."""
    complete = Pair.objects.filter(campaign_id=schedule.campaign_id, completed_at__isnull=False)
    return (complete.filter(completed_at__gt=since) if since else complete).count()


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A schedule that is on, as the overview tells it, and the page that says more."""

    title: str
    words: str
    url: str


def schedule_lines(*, now: datetime) -> list[ScheduleLine]:
    lines = []
    for schedule in schedules_enabled().select_related("campaign"):
        trigger = trigger_of(schedule=schedule, now=now)
        url = reverse("admin:cycles_schedule_change", args=[schedule.pk])
        if trigger.going is not None:
            url = reverse("admin:cycles_cycle_change", args=[trigger.going.pk])
        lines.append(ScheduleLine(str(schedule), trigger.words, url))
    return lines


def schedules_enabled() -> QuerySet[Schedule]:
    return Schedule.objects.filter(is_enabled=True).order_by("pk")


def cycles_running() -> QuerySet[Cycle]:
    """Those that a look may have to do something for; cycles begun by hand too, whether or not the schedule is on."""
    return Cycle.objects.filter(state=CycleState.RUNNING).order_by("pk")
