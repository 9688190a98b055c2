"""TensorBoard beside a run's events, where the package `tensorboard` is there; nothing here requires it."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

FOLDER_NAME = "tensorboard"
_SHOWN = {"step": "training", "validation": "validation"}


class Board:
    """Draws step and validation events as curves."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def show(self, event: dict[str, Any]) -> None:
        """One event as `EventWriter` writes it; what is neither a step nor a validation is passed over."""
        if event["event"] not in _SHOWN:
            return
        for name, value in event.items():
            if name not in ("time", "step", "steps") and isinstance(value, int | float):
                self._writer.add_scalar(f"{_SHOWN[event['event']]}/{name}", value, event["step"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


def open_board(run_dir: Path) -> Board | None:
    """A board in `run_dir`, None where TensorBoard is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        return None
    return Board(importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(run_dir / FOLDER_NAME)))
