"""How a process ended becomes a reason for programs and a sentence for people."""

from __future__ import annotations

import re

import pytest

from annotation_site.training.reasons import Reason, explain

TORCHRUN = """
Root Cause (first observed failure):
[0]:
  exitcode  : -9 (pid: 211)
  traceback : Signal 9 (SIGKILL) received by PID 211
"""


@pytest.mark.parametrize(
    ("status", "tail", "reason", "words"),
    [
        (1, "error: disk full: state.safetensors: No space left", Reason.DISK_FULL, "The disk is full: state"),
        (1, "error: out of memory: lower run.micro_batch", Reason.OUT_OF_MEMORY, "ran out of memory: lower run.micro"),
        (1, "error: not a number: the loss is nan at step 7", Reason.NOT_FINITE, "^the loss is nan at step 7$"),
        (1, "error: snapshot: pairs.parquet is damaged", Reason.SNAPSHOT_CHANGED, "cannot be trained on: pairs"),
        (1, "error: checkpoint: of another run", Reason.CHECKPOINT, "^of another run$"),
        (2, "error: setting: optim.lr must be above 0", Reason.WRONG_SETTING, "do not fit: optim.lr"),
        (143, "error: stopped: after step 3", Reason.STOPPED, "resume goes on"),
        (-15, "", Reason.STOPPED, "resume goes on"),
        (-9, "step 3", Reason.KILLED, "killed from outside"),
        (1, f"RuntimeError: Connection closed by peer\n{TORCHRUN}", Reason.KILLED, "killed from outside"),
        (1, "Traceback ...\nKeyError: 'a'", Reason.UNEXPECTED, "^KeyError: 'a'$"),
        (3, "", Reason.UNEXPECTED, "ended with status 3 and said nothing"),
    ],
)
def test_each_end_has_its_own_words(status: int, tail: str, reason: Reason, words: str):
    found, said = explain(status, tail=tail)
    assert found == reason
    assert re.search(words, said), said


def test_of_several_ranks_the_one_that_failed_speaks_not_the_ones_that_were_told_to_stop():
    tail = "error: stopped: after step 9\n[rank1]: error: out of memory: lower run.micro_batch\nSignal 15 (SIGTERM)"
    assert explain(1, tail=tail)[0] == Reason.OUT_OF_MEMORY
    assert explain(1, tail="error: stopped: after step 9\nSignalException: 15")[0] == Reason.STOPPED


def test_an_error_event_speaks_where_the_log_does_not():
    assert explain(1, tail="", error="the loss is nan") == (Reason.UNEXPECTED, "the loss is nan")
