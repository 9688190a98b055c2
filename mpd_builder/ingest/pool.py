"""Many files over several processes. A file that kills its process costs that file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess

from mpd_builder.ingest.items import Candidate, CheckedPainting, CheckedTrack, Limits, Rejected
from mpd_builder.ingest.processing import process

Outcome = CheckedPainting | CheckedTrack | Rejected
Work = Callable[..., CheckedPainting | CheckedTrack]


def process_many(
    candidates: Iterable[Candidate], *, limits: Limits, workers: int, work: Work = process
) -> Generator[tuple[Candidate, Outcome], None, None]:
    """Process the candidates and yield each with its outcome as it is ready; `candidates` is drawn from as needed.

    At most twice `workers` files are under way, so memory does not grow with their number. When a process dies (a
    decoder's crash, the system's memory killer), the files under way are tried again one by one, and one that kills its
    process alone is rejected. Closing the iterator stops the processes. `work` must be importable by name.
    """
    source = iter(candidates)
    while lost := (yield from _run(source, limits, workers, work)):
        for candidate in lost:
            if (yield from _run(iter([candidate]), limits, 1, work)):
                reason = "Decoding it ended the process that did it: a fault in the decoder, or too little memory."
                yield candidate, Rejected("crashed", reason, "Convert it to another format, or make it smaller.")


def _run(
    source: Iterator[Candidate], limits: Limits, workers: int, work: Work
) -> Generator[tuple[Candidate, Outcome], None, list[Candidate]]:
    """Work through `source` with one set of processes; returns the candidates that were under way when one died."""
    under_way: dict[Future[Outcome], Candidate] = {}
    # Spawned, not forked: the caller may hold threads and database connections.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_settle)
    try:
        while True:
            while len(under_way) < 2 * workers and (candidate := next(source, None)) is not None:
                try:
                    under_way[pool.submit(_outcome, candidate, limits, work)] = candidate
                except BrokenProcessPool:
                    return [*under_way.values(), candidate]
            if not under_way:
                return []
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    return list(under_way.values())
                yield under_way.pop(future), outcome
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(candidate: Candidate, limits: Limits, work: Work) -> Outcome:
    try:
        return work(candidate, limits=limits)
    except Rejected as rejected:
        return rejected
    except Exception as error:  # noqa: BLE001 - the worker's outermost loop: one file must not stop the others
        reason = f"Something we did not expect: {type(error).__name__}: {error}"
        return Rejected("unexpected", reason, "Please report it, with the file if you can.")


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _settle() -> None:
    """In each process: leave Ctrl-C to the parent, end with it, and keep the decoders' own chatter off the screen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # libmpg123 writes to the C library's standard error, past everything that Python could catch.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    os.close(silent)
