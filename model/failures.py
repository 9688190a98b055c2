"""Why a command of the model ended, in one line that a person reads and a program can sort. Loads no torch.

The line is `error: CAUSE: MESSAGE`, or `error: MESSAGE` where none of the causes is known.
"""

from __future__ import annotations

import errno
from enum import StrEnum

PREFIX = "error: "
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Cause(StrEnum):
    """What somebody can do something about."""

    DISK_FULL = "disk full"
    OUT_OF_MEMORY = "out of memory"
    NOT_FINITE = "not a number"
    SNAPSHOT = "snapshot"
    CHECKPOINT = "checkpoint"
    SETTING = "setting"
    STOPPED = "stopped"


def line_of(cause: Cause | None, message: str) -> str:
    """The one line, whatever the message's own line breaks."""
    words = " ".join(message.split())
    return f"{PREFIX}{cause}: {words}" if cause else PREFIX + words


def read_line(line: str) -> tuple[Cause | None, str] | None:
    """Cause and message of a line that `line_of` wrote; None for any other line."""
    if not line.startswith(PREFIX):
        return None
    message = line.removeprefix(PREFIX).strip()
    for cause in Cause:
        if message.startswith(f"{cause}: "):
            return cause, message.removeprefix(f"{cause}: ")
    return None, message


def is_disk_full(error: BaseException) -> bool:
    """Whether something could not be written for want of room: the disk, a quota or a limit on a file's size."""
    return isinstance(error, OSError) and error.errno in _FULL


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of its GPU. Torch tells the former as a plain RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
