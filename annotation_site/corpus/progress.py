"""How far an import is, how fast it goes and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Counts:
    """What became of the files so far."""

    added: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        return self.added + self.skipped + self.failed


@dataclass(frozen=True, slots=True)
class Progress:
    """Numbers of files. `rate` is in files a second of late, `seconds_left` at that rate; None while not known."""

    done: int = 0
    total: int = 0
    added: int = 0
    skipped: int = 0
    failed: int = 0
    rate: float | None = None
    seconds_left: float | None = None
    doing: str = ""

    @property
    def words(self) -> str:
        if self.doing:
            return self.doing
        if self.rate is None or self.seconds_left is None:
            return f"{self.total:,} file{'' if self.total == 1 else 's'} to look at"
        return f"{_rate_in_words(self.rate)}, about {_time_in_words(self.seconds_left)} left"


class Report(Protocol):
    """Told of progress a few times a second; may raise to stop the work."""

    def __call__(self, progress: Progress) -> None: ...


class Pace:
    """The rate over the last `window` seconds, so that a long stretch of files that were there already does not count
    for the ones that come after it."""

    def __init__(self, *, window: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.window = window
        self.clock = clock
        self.marks: deque[tuple[float, int]] = deque()

    def rate(self, done: int) -> float | None:
        """Files a second, now that `done` are done; None before there is anything to tell it from."""
        now = self.clock()
        while len(self.marks) > 1 and self.marks[1][0] <= now - self.window:
            self.marks.popleft()
        self.marks.append((now, done))
        start, before = self.marks[0]
        if now - start < 1 or done <= before:
            return None
        return (done - before) / (now - start)


def progress_of(counts: Counts, total: int, rate: float | None, *, doing: str = "") -> Progress:
    return Progress(
        done=counts.done,
        total=total,
        added=counts.added,
        skipped=counts.skipped,
        failed=counts.failed,
        rate=rate,
        seconds_left=None if rate is None else (total - counts.done) / rate,
        doing=doing,
    )


def _rate_in_words(rate: float) -> str:
    if rate >= 20:
        return f"{rate:,.0f} files a second"
    return f"{rate:.1f} files a second" if rate >= 1 else f"{60 * rate:.0f} files a minute"


def _time_in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
