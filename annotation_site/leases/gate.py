"""The time gate: nobody can have heard 15 seconds of music sooner than about 15 seconds after getting it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.errors import TooSoon

CLOCKS_S = 0.1
"""The end of a clip that need not have sounded, whatever the share: as uncertain as the clocks (as in audio.js)."""


def clip_seconds(clip: Clip) -> float:
    return (clip.stop_frame - clip.start_frame) / clip.track.sample_rate


def gate_check(
    *,
    rater: Rater,
    clips: Iterable[Clip],
    share: float,
    issued_at: datetime,
    last_answer_at: datetime | None,
    waive_gate: bool,
    now: datetime,
) -> None:
    """Raise `TooSoon` unless `share` (0 to 1) of each clip had the time to sound, one after the other.

    The clock starts when the lease was issued; for a lease that was fetched ahead, at the rater's previous answer.
    `waive_gate` is for simulated raters, and has no effect for a person.
    """
    if waive_gate and rater.is_simulated:
        return
    begun_at = issued_at if last_answer_at is None else max(issued_at, last_answer_at)
    lengths = [clip_seconds(clip) for clip in clips]
    seconds = sum(max(0.0, min(share * length, length - CLOCKS_S)) for length in lengths)
    wait = begun_at + timedelta(seconds=seconds) - now
    if wait > timedelta(0):
        raise TooSoon(wait.total_seconds())
