"""A model process under a Celery task: started on its own, followed by its event file, stopped on request.

The site never loads torch. Whatever the process does to itself (a crash, an out-of-memory kill) ends as words in the
job's row; if the worker dies, the process is told to save and stop (`keeper`), and the sweep lets another worker go on
from there.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation_site.jobs.running import JobFailed
from annotation_site.jobs.services import LEASE
from annotation_site.training import keeper, launching
from annotation_site.training.keeper import LOG_NAME
from annotation_site.training.reasons import Reason, explain
from model.events import EVENTS_NAME, EventTail

__all__ = ["LOG_NAME", "POLL_SECONDS", "ProcessFailed", "follow", "log_tail"]

POLL_SECONDS = 0.4
ORPHAN_GRACE_SECONDS = LEASE.total_seconds() / 2
"""How long the processes of a dead worker may take to save: they are gone before another worker gets the job."""

OnEvent = Callable[[Mapping[str, Any]], None]


class ProcessFailed(JobFailed):
    """The process ended by itself, other than well; `reason` says why for programs, the text for people."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason


def follow(
    arguments: Sequence[str],
    *,
    folder: Path,
    on_event: OnEvent,
    beat: Callable[[], None],
    processes: int = 1,
    name: str = "",
) -> None:
    """Run `python -m model ARGUMENTS` to its end, handing on each of its events. `processes`, `name`: see `launching`.

    `beat` is called at every look and may raise `JobCancelled` or `JobLost`: then the process is told to save and stop,
    and the exception goes on. Raises `ProcessFailed` with what a person should know when it ends by itself other than
    well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tail = EventTail(folder / EVENTS_NAME, offset=_size(folder / EVENTS_NAME))
    process = _start(launching.command(arguments, processes=processes, name=name), folder, processes=processes)
    last_error = ""
    try:
        while True:
            ended = process.poll() is not None
            for event in tail.read():
                if event.get("event") == "error":
                    last_error = str(event.get("message") or event.get("error") or "")
                on_event(event)
            if ended:
                break
            beat()
            time.sleep(POLL_SECONDS)
    finally:
        status, said = _ended(process)
    if status == keeper.BUSY:
        raise ProcessFailed(
            Reason.BUSY, "Another process still trains in this run's folder: wait a minute, then resume."
        )
    if status != 0:
        raise ProcessFailed(*explain(status, tail=said, error=last_error))


def _start(command: Sequence[str], folder: Path, *, processes: int) -> subprocess.Popen[bytes]:
    """The keeper with the command under it. It lives as long as the command, and ends it when we let go of it."""
    times = [settings.TRAINING_GRACE_SECONDS, ORPHAN_GRACE_SECONDS, ORPHAN_GRACE_SECONDS + 5]
    return subprocess.Popen(
        [sys.executable, "-IS", keeper.__file__, str(folder), *map(str, times), "--", *command],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=launching.environment(processes=processes),
        start_new_session=True,
    )


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Status and last words of the command; it is told to stop first if it has not ended by itself."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"stop\n")
        said = process.stdout.read()
        process.wait()
    try:
        report = json.loads(said)
    except ValueError:  # the keeper itself was killed
        return process.returncode or -signal.SIGKILL, ""
    return int(report["status"]), str(report["tail"])


def log_tail(log: Path, *, lines: int) -> str:
    """The last lines of a log, at most 8 KiB of it."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, _size(log) - 8192))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
