"""Why a run ended other than well: a word for programs, a sentence for people."""

from __future__ import annotations

import signal

from django.db import models

from model.failures import Cause, read_line


class Reason(models.TextChoices):
    DISK_FULL = "disk_full", "The disk is full"
    OUT_OF_MEMORY = "out_of_memory", "Out of memory"
    NOT_FINITE = "not_finite", "The loss is not a number"
    KILLED = "killed", "Killed from outside"
    STOPPED = "stopped", "Told to stop from outside"
    LOST_WORKER = "lost_worker", "Its worker died"
    SNAPSHOT_CHANGED = "snapshot_changed", "The snapshot is not what it was"
    WRONG_SETTING = "wrong_setting", "A setting cannot be used"
    CHECKPOINT = "checkpoint", "The checkpoint cannot be used"
    STORAGE = "storage", "The storage of runs cannot be reached"
    BUSY = "busy", "Something else trains in its folder"
    UNEXPECTED = "unexpected", "Something unexpected"


_OF_CAUSE = {
    Cause.DISK_FULL: Reason.DISK_FULL,
    Cause.OUT_OF_MEMORY: Reason.OUT_OF_MEMORY,
    Cause.NOT_FINITE: Reason.NOT_FINITE,
    Cause.SNAPSHOT: Reason.SNAPSHOT_CHANGED,
    Cause.CHECKPOINT: Reason.CHECKPOINT,
    Cause.SETTING: Reason.WRONG_SETTING,
    Cause.STOPPED: Reason.STOPPED,
}
_BEGIN = {
    Reason.DISK_FULL: "The disk is full",
    Reason.OUT_OF_MEMORY: "The machine or its GPU ran out of memory",
    Reason.SNAPSHOT_CHANGED: "The snapshot cannot be trained on",
    Reason.WRONG_SETTING: "The settings do not fit",
}
_KILLED = (
    "The process was killed from outside, most likely because the machine ran out of memory: "
    "choose a smaller recipe or batch, or a machine with more memory, then resume."
)
_STOPPED = "The process was told to stop and saved a checkpoint: resume goes on from there."
_KILLED_RANK = f"Signal {signal.SIGKILL:d} (SIGKILL)"


def explain(status: int, *, tail: str, error: str = "") -> tuple[Reason, str]:
    """Reason and words for a process that ended with `status` (as of `Popen`: minus the signal that killed it).

    `tail` is the last that it said, all ranks of it; `error` the message of its error event, "" without one.
    """
    if status == -signal.SIGKILL:
        return Reason.KILLED, _KILLED
    told = [line for text in tail.splitlines() if (line := read_line(_without_rank(text)))]
    first = next((line for line in told if line[0] not in (None, Cause.STOPPED)), None)
    if first and first[0]:
        reason = _OF_CAUSE[first[0]]
        return reason, f"{_BEGIN[reason]}: {first[1]}" if reason in _BEGIN else first[1]
    if _KILLED_RANK in tail:
        return Reason.KILLED, _KILLED
    if status in (-signal.SIGTERM, 128 + signal.SIGTERM) or any(cause is Cause.STOPPED for cause, _ in told):
        return Reason.STOPPED, _STOPPED
    last = tail.strip().rsplit("\n", 1)[-1]
    words = error or (told[0][1] if told else last) or f"The process ended with status {status} and said nothing."
    return Reason.UNEXPECTED, words


def _without_rank(text: str) -> str:
    """A line without the `[rank0]:` that torch may put before it."""
    return text.split("]:", 1)[1].strip() if text.startswith("[rank") and "]:" in text else text
