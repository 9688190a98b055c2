"""The warm model: `python -m model serve` as a process under this worker, started when it is first needed.

It is started anew when another version is asked for or when it died, and ended after some idle time, so that a laptop
has its memory back. It ends with its worker, however that ends: its input closes, and on Linux it gets a signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation_site.jobs.running import JobFailed
from annotation_site.judging.checking import CHECKER

log = logging.getLogger(__name__)

LOG_NAME = "judge-model.log"
LOADING_SECONDS = 180.0
SILENT_SECONDS = 120.0
"""A model that says nothing for so long is taken for dead."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded here: nothing may be loaded between fork and exec
_BLOCK = 65_536

OnProgress = Callable[[int, int], None]


class ModelDied(Exception):
    """The process ended or fell silent; the text is the last that it wrote, if anything."""


def serve_command(folder: Path) -> list[str]:
    command = [sys.executable, "-m", "model", "serve", "--checkpoint", str(folder), "--device", settings.JUDGE_DEVICE]
    return [*command, "--threads", str(settings.JUDGE_THREADS)] if settings.JUDGE_THREADS else command


class WarmModel:
    """One process, of one version at a time, for one thread that asks. `on_idle` is called when it ends for that."""

    def __init__(
        self, command: Callable[[Path], list[str]] = serve_command, *, on_idle: Callable[[], None] = lambda: None
    ) -> None:
        self._command, self._on_idle = command, on_idle
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._version: object = None
        self._timer: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return self._process.pid if self._process else None

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """What is done inside is not idle; the idle time begins after it."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            try:
                yield
            finally:
                self._timer = threading.Timer(settings.JUDGE_IDLE_MINUTES * 60.0, self._leave)
                self._timer.daemon = True
                self._timer.start()

    def ask(self, arrays: Path, *, version: object, folder: Path, on_progress: OnProgress) -> dict[str, Any]:
        """The verdict on a folder of arrays by the version whose checkpoint lies in `folder`; inside `in_use`.

        `on_progress` may raise to stop the work: the process is then ended. Raises `JobFailed` in words. A process
        that dies over a request is started once more before that request is blamed.
        """
        try:
            try:
                return self._running(version, folder).ask(arrays, on_progress)
            except ModelDied as death:
                log.warning("the warm model died and is started once more: %s", death)
                self._end()
                return self._running(version, folder).ask(arrays, on_progress)
        except ModelDied as death:
            self._end()
            raise JobFailed(_in_words(death)) from None
        except JobFailed:
            raise
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """End the process, if there is one, whatever it is at."""
        if self._timer is not None:
            self._timer.cancel()
        self._end()

    def _running(self, version: object, folder: Path) -> _Process:
        if self._process is not None and (self._version != version or not self._process.is_alive):
            self._end()
        if self._process is None:
            self._process, self._version = _Process(self._command(folder)), version
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _leave(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread():  # else somebody asked in this moment
                self._end()
                self._on_idle()


class _Process:
    """The process and its two pipes."""

    def __init__(self, command: list[str]) -> None:
        logs = Path(settings.STATE_DIR) / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / LOG_NAME
        with self._log.open("wb") as errors:
            self._popen = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Threads that wait must sleep: spinning, they slow a machine that serves people at the same time.
                env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE"},
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, nothing that could wait for a lock
            )
        self._unread = b""
        self._asked = 0
        self._is_ready = False

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def ask(self, arrays: Path, on_progress: OnProgress) -> dict[str, Any]:
        """The verdict. Raises `ModelDied`, or `JobFailed` with what the model refuses."""
        if not self._is_ready:
            self._line(LOADING_SECONDS)
            self._is_ready = True
        self._asked += 1
        self._send({"id": self._asked, "arrays": str(arrays)})
        while True:
            line = self._line(SILENT_SECONDS)
            if "verdict" in line:
                return {**line["verdict"], "seconds": line["seconds"]}
            if "error" in line:
                raise JobFailed(f"The model cannot judge this: {line['error']}")
            on_progress(line["done"], line["total"])

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _send(self, request: dict[str, Any]) -> None:
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")
            self._popen.stdin.flush()
        except BrokenPipeError:
            raise ModelDied(self._last_words()) from None

    def _line(self, seconds: float) -> dict[str, Any]:
        """The next line, waited for at most so long. Raises `ModelDied`."""
        assert self._popen.stdout is not None
        pipe, end = self._popen.stdout.fileno(), time.monotonic() + seconds
        while b"\n" not in self._unread:
            left = end - time.monotonic()
            if left <= 0:
                raise ModelDied(f"it said nothing for {seconds:.0f} s")
            if select.select([pipe], [], [], left)[0]:
                block = os.read(pipe, _BLOCK)
                if not block:
                    raise ModelDied(self._last_words())
                self._unread += block
        line, _, self._unread = self._unread.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def _last_words(self) -> str:
        """Why it ended: killed from outside, or the last line of its log."""
        if self._popen.wait() == -signal.SIGKILL:
            return "it was killed from outside, most likely because the machine ran out of memory"
        lines = self._log.read_bytes()[-_BLOCK:].decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("error: ") if lines else f"it ended with status {self._popen.returncode}"


def _end_with_parent() -> None:
    """Linux: the process gets SIGTERM when its worker is gone, also in the middle of a request."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _in_words(death: ModelDied) -> str:
    return (
        f"The model's process ended over this, twice: {death}. "
        "Try fewer paintings or 15 seconds of the music; if that ends it too, an admin finds more in the worker's log."
    )


WARM = WarmModel(on_idle=CHECKER.close)
"""This worker's model. When it is idle, so is what decodes."""
