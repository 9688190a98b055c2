"""Images and sounds of a published data set as the model takes them.

A sound is heard from its beginning, for 15 s; a shorter one is repeated until they are full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import loose
from model.adaptors.records import AdaptorError, Matches
from model.checkpoints import Checkpoint
from model.data import DataError, Media
from model.metrics import Floats
from model.scoring import score_pairs


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs whose files could be read, with the model's scores, and how many could not (with the first reason)."""

    matches: Matches
    predicted: Floats
    left_out: int
    reason: str


def score(checkpoint: Checkpoint, matches: Matches, *, images: Path, sounds: Path) -> Scored:
    """Score those pairs that have both files. Raises AdaptorError where there is not one."""
    reasons: list[str] = []
    pictures, picture_row = _loaded(matches.images, images, loose.painting_of, reasons)
    mels, mel_row = _loaded(matches.clips, sounds, lambda path: loose.mel_of(path, is_repeated=True), reasons)
    rows = [row for row, (image, clip) in enumerate(matches.pairs()) if image in picture_row and clip in mel_row]
    if not rows:
        raise AdaptorError(f"no pair has both its image and its sound: {reasons[0]}")
    kept = matches.take(rows)
    device = checkpoint.module.head.weight.device
    media = Media(np.stack(pictures), np.stack(mels), device, pool=checkpoint.config.painting.pool)
    predicted = score_pairs(
        checkpoint.module,
        media,
        np.array([picture_row[image] for image in kept.images], dtype=np.int64),
        np.array([mel_row[clip] for clip in kept.clips], dtype=np.int64),
        batch=checkpoint.config.run.evaluation_batch,
    ).score
    return Scored(kept, predicted, len(matches) - len(rows), reasons[0] if reasons else "")


def _loaded(
    ids: Iterable[str], folder: Path, load: Callable[[Path], NDArray[Any]], reasons: list[str]
) -> tuple[list[NDArray[Any]], dict[str, int]]:
    """What could be read, and the row of each id in it; why the others could not goes to `reasons`."""
    files = _by_name(folder)
    loaded: list[NDArray[Any]] = []
    rows: dict[str, int] = {}
    for item in sorted(set(ids)):
        if item not in files:
            reasons.append(f"{folder} has no file called {item}")
            continue
        try:
            loaded.append(load(files[item]))
        except (DataError, OSError) as error:
            reasons.append(str(error))
            continue
        rows[item] = len(loaded) - 1
    return loaded, rows


def _by_name(folder: Path) -> dict[str, Path]:
    """All files below a folder by their name without its ending. Two of one name are an error."""
    if not folder.is_dir():
        raise AdaptorError(f"{folder} is not a folder")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            if path.stem in found:
                raise AdaptorError(f"{found[path.stem]} and {path} are both called {path.stem}")
            found[path.stem] = path
    return found
