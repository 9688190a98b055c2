"""The model's command line; `commands.py` and `active/commands.py` hold what can be asked of it.

Exit status: 0 done, 2 wrong use, 1 failed with one clear line on standard error, 143 stopped by SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import torch

from model import adaptors, checkpoints, choicefile, commands, contesting, data, matrix, pairfile, report, runs
from model.active.commands import COMMANDS as ACTIVE_COMMANDS
from model.active.plan import StudyError
from model.arguments import parser
from model.config import ConfigError
from model.failures import Cause, is_disk_full, is_out_of_memory, line_of
from model.training import Interrupted, TrainingFailed
from mpd_builder.snapshot import NoArrays, SnapshotDamaged

DONE, FAILED, WRONG_USE, TERMINATED = 0, 1, 2, 128 + signal.SIGTERM

_FORESEEN: tuple[tuple[tuple[type[Exception], ...], int, Cause | None], ...] = (
    ((commands.WrongUse, ConfigError, runs.RunExists), WRONG_USE, Cause.SETTING),
    ((Interrupted,), TERMINATED, Cause.STOPPED),
    ((TrainingFailed,), FAILED, Cause.NOT_FINITE),
    ((checkpoints.CheckpointError,), FAILED, Cause.CHECKPOINT),
    ((SnapshotDamaged, NoArrays, data.DataError), FAILED, Cause.SNAPSHOT),
    (
        (
            pairfile.PairFileError,
            choicefile.ChoiceError,
            StudyError,
            matrix.MatrixError,
            report.ReportError,
            adaptors.AdaptorError,
            contesting.ContestError,
            OSError,
        ),
        FAILED,
        None,
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser(
        {run.__name__.replace("_", "-"): run for run in (*commands.COMMANDS, *ACTIVE_COMMANDS)}
    ).parse_args(arguments)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        if getattr(options, "threads", None):
            torch.set_num_threads(options.threads)
        options.command(options)
    except Exception as error:
        told = _told(error, options)
        if told is None:
            raise
        return _complain(*told)
    finally:
        signal.signal(signal.SIGTERM, before)
    return DONE


def _told(error: Exception, options: argparse.Namespace) -> tuple[int, Cause | None, str] | None:
    """Exit status, cause and words of a failure that was foreseen; None for any other."""
    if is_out_of_memory(error):
        return FAILED, Cause.OUT_OF_MEMORY, f"{_less_memory(options)} ({error})"
    if is_disk_full(error):
        return FAILED, Cause.DISK_FULL, f"{error}. Free some room and resume: what was saved before is whole."
    for kinds, status, cause in _FORESEEN:
        if isinstance(error, kinds):
            return status, cause, str(error)
    return None


def _less_memory(options: argparse.Namespace) -> str:
    """Which setting to lower, and from what."""
    if options.command is not commands.train:
        return "lower --batch" if options.command is commands.score else "lower run.evaluation_batch"
    config = commands.config_of(options)
    now = config.run.micro_batch or f"0, that is a process's whole share of optim.batch {config.optim.batch}"
    return f"lower run.micro_batch (now {now}) or run.evaluation_batch (now {config.run.evaluation_batch})"


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(TERMINATED)


def _complain(status: int, cause: Cause | None, message: str) -> int:
    print(line_of(cause, message), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
