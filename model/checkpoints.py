"""Saved models and saved runs: tensors in safetensors, everything else in JSON; loading runs no code.

A model is `checkpoint.safetensors` sealed by `checkpoint.json`, which is written last and holds the other's SHA-256. A
run under way is `state.safetensors` alone, its JSON in the file's header, replaced in one rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.config import Config, ConfigError
from model.files import POSTERIOR, SEAL_FORMAT, SEAL_NAME, STATE_NAME, WEIGHT, WEIGHTS_NAME
from model.interface import Judge
from model.judge import build

__all__ = [
    "SEAL_NAME", "STATE_NAME", "WEIGHTS_NAME", "Checkpoint", "CheckpointError", "Identity", "load", "load_state",
    "load_weights", "replace_text", "save", "save_state",
]  # fmt: skip


class CheckpointError(Exception):
    """A checkpoint that is missing, damaged or not ours; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a run is: its snapshot, its seed and its code; the config goes beside it."""

    snapshot_digest: str
    seed: int
    code_version: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trained model with what it takes to use it. `posterior` belongs to `model.scoring`."""

    module: Judge
    config: Config
    identity: Identity
    step: int
    posterior: dict[str, Tensor]


def save(folder: Path, module: Judge, *, identity: Identity, step: int, posterior: Mapping[str, Tensor]) -> None:
    """Write a model into `folder`, atomically: until its seal is there it does not exist."""
    tensors = {WEIGHT + name: tensor for name, tensor in module.state_dict().items()}
    tensors |= {POSTERIOR + name: tensor for name, tensor in posterior.items()}
    _replace_tensors(folder / WEIGHTS_NAME, tensors, {})
    seal = {
        "format": SEAL_FORMAT,
        "config": module.config.to_dict(),
        "step": step,
        "sha256": _sha256(folder / WEIGHTS_NAME),
        **asdict(identity),
    }
    replace_text(folder / SEAL_NAME, json.dumps(seal, indent=2, sort_keys=True) + "\n")


def load(folder: Path, *, device: torch.device | None = None) -> Checkpoint:
    """The model of `folder`, in evaluation mode on `device` (CPU by default). Raises CheckpointError in words."""
    seal = _read_seal(folder)
    weights = folder / WEIGHTS_NAME
    tensors, _ = _read_tensors(weights)
    if _sha256(weights) != seal["sha256"]:
        raise CheckpointError(f"{weights} is not the file that {SEAL_NAME} describes: it was changed or half copied")
    try:
        config = Config.from_dict(seal["config"])
        identity = Identity(str(seal["snapshot_digest"]), int(seal["seed"]), str(seal["code_version"]))
        step = int(seal["step"])
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / SEAL_NAME} does not describe a model of this version: {error}") from error
    module = build(config)
    load_weights(module, _under(tensors, WEIGHT), source=weights)
    module.to(device or torch.device("cpu")).eval()
    posterior = {name: tensor.to(module.head.weight.device) for name, tensor in _under(tensors, POSTERIOR).items()}
    return Checkpoint(module, config, identity, step, posterior)


def load_weights(module: Judge, weights: Mapping[str, Tensor], *, source: Path) -> None:
    """Put weights into a module; raises CheckpointError where names or shapes are not the module's."""
    try:
        module.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise CheckpointError(f"{source} holds another model than its config describes: {error}") from error


def save_state(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Replace the state of a run under way: tensors and JSON facts in one file, in one rename."""
    _replace_tensors(folder / STATE_NAME, tensors, {"facts": json.dumps(facts, sort_keys=True)})


def load_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and facts of a run under way; None where there is none. Raises CheckpointError where it is damaged."""
    path = folder / STATE_NAME
    if not path.exists():
        return None
    tensors, header = _read_tensors(path)
    try:
        facts = json.loads(header["facts"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not the state of a run; delete it to start again") from error
    return tensors, facts


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half of it."""
    with _replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _replace_tensors(path: Path, tensors: Mapping[str, Tensor], header: dict[str, str]) -> None:
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with _replacing(path) as partial:
        try:
            save_file(whole, partial, metadata=header)
        except SafetensorError as error:
            raise _os_error(error, path) or error from error
        with partial.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file to write beside `path`, which takes its place at the end. What fails leaves the old one, and no rest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _os_error(error: SafetensorError, path: Path) -> OSError | None:
    """The system's own error behind one of safetensors, which only tells it in its text; None where there is none."""
    found = re.search(r"os error (\d+)", str(error))
    return OSError(int(found[1]), os.strerror(int(found[1])), str(path)) if found else None


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no {path}") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


def _read_seal(folder: Path) -> dict[str, Any]:
    path = folder / SEAL_NAME
    try:
        seal = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder} holds no trained model: there is no {SEAL_NAME} in it") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    if not isinstance(seal, dict) or seal.get("format") != SEAL_FORMAT or "sha256" not in seal:
        raise CheckpointError(f"{path} does not describe a model of this version (format {SEAL_FORMAT})")
    return seal


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
