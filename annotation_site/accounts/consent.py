"""Writes about taking part: a rater's consent and briefing, each recorded once, with its time."""

from __future__ import annotations

from datetime import datetime

from annotation_site.accounts.models import Rater


def consent_give(*, rater: Rater, now: datetime) -> None:
    """Record that the rater agreed to take part. The first time stands."""
    Rater.objects.filter(pk=rater.pk, consented_at=None).update(consented_at=now)


def briefing_finish(*, rater: Rater, now: datetime) -> None:
    """Record that the rater has read the briefing. The first time stands."""
    Rater.objects.filter(pk=rater.pk, briefed_at=None).update(briefed_at=now)
