"""A report is worked out once for all who look, and never by two at the same time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.core.cache import cache

from annotation_site.reliability.headline import headline
from annotation_site.reliability.report import Report, report_compute, settings_of, targets_of
from annotation_site.scoring.models import Campaign, Rating

MIN_AGE = timedelta(seconds=3)
"""A report younger than this is shown as it is, even to who asks for a new one."""
REST_IS_TIMES = 60
"""A report that took five seconds is made anew after five minutes, unless somebody asks for it."""
KEEP_S = 24 * 3600
LOCK_S = 300
"""So long a computation that died keeps others from trying."""
WAIT_S = 20.0
STEP_S = 0.2


def report_kept(
    *, campaign: Campaign, now: datetime, is_asked_for: bool = False, wait_s: float = WAIT_S
) -> Report | None:
    """The newest report; a new one if the ratings or the campaign's settings changed and the last has had its rest.

    `is_asked_for` waives the rest. Whoever comes while somebody else computes gets the report before it; the very first
    one is waited for, and None says that it is not there after `wait_s` seconds.
    """
    key, lock = f"reliability:report:1:{campaign.pk}", f"reliability:computing:{campaign.pk}"
    kept: tuple[object, Report] | None = cache.get(key)
    if kept is not None and not _is_due(kept[1], now, is_asked_for):
        return kept[1]
    current = _signature(campaign, now)
    if kept is not None and kept[0] == current and not is_asked_for:
        return kept[1]
    if not cache.add(lock, True, LOCK_S):
        return kept[1] if kept is not None else _awaited(key, wait_s)
    try:
        report = report_compute(campaign=campaign, now=now)
        cache.set(key, (current, report), KEEP_S)
    finally:
        cache.delete(lock)
    return report


def _is_due(report: Report, now: datetime, is_asked_for: bool) -> bool:
    age = now - report.computed_at
    rest = MIN_AGE if is_asked_for else max(MIN_AGE, REST_IS_TIMES * timedelta(seconds=report.took_s))
    return age >= rest or age < timedelta(0)


def _awaited(key: str, wait_s: float) -> Report | None:
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        kept: tuple[object, Report] | None = cache.get(key)
        if kept is not None:
            return kept[1]
        time.sleep(STEP_S)
    return None


def _signature(campaign: Campaign, now: datetime) -> tuple[object, ...]:
    """What changes whenever the report would: what the pairs carry, and the newest rating (a repeat is in no pair)."""
    newest = Rating.objects.filter(pair__campaign=campaign).order_by("-pk").values_list("pk", flat=True).first()
    figures = headline(campaign=campaign, now=now).figures
    return (figures, newest, campaign.name, settings_of(campaign), targets_of(campaign))
