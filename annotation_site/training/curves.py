"""A run's event file as curves, pace and attempts, however long the run: read once, then only what is new."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from annotation_site.charts.drawings import LINE_STYLES, Series, thinned
from annotation_site.training import artefacts
from annotation_site.training.models import TrainingRun
from model.events import EVENTS_NAME, parse_events

MOST_POINTS = 300
"""So many points of a curve go to a page, whatever the run's length."""

PACE_POINTS = 20
LOSSES: Final = {"loss": "Total", "loss_reg": "Scores", "loss_dpo": "Preferences"}
VALIDATION: Final = {"mae": "MAE", "srcc": "SRCC", "plcc": "PLCC"}
STAGES: Final = {"regression": "Learning scores", "preference": "Learning preferences"}
_STEP_FIELDS: Final = (*LOSSES, "lr", "time")
_HELD: Final = 16

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of the run: when, from which step, on what, and how it ended (empty while it goes on or was killed)."""

    number: int
    started_at: datetime
    step: int
    device: str
    processes: int
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a run is and how fast. `seconds_left` is None until two steps were timed; `mfu` is a share."""

    step: int
    steps: int
    stage: str
    pairs_per_s: float | None
    mfu: float | None
    memory_mb: float | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Curves:
    """What the page of a run draws of its events."""

    losses: list[Series]
    validation: list[Series]
    latest: dict[str, float]
    pace: Pace | None
    attempts: list[Attempt]


@dataclass
class History:
    """What a run has said so far. A resumed run goes back to its checkpoint: what came after it is forgotten."""

    steps: dict[int, dict[str, float]] = field(default_factory=dict)
    checks: dict[int, dict[str, float]] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    last: Mapping[str, Any] = field(default_factory=dict)

    def add(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            match event.get("event"):
                case "start":
                    self._begin(event)
                case "step":
                    self.steps[int(event["step"])] = _numbers(event, _STEP_FIELDS)
                    self.last = event
                case "validation":
                    self.checks[int(event["step"])] = _numbers(event, VALIDATION)
                case "end" | "error":
                    self._end(event)

    def _begin(self, event: Mapping[str, Any]) -> None:
        step = int(event.get("step") or 0)
        self.steps = {at: point for at, point in self.steps.items() if at <= step}
        self.checks = {at: point for at, point in self.checks.items() if at <= step}
        self.attempts.append(
            Attempt(
                number=len(self.attempts) + 1,
                started_at=datetime.fromtimestamp(float(event.get("time") or 0), tz=UTC),
                step=step,
                device=str(event.get("device", "")),
                processes=int(event.get("processes") or 1),
            )
        )

    def _end(self, event: Mapping[str, Any]) -> None:
        if self.attempts:
            began = self.attempts[-1]
            words = "done" if event["event"] == "end" else str(event.get("message") or event.get("reason") or "stopped")
            self.attempts[-1] = Attempt(
                began.number, began.started_at, began.step, began.device, began.processes, words
            )

    def curves(self) -> Curves:
        checks = sorted(self.checks)
        return Curves(
            losses=_series(self.steps, LOSSES),
            validation=_series(self.checks, VALIDATION),
            latest={VALIDATION[name]: value for name, value in self.checks[checks[-1]].items()} if checks else {},
            pace=self._pace(),
            attempts=list(self.attempts),
        )

    def _pace(self) -> Pace | None:
        if not self.last:
            return None
        step, steps = int(self.last["step"]), int(self.last.get("steps") or 0)
        began = self.attempts[-1].step if self.attempts else 0
        recent = [(at, self.steps[at]["time"]) for at in sorted(self.steps)[-PACE_POINTS:] if "time" in self.steps[at]]
        return Pace(
            step=step,
            steps=steps,
            stage=STAGES.get(str(self.last.get("stage")), str(self.last.get("stage") or "")),
            pairs_per_s=_number(self.last, "pairs_per_s"),
            mfu=_number(self.last, "mfu"),
            memory_mb=_number(self.last, "peak_memory_mb"),
            seconds_left=seconds_left([(at, time) for at, time in recent if at > began], steps=steps),
        )


def seconds_left(timed: Sequence[tuple[int, float]], *, steps: int) -> float | None:
    """What is left of a run at the pace of its last steps, as (step, time in seconds), validation included."""
    if len(timed) < 2:
        return None
    (first, began), (last, now) = timed[0], timed[-1]
    return max(0.0, (steps - last) * (now - began) / (last - first))


def history_of(events: Iterable[Mapping[str, Any]]) -> History:
    history = History()
    history.add(events)
    return history


def _series(points: Mapping[int, Mapping[str, float]], names: Mapping[str, str]) -> list[Series]:
    ordered = sorted(points)
    found = []
    for (key, name), style in zip(names.items(), LINE_STYLES, strict=False):
        line: list[Point] = [(float(at), points[at][key]) for at in ordered if key in points[at]]
        if line:
            found.append(Series(name, thinned(line, most=MOST_POINTS), style))
    return found


def _numbers(event: Mapping[str, Any], names: Iterable[str]) -> dict[str, float]:
    found = {name: _number(event, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _number(event: Mapping[str, Any], name: str) -> float | None:
    value = event.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class _Follower:
    """One run's event file and what was read of it, wherever runs are kept."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.offset, self.history = 0, History()
        self.lock = threading.Lock()
        self._looked = float("-inf")

    def curves(self) -> Curves:
        with self.lock:
            if artefacts.in_place() or time.monotonic() - self._looked > artefacts.EVERY.total_seconds():
                self._looked = time.monotonic()
                self._read()
            return self.history.curves()

    def _read(self) -> None:
        try:
            with artefacts.open_file(self.folder, EVENTS_NAME) as file:
                if file.seek(0, os.SEEK_END) < self.offset:  # begun anew
                    self.offset, self.history = 0, History()
                file.seek(self.offset)
                content = file.read()
        except (FileNotFoundError, artefacts.StorageUnreachable):
            return
        self.offset += content.rfind(b"\n") + 1
        self.history.add(parse_events(content))


_followers: OrderedDict[str, _Follower] = OrderedDict()
_lock = threading.Lock()


def run_curves(run: TrainingRun) -> Curves:
    """The curves so far. Asked again, only what the run has said since is read."""
    if not run.folder:
        return History().curves()
    place = str(artefacts.folder_of(run.folder))
    with _lock:
        follower = _followers.pop(place, None) or _Follower(run.folder)
        _followers[place] = follower
        while len(_followers) > _HELD:
            _followers.popitem(last=False)
    return follower.curves()
