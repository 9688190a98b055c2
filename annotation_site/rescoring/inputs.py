"""The model's inputs of a rescoring: two arrays and the names of their rows, gathered once and read by every shard.

They lie in the rescoring's folder below `RUNS_ROOT`, which all workers share. Where somebody has deleted the arrays to
save space, who needs them next gathers them again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from django.db.models.fields.files import FieldFile

from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.running import JobFailed
from mpd_builder.mel import MEL_SHAPE

PAINTINGS_NAME, MELS_NAME, ITEMS_NAME = "paintings.u8.npy", "mels.f16.npy", "items.json"
PAINTING_SHAPE = (256, 256, 3)

Say = Callable[[int, int, str], None]
"""Told how far it is: (done, total, words)."""


@dataclass(frozen=True, slots=True)
class Items:
    """The keys of the rows of the two arrays, in their order."""

    paintings: list[str]
    clips: list[str]


def items_write(items: Items, *, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _replacing(folder / ITEMS_NAME) as fresh:
        fresh.write_text(json.dumps(asdict(items)))


def items_read(folder: Path) -> Items:
    """Raises `JobFailed` where this machine does not see the rescoring's folder."""
    try:
        return Items(**json.loads((folder / ITEMS_NAME).read_text()))
    except FileNotFoundError:
        raise JobFailed(
            f"The list of items is not in {folder}. All workers that score share the folder of runs: mount it on "
            "this machine, then resume. A rescoring that is older than its list has to be started anew."
        ) from None


def inputs_ensure(folder: Path, *, say: Say) -> None:
    """Gather the two arrays unless they are there. Raises `JobFailed` naming an item whose input is gone."""
    items = items_read(folder)
    _stack(folder / PAINTINGS_NAME, _files_of_paintings(items.paintings), PAINTING_SHAPE, np.uint8, "painting", say)
    _stack(folder / MELS_NAME, _files_of_clips(items.clips), MEL_SHAPE, np.float16, "clip", say)


def _files_of_paintings(keys: Sequence[str]) -> list[tuple[str, FieldFile | None]]:
    found = {
        item.key: item.model_input for item in Painting.objects.filter(media_removed_at=None).only("model_input", "key")
    }
    return [(key, found.get(key)) for key in keys]


def _files_of_clips(keys: Sequence[str]) -> list[tuple[str, FieldFile | None]]:
    rows = Clip.objects.filter(track__media_removed_at=None).only("mel", "key")
    found = {clip.key: clip.mel for clip in rows}
    return [(key, found.get(key)) for key in keys]


def _stack(
    path: Path,
    files: Sequence[tuple[str, FieldFile | None]],
    shape: tuple[int, ...],
    kind: type[np.generic],
    name: str,
    say: Say,
) -> None:
    """All inputs of one kind in one file, which appears whole or not at all."""
    if path.exists():
        return
    with _replacing(path) as fresh:
        stacked = np.lib.format.open_memmap(fresh, mode="w+", dtype=kind, shape=(len(files), *shape))
        for row, (key, stored) in enumerate(files):
            say(row, len(files), f"Gathering {name} {row + 1:,} of {len(files):,}")
            stacked[row] = _read(key, stored)
        stacked.flush()


def _read(key: str, stored: FieldFile | None) -> np.ndarray[Any, Any]:
    try:
        if stored is None:
            raise FileNotFoundError(key)
        with stored.open("rb") as file:
            array: np.ndarray[Any, Any] = np.load(file, allow_pickle=False)
            return array
    except (OSError, ValueError) as error:
        raise JobFailed(
            f"The model's input of {key} cannot be read ({error}): withdraw it or import it again."
        ) from None


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file in the making: it takes its place once it is whole, and leaves nothing where it is not."""
    fresh = path.with_name(f".{path.stem}.{uuid4().hex[:8]}.partial{path.suffix}")
    try:
        yield fresh
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
