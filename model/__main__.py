"""The model's command line: describe, train, evaluate, contest, report, compare, score, choose, maps, adaptors.

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
from model.arguments import parser
from model.config import ConfigError
from model.training import Interrupted, TrainingFailed
from mpd_builder.snapshot import NoArrays, SnapshotDamaged

DONE, FAILED, WRONG_USE, TERMINATED = 0, 1, 2, 128 + signal.SIGTERM


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
    except (commands.WrongUse, ConfigError, runs.RunExists) as error:
        return _complain(str(error), WRONG_USE)
    except Interrupted as error:
        return _complain(str(error), TERMINATED)
    except torch.OutOfMemoryError as error:
        return _complain(f"out of memory: {_less_memory(options)} ({error})", FAILED)
    except (
        TrainingFailed,
        checkpoints.CheckpointError,
        data.DataError,
        pairfile.PairFileError,
        choicefile.ChoiceError,
        matrix.MatrixError,
        report.ReportError,
        adaptors.AdaptorError,
        contesting.ContestError,
        SnapshotDamaged,
        NoArrays,
        OSError,
    ) as error:
        return _complain(str(error), FAILED)
    finally:
        signal.signal(signal.SIGTERM, before)
    return DONE


def _less_memory(options: argparse.Namespace) -> str:
    """Which setting to lower, and from what."""
    if options.command is not commands.train:
        return "lower --batch" if options.command is commands.score else "lower run.evaluation_batch"
    config = commands.config_of(options)
    now = config.run.micro_batch or f"0, that is a process's whole share of optim.batch {config.optim.batch}"
    return f"lower run.micro_batch (now {now}) or run.evaluation_batch (now {config.run.evaluation_batch})"


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(TERMINATED)


def _complain(message: str, status: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
