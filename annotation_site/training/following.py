"""A model process under a Celery task: started on its own, followed by its event file, stopped on request.

The site never loads torch. Whatever the process does to itself (a crash, an out-of-memory kill) ends as words in the
job's row; if the worker dies, the process is told to save and stop, and the sweep lets another worker go on from there.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation_site.jobs.running import JobFailed
from annotation_site.jobs.services import JobCancelled, JobLost
from model.events import EVENTS_NAME, EventTail

LOG_NAME = "log.txt"
POLL_SECONDS = 0.4
GRACE_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded here: nothing may be loaded between fork and exec

OnEvent = Callable[[Mapping[str, Any]], None]


def _end_with_parent() -> None:
    """Linux: the process gets SIGTERM when its worker is gone, however that went. Elsewhere the sweep must wait."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def follow(arguments: Sequence[str], *, folder: Path, on_event: OnEvent, beat: Callable[[], None]) -> None:
    """Run `python -m model ARGUMENTS` to its end, handing on each of its events.

    `beat` is called at every look and may raise `JobCancelled` or `JobLost`: then the process is told to save and stop,
    and the exception goes on. Raises `JobFailed` with what a person should know when it ends by itself other than well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tail = EventTail(folder / EVENTS_NAME, offset=_size(folder / EVENTS_NAME))
    with (folder / LOG_NAME).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "model", *arguments],
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            # Threads that wait must sleep: spinning, they slow a machine that serves people at the same time tenfold.
            env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE"},
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, nothing that could wait for a lock
        )
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
    except (JobCancelled, JobLost):
        _stop(process)
        raise
    finally:
        if process.poll() is None:
            _stop(process)
    if process.returncode != 0:
        raise JobFailed(_why(process.returncode, last_error, folder / LOG_NAME))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why(status: int, error: str, log: Path) -> str:
    if status == -signal.SIGKILL:
        return (
            "The process was killed from outside, most likely because the machine ran out of memory: "
            "choose a smaller recipe or batch, or a machine with more memory, then resume."
        )
    if status in (-signal.SIGTERM, 128 + signal.SIGTERM):
        return "The process was told to stop and saved a checkpoint: resume goes on from there."
    return error or log_tail(log, lines=1) or f"The process ended with status {status} and said nothing."


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
