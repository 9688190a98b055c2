"""A small run for `torchrun`, stopped and taken up again: python -m tests.model.several OUT_DIR SETTINGS...

Each SETTINGS is JSON by dotted name and stands for one go at the run; with `stop` among them the last process alone is
told to stop after so many steps of it.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

import torch

from model import checkpoints, runs
from model.processes import Processes, joined
from model.training import Interrupted
from tests.model.factories import micro_config, planted_dataset


def main(out_dir: Path, *goes: dict[str, object]) -> None:
    torch.set_num_threads(1)
    with joined(on_gpu=False) as processes:
        for settings in goes:
            try:
                go(out_dir, settings, processes)
            except Interrupted as stopped:
                print(stopped)


def go(out_dir: Path, settings: dict[str, object], processes: Processes) -> None:
    stop = settings.pop("stop", None)
    steps = itertools.count(1)
    is_told = processes.rank == processes.count - 1
    runs.run(
        micro_config().with_overrides({"run.log_every": 1, **settings}),
        planted_dataset(),
        out_dir=out_dir,
        identity=checkpoints.Identity("d" * 64, seed=7, code_version="test"),
        device=torch.device("cpu"),
        wall_clock=time.time,
        clock=time.perf_counter,
        resume=True,
        should_stop=lambda: is_told and next(steps) == stop,
        processes=processes,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(json.loads, sys.argv[2:]))
