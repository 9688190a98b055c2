"""The other end of a pool's process: takes requests from standard input, gives outcomes to standard output.

Both are pickles, between a program and its own child. It ends when its input ends, so it never outlives its parent.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO

from mpd_builder.ingest.items import Candidate, Limits, Outcome, Rejected, Work


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while True:
        try:
            work, candidate, limits = pickle.load(requests)  # noqa: S301 - from our own parent
        except EOFError:
            return
        pickle.dump(_outcome(work, candidate, limits), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _outcome(work: Work, candidate: Candidate, limits: Limits) -> Outcome:
    try:
        return work(candidate, limits=limits)
    except Rejected as rejected:
        return rejected
    except Exception as error:  # noqa: BLE001 - the worker's outermost loop: one file must not stop the others
        reason = f"Something we did not expect: {type(error).__name__}: {error}"
        return Rejected("unexpected", reason, "Please report it, with the file if you can.")


def main() -> None:
    # What a decoder prints must not get between the pickles.
    with os.fdopen(os.dup(1), "wb") as answers, open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)
        try:
            serve(sys.stdin.buffer, answers)
        except BrokenPipeError:
            os._exit(1)  # the parent is gone


if __name__ == "__main__":
    main()
