"""Training on several processes: `torchrun` starts them, one a device; this is what they say to each other.

A process knows its rank and how many there are. All hold the same weights, each learns from its share of every batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(hours=2)
"""How long a process waits for the others: the first one validates and saves alone meanwhile."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among all of a run. The default is a run of one process, which says nothing to anybody."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes events and checkpoints."""
        return self.rank == 0

    def mean(self, values: Sequence[float], device: torch.device) -> list[float]:
        """Means over all processes, the same in each."""
        if self.count == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return [float(value) for value in total / self.count]

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors by their means over all processes."""
        if self.count == 1:
            return
        for tensor in tensors:
            dist.all_reduce(tensor)
            tensor.div_(self.count)

    def wait(self) -> None:
        """Go on once every process is here."""
        if self.count > 1:
            dist.barrier()

    def parallel(self, module: nn.Module, device: torch.device) -> nn.Module:
        """The module with gradients averaged over all processes as they come.

        On GPUs its batch norms take their statistics over all processes; on CPUs, where torch cannot, each process its
        own (`docs/running.md`).
        """
        if self.count == 1:
            return module
        where = None
        if device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
            where = [device.index]
        return DistributedDataParallel(module, device_ids=where, broadcast_buffers=False, gradient_as_bucket_view=True)


ALONE = Processes()


@contextmanager
def joined(*, on_gpu: bool) -> Iterator[Processes]:
    """This process among those that `torchrun` started with it (NCCL on GPUs, else gloo); alone without `torchrun`."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=PATIENCE)
    try:
        yield Processes(dist.get_rank(), count)
    finally:
        dist.destroy_process_group()


def local_rank() -> int | None:
    """Which of this machine's devices is this process's own; None where `torchrun` gave it none."""
    rank = os.environ.get("LOCAL_RANK")
    return None if rank is None else int(rank)


def running_statistics(module: nn.Module) -> list[Tensor]:
    """The running means and variances of a module's batch norms."""
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    return [kept for norm in norms for kept in (norm.running_mean, norm.running_var) if kept is not None]
