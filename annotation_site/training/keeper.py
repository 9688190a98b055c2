"""Keeps a training's processes for a worker: ends them all in order, also when the worker is gone.

    python keeper.py FOLDER GRACE ORPHAN_GRACE LOCK_WAIT -- COMMAND...

The worker holds the other end of standard input. A line on it asks the command to stop within GRACE seconds; its end,
which the system sees to however a worker dies, within ORPHAN_GRACE. Stopping is SIGTERM to the command alone (it saves;
`torchrun` passes it on to its ranks), and SIGKILL to everything that is left after the grace. A folder is locked for as
long as something trains in it. What the command says goes to FOLDER/log.txt as long as there is room; how it ended and
the last that it said are one JSON object on standard output. Standard library only: this process must be small.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

LOG_NAME = "log.txt"
LOCK_NAME = ".lock"
BUSY = 75
"""The status where another process still trains in the folder (EX_TEMPFAIL)."""

TAIL_BYTES = 16_384
_LOOK_SECONDS = 0.1
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None)  # loaded here: nothing may be loaded between fork and exec


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    grace, orphan_grace, lock_wait = map(float, arguments[1:4])
    for sign in (signal.SIGINT, signal.SIGTERM):  # what is sent to all processes reaches worker and command themselves
        signal.signal(sign, lambda *_: None)
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what `torchrun` leaves behind becomes ours
    try:
        lock, log = (folder / LOCK_NAME).open("ab"), (folder / LOG_NAME).open("ab", buffering=0)
    except OSError as error:
        _report(1, f"error: {'disk full: ' if error.errno == errno.ENOSPC else ''}{error}".encode())
        return 0
    if not _locked(lock, lock_wait):
        _report(BUSY, b"")
        return 0
    process = subprocess.Popen(
        arguments[5:],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=[lock.fileno()],  # should this process be killed, the folder stays locked until the command ends
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, and there are no threads here
    )
    _report(*_keep(process, log, grace=grace, orphan_grace=orphan_grace))
    return 0


def _end_with_parent() -> None:
    """Linux: the command gets SIGTERM should this process be killed."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _locked(lock: IO[bytes], wait: float) -> bool:
    """Whether the folder is ours now; the processes of a lost worker get `wait` seconds to leave it."""
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_SECONDS)


def _keep(process: subprocess.Popen[bytes], log: IO[bytes], *, grace: float, orphan_grace: float) -> tuple[int, bytes]:
    """The command's status and the last that it said, once nothing of it is left."""
    assert process.stdout is not None
    output, asked = process.stdout.fileno(), 0
    watched = [output, asked]
    tail, deadline = b"", float("inf")
    while process.poll() is None:
        ready, _, _ = select.select(watched, [], [], _LOOK_SECONDS)
        if output in ready:
            said = os.read(output, 65_536)
            tail = _noted(said, tail, log)
            if not said:
                watched.remove(output)
        if asked in ready:
            is_gone = not os.read(asked, 1024)
            if is_gone:
                watched.remove(asked)
            if deadline == float("inf"):
                process.terminate()
            deadline = min(deadline, time.monotonic() + (orphan_grace if is_gone else grace))
        if time.monotonic() > deadline:
            _kill_all(process.pid)
    _kill_all(process.pid)
    os.set_blocking(output, False)
    with contextlib.suppress(BlockingIOError):
        while said := os.read(output, 65_536):
            tail = _noted(said, tail, log)
    return process.returncode, tail


def _noted(said: bytes, tail: bytes, log: IO[bytes]) -> bytes:
    with contextlib.suppress(OSError):  # no room for the log: the tail still tells why
        log.write(said)
    return (tail + said)[-TAIL_BYTES:]


def _kill_all(group: int) -> None:
    """End what is left: the command's group, then whatever of it became ours, until there is nothing more."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    while left := [pid for pid in _children() if pid != group]:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    """This process's children, by /proc; none where there is no /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == os.getpid():
                found.append(int(status.parent.name))
    return found


def _report(status: int, tail: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps({"status": status, "tail": tail.decode(errors="replace")}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
