"""Raters as threads over HTTP, each with a session of its own, answering as browsers do."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

TOKEN = "b" * 32


@dataclass(slots=True)
class Load:
    """What a crowd was told beside its answers."""

    seconds: float = 0.0
    refused: list[str] = field(default_factory=list)


def crowd(port: int, sessions: list[str], *, seconds: float, pause: float, apart: bool) -> Load:
    """Let all rate for so long. `apart`: each asks for the next pair by a request of its own."""
    load = Load()
    start = time.perf_counter()
    until = start + seconds
    threads = [
        threading.Thread(target=_rate, args=(port, session, until, pause, apart, load, Random(number)))
        for number, session in enumerate(sessions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - start
    return load


def ask_who(port: int, sessions: list[str], *, seconds: float) -> int:
    """Let all ask who they are, as fast as they can; how many answers came. The least that a logged-in request does."""
    counts = [0] * len(sessions)
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < until:
            line.request("GET", "/api/v1/me/", headers={"Cookie": f"sessionid={sessions[number]}"})
            answer = line.getresponse()
            answer.read()
            counts[number] += answer.status == 200
        line.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(sessions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def _rate(port: int, session: str, until: float, pause: float, apart: bool, load: Load, random: Random) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
        "X-CSRFToken": TOKEN,
    }

    def ask(path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        line.request("POST", f"/api/v1/scoring/{path}/", json.dumps(body), headers)
        answer = line.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            load.refused.append(f"{answer.status} {text[:200]!r}")
            return []
        leases: list[dict[str, Any]] = json.loads(text)["leases"]
        return leases

    time.sleep(pause * random.random())
    held = ask("leases", {"campaign": "bench", "count": 2})
    while held and time.perf_counter() < until:
        answer = {"token": held[0]["token"], "key": str(uuid4()), "value": round(random.random(), 3)}
        told = {"played_ms": 15_000, "active_ms": 17_000, "input_method": "keyboard"}
        evidence = {"clips": {"clip": {"ranges": [[0, 15]], "gain_db": 0.0}}, "scale_px": 720}
        held = ask("ratings", {**answer, **told, "evidence": evidence, "count": 1 if apart else 2})
        if apart:
            held = ask("leases", {"campaign": "bench", "count": 2})
        time.sleep(pause)
    line.close()
