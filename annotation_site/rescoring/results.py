"""What a rescoring leaves: `scores.parquet` of a list of pairs, or `matrix/scores.f16.npy` of all of them.

Neither lies with the media, which raters may fetch: predictions stay below `RUNS_ROOT`, behind pages for admins.
Shapes: N pairs, P paintings, M clips.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from annotation_site.jobs.running import JobFailed
from annotation_site.rescoring.inputs import Items
from annotation_site.rescoring.pools import Rows

TABLE_NAME, MATRIX_FOLDER = "scores.parquet", "matrix"
MATRIX_NAME, SEAL_NAME = "scores.f16.npy", "scores.json"
PAIRS_NAME, SCORES_NAME = "pairs.csv", "scores.csv"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """Scored pairs as rows of the items: score and standard deviation, all (N,)."""

    painting_N: Rows
    clip_N: Rows
    score_N: Floats
    sd_N: Floats

    def __len__(self) -> int:
        return len(self.score_N)


def shard_folder(folder: Path, index: int) -> Path:
    return folder / "shards" / f"{index:04d}"


def pairs_write(path: Path, painting_N: Rows, clip_N: Rows, items: Items) -> None:
    """The pairs as `python -m model score` reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["painting_row", "clip_row", "painting", "clip"])
        for p, c in zip(painting_N.tolist(), clip_N.tolist(), strict=True):
            rows.writerow([p, c, items.paintings[p], items.clips[c]])


def scores_read(path: Path) -> Scored:
    """What `python -m model score` wrote. Raises `JobFailed` where it is not there."""
    try:
        with path.open(newline="") as file:
            rows = [
                (int(row["painting_row"]), int(row["clip_row"]), float(row["score"]), float(row["sd"]))
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        raise JobFailed(f"The scores in {path} are gone. Start the rescoring again.") from None
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Scored(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2], table[:, 3])


def joined(parts: Sequence[Scored]) -> Scored:
    names = ("painting_N", "clip_N", "score_N", "sd_N")
    return Scored(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def table_write(folder: Path, scored: Scored, items: Items) -> None:
    """Columns painting, clip (keys), score, sd; a row a pair. Whole or not at all."""
    columns = {
        "painting": pa.DictionaryArray.from_arrays(pa.array(scored.painting_N, pa.int32()), pa.array(items.paintings)),
        "clip": pa.DictionaryArray.from_arrays(pa.array(scored.clip_N, pa.int32()), pa.array(items.clips)),
        "score": pa.array(scored.score_N, pa.float32()),
        "sd": pa.array(scored.sd_N, pa.float32()),
    }
    partial = folder / f".{TABLE_NAME}.partial"
    pq.write_table(pa.table(columns), partial)
    os.replace(partial, folder / TABLE_NAME)


def table_read(folder: Path, items: Items) -> Scored:
    """Raises `JobFailed` where there is no table."""
    try:
        table = pq.read_table(folder / TABLE_NAME)
    except FileNotFoundError:
        raise JobFailed("The table of scores is not here any more. Start the rescoring again.") from None
    rows = (
        pc.index_in(table[name].cast(pa.string()), pa.array(keys)).to_numpy().astype(np.int64)
        for name, keys in (("painting", items.paintings), ("clip", items.clips))
    )
    values = (table[name].to_numpy().astype(np.float64) for name in ("score", "sd"))
    return Scored(*rows, *values)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Scores of every clip with every painting, (M, P) float16, mapped from the file, and the keys of both."""

    score_MP: NDArray[np.float16]
    seal: dict[str, Any]


def matrix_open(folder: Path) -> Matrix:
    """Raises `JobFailed` where it is not sealed."""
    place = folder / MATRIX_FOLDER
    try:
        seal = json.loads((place / SEAL_NAME).read_text())
        return Matrix(np.load(place / MATRIX_NAME, mmap_mode="r", allow_pickle=False), seal)
    except (FileNotFoundError, ValueError) as error:
        raise JobFailed(f"The score matrix is not whole ({error}). Resume the rescoring, or start it again.") from None


def score_of(folder: Path, items: Items, *, painting: str, clip: str) -> tuple[float, float | None] | None:
    """(score, deviation) of one pair by its keys; None where it was not scored. Raises `JobFailed` without results."""
    if painting not in items.paintings or clip not in items.clips:
        return None
    row_p, row_c = items.paintings.index(painting), items.clips.index(clip)
    if not (folder / TABLE_NAME).exists():
        return float(matrix_open(folder).score_MP[row_c, row_p]), None
    scored = table_read(folder, items)
    found = np.flatnonzero((scored.painting_N == row_p) & (scored.clip_N == row_c))
    return (float(scored.score_N[found[0]]), float(scored.sd_N[found[0]])) if len(found) else None


def result_files(folder: Path) -> list[Path]:
    """What there is to take away: the table, or the matrix and its seal."""
    places = [folder / TABLE_NAME, folder / MATRIX_FOLDER / MATRIX_NAME, folder / MATRIX_FOLDER / SEAL_NAME]
    return [place for place in places if place.is_file()]
