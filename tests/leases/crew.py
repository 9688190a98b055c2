"""Raters who behave badly, at the same time: double clicks, walks away, late and repeated and reordered answers.

As a program it is one process of the concurrency test: `python -m tests.leases.crew KIND CAMPAIGN RATERS T0 LOG GO`. It
begins once the file GO is there. Their clock runs 300 times as fast as ours: 20 minutes of lease end after 4 seconds.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID, uuid4

if __name__ == "__main__":
    import django

    django.setup()

from django.db import connections

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import AlreadyJudged
from annotation_site.leases.services import lease_hold, lease_release
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.preferences.selectors import extension_of
from annotation_site.preferences.services import task_skip, vote_submit
from annotation_site.scoring.holding import pair_release, pairs_hold
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.scoring.services import pair_skip, rating_submit

SPEED = 300
AWAY_S = 4.2
PATIENCE_S = 30


@dataclass(frozen=True)
class Ack:
    """What a rater was told: this key is stored as this row."""

    rater: int
    key: str
    row: int
    state: str


@dataclass
class Log:
    """Acknowledged answers and what went wrong; written through to a file where there is one."""

    path: str = ""
    acks: list[Ack] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ack(self, ack: Ack) -> None:
        with self.lock:
            self.acks.append(ack)
            self._write(["ack", ack.rater, ack.key, ack.row, ack.state])

    def fault(self) -> None:
        with self.lock:
            self.faults.append(traceback.format_exc())
            self._write(["fault", self.faults[-1]])

    def _write(self, line: list[Any]) -> None:
        if self.path:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


@dataclass(frozen=True)
class Work:
    """What is judged: pairs or tasks."""

    hold: Callable[[Rater, Campaign, datetime], list[Any]]
    release: Callable[..., None]
    judge: Callable[[Rater, UUID, UUID, datetime], Any]
    skip: Callable[..., Any]
    is_over: Callable[[Campaign], bool]


def _score(rater: Rater, token: UUID, key: UUID, now: datetime) -> Any:
    value = (key.int % 1001) / 1000
    return rating_submit(rater=rater, token=token, key=key, value=value, waive_gate=True, now=now).rating


def _vote(rater: Rater, token: UUID, key: UUID, now: datetime) -> Any:
    return vote_submit(rater=rater, token=token, key=key, choice="ab"[key.int % 2], waive_gate=True, now=now).vote


def _pairs(rater: Rater, campaign: Campaign, now: datetime) -> list[Any]:
    return pairs_hold(rater=rater, campaign=campaign, count=2, now=now).leases


def _tasks(rater: Rater, campaign: Campaign, now: datetime) -> list[Any]:
    return lease_hold(model=VoteSlot, rater=rater, campaign=campaign, count=2, now=now)


def _tasks_are_over(campaign: Campaign) -> bool:
    """Nothing is open, and nothing can be opened by asking for more votes."""
    is_open = PreferenceTask.objects.filter(campaign=campaign, state=PreferenceTask.State.OPEN).exists()
    return not is_open and not extension_of(campaign=campaign).tasks


WORK = {
    "PAIRS": Work(
        _pairs,
        pair_release,
        _score,
        pair_skip,
        lambda campaign: not Pair.objects.filter(campaign=campaign, completed_at=None, closed_at=None).exists(),
    ),
    "TASKS": Work(
        _tasks,
        partial(lease_release, model=VoteSlot),
        _vote,
        task_skip,
        _tasks_are_over,
    ),
}


class Person(threading.Thread):
    """One rater at work until there is nothing left."""

    def __init__(
        self, work: Work, rater: Rater, campaign: Campaign, t0: float, log: Log, start: threading.Barrier
    ) -> None:
        super().__init__(daemon=True)
        self.start_line = start
        self.work, self.rater, self.campaign, self.t0, self.log = work, rater, campaign, t0, log
        self.random = Random(rater.pk)
        self.later: list[tuple[UUID, UUID]] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(seconds=(time.time() - self.t0) * SPEED)

    def run(self) -> None:
        end = time.monotonic() + PATIENCE_S
        try:
            first = self.hold()
            self.start_line.wait(PATIENCE_S)
            for token in first:
                self.answer(token)
            while time.monotonic() < end:
                held = self.hold()
                if held:
                    self.act(held)
                elif self.work.is_over(self.campaign):
                    break
                else:
                    time.sleep(0.05)
            while self.later:  # what was sent once is sent again at the end, the newest first
                self.send(*self.later.pop())
        except Exception:  # noqa: BLE001 - the test asks for what was not expected
            self.log.fault()
        finally:
            connections.close_all()

    def hold(self) -> list[UUID]:
        """What this rater holds, asked for in two tabs at once now and then."""
        tab = threading.Thread(target=self.guarded, args=(self.held,)) if self.random.random() < 0.2 else None
        if tab is not None:
            tab.start()
        held = self.held()
        if tab is not None:
            tab.join()
        return held

    def held(self) -> list[UUID]:
        held = self.work.hold(self.rater, self.campaign, self.now())
        return [slot.token for slot in held if slot.token is not None]

    def act(self, tokens: list[UUID]) -> None:
        time.sleep(self.random.uniform(0.01, 0.05))  # they look and listen, however briefly
        chance = self.random.random()
        if chance < 0.03:
            time.sleep(AWAY_S)  # the leases run out; whoever comes takes them; the answers come late all the same
        if chance < 0.06:
            self.work.release(rater=self.rater, token=tokens[-1], now=self.now())
        elif chance < 0.08:
            self.skip(tokens[-1])
        for token in tokens[:: self.random.choice((1, -1))]:
            self.answer(token)

    def skip(self, token: UUID) -> None:
        try:
            self.work.skip(rater=self.rater, token=token, reason="other", now=self.now())
        except AlreadyJudged:
            return

    def answer(self, token: UUID) -> None:
        key = uuid4()
        clicks = [
            threading.Thread(target=self.guarded, args=(self.send, token, key))
            for _ in range(self.random.choice((0, 0, 1, 2)))
        ]
        for click in clicks:
            click.start()
        self.send(token, key)
        for click in clicks:
            click.join()
        if self.random.random() < 0.2:
            self.later.append((token, key))

    def guarded(self, act: Callable[..., object], *told: object) -> None:
        """The same once more at the same moment, over another connection."""
        try:
            act(*told)
        except Exception:  # noqa: BLE001 - the test asks for what was not expected
            self.log.fault()
        finally:
            connections.close_all()

    def send(self, token: UUID, key: UUID) -> None:
        row = self.work.judge(self.rater, token, key, self.now())
        self.log.ack(Ack(self.rater.pk, str(key), row.pk, str(row.state)))


def crew_at_work(work: Work, campaign: Campaign, raters: list[Rater], t0: float, log: Log) -> list[Person]:
    start = threading.Barrier(len(raters))
    people = [Person(work, rater, campaign, t0, log, start) for rater in raters]
    for person in people:
        person.start()
    return people


def main(kind: str, campaign: int, raters: str, t0: float, path: str, go: str) -> None:
    found = list(Rater.objects.filter(pk__in=json.loads(raters)))
    log = Log(path)
    log._write(["begun", os.getpid()])
    while not os.path.exists(go):
        time.sleep(0.01)
    for person in crew_at_work(WORK[kind], Campaign.objects.get(pk=campaign), found, t0, log):
        person.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), sys.argv[5], sys.argv[6])
