"""The command line of a model process: alone, or several of them by PyTorch's `torchrun`, on one machine or more."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from django.conf import settings


def command(arguments: Sequence[str], *, processes: int = 1, name: str = "") -> list[str]:
    """`python -m model ARGUMENTS`, or the same under `torchrun` with `processes` of them on this machine.

    `name` is what processes on several machines (`TRAINING_NODES`) find each other by; it must be another one for each
    attempt. One machine needs none.
    """
    model = ["-m", "model", *arguments]
    nodes = settings.TRAINING_NODES
    if processes == 1 and nodes == 1:
        return [sys.executable, *model]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    torchrun += ["--shutdown-timeout", str(round(settings.TRAINING_GRACE_SECONDS))]
    if nodes == 1:
        return [*torchrun, "--standalone", *model]
    meeting = ["--nnodes", str(nodes), "--rdzv-backend", "c10d", "--rdzv-endpoint", settings.TRAINING_RENDEZVOUS]
    return [*torchrun, *meeting, "--rdzv-id", name, *model]


def environment(*, processes: int = 1) -> dict[str, str]:
    """The processes share the machine's cores. Threads that wait must sleep: spinning, they slow tenfold a machine
    that serves people at the same time."""
    own = {"PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    if processes > 1 and "OMP_NUM_THREADS" not in os.environ:
        own["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    return os.environ | own
