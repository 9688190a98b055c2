"""Many files over several processes. A file that kills its process costs that file.

The processes are plain children with pipes (`child.py`), not `multiprocessing`'s: those may not be started inside a
Celery worker, and run the caller's main module once more.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue

from mpd_builder.ingest.items import Candidate, Limits, Outcome, Rejected, Work
from mpd_builder.ingest.processing import process

Request = tuple[Work, Candidate, Limits]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The processes share the cores among them: NumPy's own threads would fight for them."""

TRIES = 2
"""A process may also die of what others do to the machine's memory, so a file is tried again before it is blamed."""


def process_many(
    candidates: Iterable[Candidate], *, limits: Limits, workers: int, work: Work = process
) -> Generator[tuple[Candidate, Outcome], None, None]:
    """Process the candidates and yield each with its outcome as it is ready; `candidates` is drawn from as needed.

    At most twice `workers` files are under way, so memory does not grow with their number. A file whose process dies
    twice (a decoder's crash, the system's memory killer) is rejected. Closing the generator ends the processes at once.
    `work` must be importable by name.
    """
    source = iter(candidates)
    team = _Team(workers)
    threads = ThreadPoolExecutor(workers, thread_name_prefix="ingest")
    under_way: dict[Future[Outcome], Candidate] = {}
    try:
        while True:
            while len(under_way) < 2 * workers and (candidate := next(source, None)) is not None:
                under_way[threads.submit(team.ask, (work, candidate, limits))] = candidate
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                yield under_way.pop(future), future.result()
    finally:
        team.dismiss()
        threads.shutdown(cancel_futures=True)
        team.close()


class Checker:
    """One process that stays between files, for whoever checks one now and then. Not for several threads at a time."""

    def __init__(self) -> None:
        self._child = _Child()

    def check(self, candidate: Candidate, *, limits: Limits, work: Work = process, seconds: float) -> Outcome:
        """The file's outcome. One that takes longer than `seconds` is rejected, as is one whose process dies."""
        if self._child.is_dismissed:
            self._child = _Child()
        timer = threading.Timer(seconds, self._child.dismiss)
        timer.daemon = True
        timer.start()
        outcome = self._child.ask((work, candidate, limits))
        timer.cancel()
        if outcome is None and self._child.is_dismissed:
            return Rejected("too_slow", f"Decoding it takes longer than {seconds:g} s.", "Make it smaller or shorter.")
        return _crashed() if outcome is None else outcome

    def close(self) -> None:
        self._child.close()


def _crashed() -> Rejected:
    reason = "Decoding it ended the process that did it: a fault in the decoder, or too little memory."
    return Rejected("crashed", reason, "Convert it to another format, or make it smaller.")


class _Team:
    """The processes, each asked by one thread at a time."""

    def __init__(self, size: int) -> None:
        self.children = [_Child() for _ in range(size)]
        self.free: SimpleQueue[_Child] = SimpleQueue()
        for child in self.children:
            self.free.put(child)

    def ask(self, request: Request) -> Outcome:
        child = self.free.get()
        try:
            for _ in range(TRIES):
                if (outcome := child.ask(request)) is not None:
                    return outcome
        finally:
            self.free.put(child)
        return _crashed()

    def dismiss(self) -> None:
        """End the processes, whatever they are at; threads that wait for an answer go on without one."""
        for child in self.children:
            child.dismiss()

    def close(self) -> None:
        for child in self.children:
            child.close()


class _Child:
    """One process, started when first asked and again after it died."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.is_dismissed = False
        self.lock = threading.Lock()

    def ask(self, request: Request) -> Outcome | None:
        """Its answer; None when it died over it or is dismissed."""
        process = self._running()
        if process is None or process.stdin is None or process.stdout is None:
            return None
        try:
            pickle.dump(request, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            answer: Outcome = pickle.load(process.stdout)  # noqa: S301 - from our own child
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self.close()
            return None
        return answer

    def _running(self) -> subprocess.Popen[bytes] | None:
        with self.lock:
            if self.process is None and not self.is_dismissed:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "mpd_builder.ingest.child"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # decoders chatter there, past all that Python could catch
                    env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    start_new_session=True,  # Ctrl-C is the parent's business
                )
            return self.process

    def dismiss(self) -> None:
        with self.lock:
            self.is_dismissed = True
            if self.process is not None:
                self.process.kill()

    def close(self) -> None:
        """Reap the process and close its pipes."""
        with self.lock:
            process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # a request that it never read
