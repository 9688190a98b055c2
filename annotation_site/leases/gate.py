"""The time gate: nobody can have heard 15 seconds of music sooner than about 15 seconds after getting it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.errors import TooSoon

HEARD_SHARE = 0.95
"""The share of the music that must have had time to sound: below 1, so that no honest answer fails by a rounding."""


def clip_seconds(clip: Clip) -> float:
    return (clip.stop_frame - clip.start_frame) / clip.track.sample_rate


def gate_check(
    *,
    rater: Rater,
    clips: Iterable[Clip],
    issued_at: datetime,
    last_answer_at: datetime | None,
    waive_gate: bool,
    now: datetime,
) -> None:
    """Raise `TooSoon` unless the clips had the time to sound, one after the other.

    The clock starts when the lease was issued; for a lease that was fetched ahead, at the rater's previous answer.
    `waive_gate` is for simulated raters, and has no effect for a person.
    """
    if waive_gate and rater.is_simulated:
        return
    begun_at = issued_at if last_answer_at is None else max(issued_at, last_answer_at)
    seconds = HEARD_SHARE * sum(clip_seconds(clip) for clip in clips)
    wait = begun_at + timedelta(seconds=seconds) - now
    if wait > timedelta(0):
        raise TooSoon(wait.total_seconds())
