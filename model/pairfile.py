"""Scoring from file to file: a CSV of pairs in, the same rows with `score` and `sd` out, and features where asked."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.checkpoints import Checkpoint, replace_text
from model.data import Ints, Media
from model.events import EventWriter
from model.scoring import Posterior, score_in_parts
from mpd_builder.snapshot import read

PAINTINGS_NAME, MELS_NAME = "paintings.u8.npy", "mels.f16.npy"
PROGRESS_EVERY_S = 0.5


class PairFileError(ValueError):
    """A file of pairs, or a folder of arrays, that cannot be used; the message says where."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where pairs take their media from. `rows`: for each of the two id columns, the array row of an id."""

    paintings_u8: NDArray[np.uint8]
    mels_f16: NDArray[np.float16]
    columns: tuple[str, str]
    rows: tuple[Mapping[str, int], Mapping[str, int]]


def open_source(*, snapshot: Path | None, arrays: Path | None) -> Source:
    """A snapshot (pairs name `painting_id`, `clip_id`) or a folder with the two arrays (`painting_row`, `clip_row`)."""
    if snapshot is not None:
        opened = read(snapshot)
        maps = opened.arrays()
        rows = (
            {
                str(item): int(row)
                for item, row in zip(opened.paintings["painting_id"], opened.paintings["row"], strict=True)
            },
            {str(item): int(row) for item, row in zip(opened.clips["clip_id"], opened.clips["row"], strict=True)},
        )
        return Source(maps.paintings_u8, maps.mels_f16, ("painting_id", "clip_id"), rows)
    if arrays is None:
        raise PairFileError("say where the media are: a snapshot or a folder of arrays")
    paintings = _array(arrays / PAINTINGS_NAME, np.uint8, 4)
    mels = _array(arrays / MELS_NAME, np.float16, 3)
    return Source(paintings, mels, ("painting_row", "clip_row"), (_identity(len(paintings)), _identity(len(mels))))


def score_file(
    checkpoint: Checkpoint,
    *,
    source: Source,
    pairs_path: Path,
    out_path: Path,
    events_path: Path,
    batch: int,
    wall_clock: Callable[[], float],
    clock: Callable[[], float],
    features_path: Path | None = None,
) -> dict[str, Any]:
    """Score every row of a CSV; all its columns are kept, `score` and `sd` (of the score, in score units) are added.

    `features_path` takes the head's linearised features, float32 (N, K), a row for each line of the CSV. Writes
    `start`, `progress` (done, total) and `end` events. Each file appears whole or not at all, the CSV last. Returns
    `pairs`, `seconds` and `pairs_per_s`. Raises PairFileError naming the line at fault.
    """
    columns, lines = _read(pairs_path)
    painting, clip = (
        _rows(lines, column, rows, pairs_path) for column, rows in zip(source.columns, source.rows, strict=True)
    )
    device = checkpoint.module.head.weight.device
    media = Media(source.paintings_u8, source.mels_f16, device, pool=checkpoint.config.painting.pool)
    posterior = Posterior.from_tensors(checkpoint.posterior)
    with EventWriter(events_path, clock=wall_clock) as events:
        events.write("start", total=len(lines), snapshot_digest=checkpoint.identity.snapshot_digest, device=str(device))
        started = clock()
        progress = _Progress(events, clock)
        scores, deviations = [np.zeros(0)], [np.zeros(0)]
        shape = (len(lines), checkpoint.module.head.in_features + 1)
        with _features_file(features_path, shape) as features:
            for part in score_in_parts(checkpoint.module, media, painting, clip, batch=batch, progress=progress):
                if features is not None:
                    done = sum(map(len, scores))
                    features[done : done + len(part.score)] = part.features
                scores.append(part.score)
                deviations.append(np.sqrt(posterior.variance(part.features)))
        _write(out_path, columns, lines, np.concatenate(scores), np.concatenate(deviations))
        seconds = max(clock() - started, 1e-9)
        found = {"pairs": len(lines), "seconds": round(seconds, 3), "pairs_per_s": round(len(lines) / seconds, 1)}
        events.write("end", **found)
    return found


class _Progress:
    """Says how far scoring is, not more than twice a second, and always at the end."""

    def __init__(self, events: EventWriter, clock: Callable[[], float]) -> None:
        self._events, self._clock, self._last = events, clock, clock()

    def __call__(self, done: int, total: int) -> None:
        now = self._clock()
        if done == total or now - self._last >= PROGRESS_EVERY_S:
            self._last = now
            self._events.write("progress", done=done, total=total)


@contextmanager
def _features_file(path: Path | None, shape: tuple[int, int]) -> Iterator[NDArray[np.float32] | None]:
    """An array on disk to be filled, which gets its name once it is whole; None where nobody asked for it."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    if not shape[0]:
        with partial.open("wb") as file:
            np.save(file, np.zeros(shape, dtype=np.float32))
        yield None
    else:
        features = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
        yield features
        features.flush()
    os.replace(partial, path)


def _array(path: Path, dtype: Any, dimensions: int) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise PairFileError(f"{path} cannot be read as an array: {error}") from error
    if array.dtype != dtype or array.ndim != dimensions:
        raise PairFileError(
            f"{path} must be {np.dtype(dtype)} with {dimensions} dimensions, not {array.dtype} {array.shape}"
        )
    return array


def _identity(count: int) -> dict[str, int]:
    return {str(row): row for row in range(count)}


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        lines = list(reader)
        columns = list(reader.fieldnames or [])
    if not columns:
        raise PairFileError(f"{path} is empty: its first line must name the columns")
    clash = {"score", "sd"} & set(columns)
    if clash:
        raise PairFileError(f"{path} already has a column {clash.pop()}: rename it, scoring adds one of that name")
    return columns, lines


def _rows(lines: list[dict[str, str]], column: str, rows: Mapping[str, int], path: Path) -> Ints:
    found = []
    for number, line in enumerate(lines, start=2):
        if line.get(column) is None or None in line:
            raise PairFileError(
                f"{path}, line {number}: the line has not as many values as the first line has columns, or no {column}"
            )
        if line[column] not in rows:
            raise PairFileError(f"{path}, line {number}: {column} {line[column]!r} is not among the {len(rows)} known")
        found.append(rows[line[column]])
    return np.array(found, dtype=np.int64)


def _write(path: Path, columns: list[str], lines: list[dict[str, str]], scores: Any, deviations: Any) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*columns, "score", "sd"], lineterminator="\n")
    writer.writeheader()
    for line, score, deviation in zip(lines, scores, deviations, strict=True):
        writer.writerow({**line, "score": f"{score:.6f}", "sd": f"{deviation:.6f}"})
    replace_text(path, text.getvalue())
