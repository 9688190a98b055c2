"""A training run between two steps: what a step changes, and how it is saved and taken up again."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from model import checkpoints
from model.config import Config, ConfigError
from model.interface import Judge
from model.judge import build


@dataclass(slots=True)
class State:
    """All that a step changes. `average` is the exponential average of the weights where the config asks for one.

    `reference_margin` holds f_ref(x, y+) - f_ref(x, y-) of every training preference once the second stage has begun.
    """

    module: Judge
    average: Judge | None
    optimizer: torch.optim.Optimizer
    step: int = 0
    reference_margin: Tensor | None = None

    @classmethod
    def fresh(cls, config: Config, device: torch.device) -> Self:
        """A model before its first step, from torch's global generator. Weight decay touches matrices only."""
        module = build(config).to(device)
        average = copy.deepcopy(module).eval().requires_grad_(False) if config.optim.ema else None
        decayed = [weight for name, weight in module.named_parameters() if _decays(name, weight)]
        others = [weight for name, weight in module.named_parameters() if not _decays(name, weight)]
        kind = torch.optim.AdamW if config.optim.decay == "decoupled" else torch.optim.Adam
        optimizer = kind(
            [{"params": decayed, "weight_decay": config.optim.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=config.optim.lr,
            betas=config.optim.betas,
            fused=True,
        )
        return cls(module, average, optimizer)

    @property
    def judge(self) -> Judge:
        """The weights to evaluate and to keep."""
        return self.average or self.module

    @torch.no_grad()
    def follow(self) -> None:
        """Move the average towards the weights. A young one forgets quickly, else the random start would stay in it."""
        if self.average is None:
            return
        decay = min(self.module.config.optim.ema, self.step / (9 + self.step))
        for mean, now in zip(self.average.parameters(), self.module.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)
        for kept, new in zip(self.average.buffers(), self.module.buffers(), strict=True):
            kept.copy_(new)

    def save(self, out_dir: Path, identity: checkpoints.Identity) -> None:
        """Replace the saved state of the run in `out_dir`."""
        tensors = {f"module.{name}": tensor for name, tensor in self.module.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{name}": tensor for name, tensor in self.average.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
        if self.reference_margin is not None:
            tensors["reference_margin"] = self.reference_margin
        checkpoints.save_state(out_dir, tensors, {"step": self.step, **self._facts(identity)})

    def restore(self, out_dir: Path, identity: checkpoints.Identity) -> None:
        """Take up the saved state in `out_dir`, if there is one. Raises CheckpointError if it is of another run."""
        saved = checkpoints.load_state(out_dir)
        if saved is None:
            return
        tensors, facts = saved
        path = out_dir / checkpoints.STATE_NAME
        differing = [name for name, value in self._facts(identity).items() if _normal(name, facts.get(name)) != value]
        if differing:
            raise checkpoints.CheckpointError(
                f"{path} belongs to another run (its {' and '.join(differing)} differ): choose another folder"
            )
        checkpoints.load_weights(self.module, _under(tensors, "module."), source=path)
        if self.average is not None:
            checkpoints.load_weights(self.average, _under(tensors, "average."), source=path)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "optimizer.").items():
            index, _, kind = name.partition(".")
            moments.setdefault(int(index), {})[kind] = tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        margin = tensors.get("reference_margin")
        self.reference_margin = None if margin is None else margin.to(self.module.head.weight.device)
        self.step = int(facts["step"])

    def _facts(self, identity: checkpoints.Identity) -> dict[str, Any]:
        """What must not change between a stop and a resume. The code may: a fix is a reason to resume."""
        return {
            "config": self.module.config.to_dict(),
            "snapshot": identity.snapshot_digest,
            "seed": identity.seed,
        }


def _normal(name: str, fact: Any) -> Any:
    """A saved fact as today's code would write it: settings that it did not know yet have their defaults."""
    try:
        return Config.from_dict(fact).to_dict() if name == "config" else fact
    except ConfigError:
        return None


def _decays(name: str, weight: Tensor) -> bool:
    return weight.ndim > 1 and "positions" not in name


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
