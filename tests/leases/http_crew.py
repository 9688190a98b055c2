"""Raters over HTTP who behave as badly as browsers and networks do. No Django: only addresses, sessions and answers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

CSRF = "c" * 32
TRIES = 40
RETRY_S = 0.25


@dataclass(frozen=True)
class Work:
    """What is judged over HTTP: below which address, and what an answer and its acknowledgement are called."""

    root: str
    answers: str
    given: str
    judge: Callable[[Random], dict[str, Any]]


SCORES = Work("/api/v1/scoring/", "ratings/", "rating", lambda random: {"value": round(random.random(), 3)})
VOTES = Work("/api/v1/preferences/", "votes/", "vote", lambda random: {"choice": random.choice("ab")})


@dataclass
class Told:
    """What the server said, to all of them: acknowledged answers by key, every status, and who was answered when."""

    acks: list[tuple[int, str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_over: threading.Event = field(default_factory=threading.Event)


class Person(threading.Thread):
    """One rater with one session, at work until the campaign is over."""

    def __init__(self, work: Work, number: int, port: int, campaign: str, session: str, told: Told, seed: int) -> None:
        super().__init__(daemon=True)
        self.what = work
        self.number, self.port, self.campaign, self.told = number, port, campaign, told
        self.headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
        }
        self.random = Random(seed * 1000 + number)
        self.sent: list[dict[str, Any]] = []

    def run(self) -> None:
        while not self.told.is_over.is_set():
            held = self.ask("leases/", {"campaign": self.campaign, "count": self.random.choice((1, 2, 2, 3))})
            leases = held["leases"] if held else []
            if not leases:
                time.sleep(0.1)
            for lease in leases:
                self.work(lease["token"])

    def work(self, token: str) -> None:
        chance = self.random.random()
        if chance < 0.05:  # closes the tab: the lease has to end by itself
            return
        if chance < 0.07:
            self.ask(f"leases/{token}/skip/", {"reason": "familiar"})
            return
        if chance < 0.10:
            self.ask(f"leases/{token}/release/", {})
            return
        answer = {"token": token, "key": str(uuid4()), **self.what.judge(self.random), "count": 1}
        self.sent.append(answer)
        if chance < 0.25:  # a double click: both at once, over two connections
            second = threading.Thread(target=self.send, args=(answer,))
            second.start()
            self.send(answer)
            second.join()
        elif chance < 0.35:  # the network held one back: it comes after later ones
            return
        else:
            self.send(answer)
        if self.random.random() < 0.2:
            self.send(self.random.choice(self.sent))

    def send(self, answer: dict[str, Any]) -> None:
        told = self.ask(self.what.answers, answer)
        if told:
            given = told[self.what.given]
            assert given["id"] == answer["key"]
            with self.told.lock:
                self.told.acks.append((self.number, answer["key"], given["state"]))

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The answer, however often the server dies over it; None for a refusal."""
        for _ in range(TRIES):
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                line.request("POST", self.what.root + path, json.dumps(body), self.headers)
                answer = line.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(RETRY_S)
                continue
            finally:
                line.close()
            with self.told.lock:
                self.told.statuses.append(answer.status)
                if answer.status not in (200, 201, 204, 404, 409):
                    self.told.odd.append(f"{path} {answer.status} {text[:300]!r}")
            found: dict[str, Any] | None = json.loads(text) if answer.status in (200, 201) else None
            return found
        with self.told.lock:
            self.told.odd.append(f"{path}: no answer")
        return None
