"""Opening a snapshot: verified first, then tables as pandas frames and arrays as read-only memory maps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mpd_builder.mel import MEL_SHAPE
from mpd_builder.snapshot.media import PAINTING_SHAPE
from mpd_builder.snapshot.recipe import Recipe
from mpd_builder.snapshot.tables import (
    MELS_ARRAY_PATH,
    PAINTINGS_ARRAY_PATH,
    PAIR_TABLES,
    SCHEMAS,
    brought_up,
    schema_of,
    table_path,
)
from mpd_builder.snapshot.verification import Damage, Problem, Report, verify


class SnapshotDamaged(ValueError):
    """A folder is not a whole snapshot; the message names the first file at fault, `report` lists all."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.words)
        self.report = report


class NoArrays(LookupError):
    """The snapshot was written by a recipe without arrays."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """Read-only memory maps, row-aligned with the frames: paintings_u8 (P, 256, 256, 3), mels_f16 (C, 128, 469)."""

    paintings_u8: npt.NDArray[np.uint8]
    mels_f16: npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A verified snapshot. Frames are the caller's own; `pairs` holds all splits, ordered by pair id."""

    path: Path
    digest: str
    manifest: dict[str, Any]
    pairs: pd.DataFrame
    ratings: pd.DataFrame
    preferences: pd.DataFrame
    raters: pd.DataFrame
    paintings: pd.DataFrame
    clips: pd.DataFrame

    @property
    def recipe(self) -> Recipe:
        return Recipe.from_dict(self.manifest["recipe"])

    def arrays(self) -> Arrays:
        """Map the arrays; raise NoArrays if there are none, SnapshotDamaged if they do not fit the tables."""
        if not self.manifest["arrays"]:
            if complete := self.manifest.get("public_form_of"):
                raise NoArrays(
                    f"{self.path} is the public form of a snapshot, without arrays: they hold items that may not be "
                    f"passed on. The complete one has the digest {complete}."
                )
            raise NoArrays(
                f"{self.path} holds no arrays: its recipe {self.recipe.name} leaves them out. "
                "Export the snapshot with a recipe that has arrays."
            )
        paintings = self._map(PAINTINGS_ARRAY_PATH, np.dtype(np.uint8), (len(self.paintings), *PAINTING_SHAPE))
        mels = self._map(MELS_ARRAY_PATH, np.dtype(np.float16), (len(self.clips), *MEL_SHAPE))
        return Arrays(paintings_u8=paintings, mels_f16=mels)

    def _map(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        try:
            array: npt.NDArray[Any] = np.load(self.path / name, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise SnapshotDamaged(_contradiction(self.path, self.digest, name, f"cannot be mapped: {error}")) from error
        if array.dtype != dtype or array.shape != shape:
            words = f"is {array.dtype} {array.shape}, but the tables ask for {dtype} {shape}"
            raise SnapshotDamaged(_contradiction(self.path, self.digest, name, words))
        return array


def read(path: Path | str) -> Snapshot:
    """Verify every byte, then load the tables. Raise SnapshotDamaged, in words, if anything is wrong."""
    report = verify(path)
    if not report.ok:
        raise SnapshotDamaged(report)
    return load(report)


def load(report: Report) -> Snapshot:
    """The tables of a snapshot that was found whole."""
    tables = {name: _table(report, name) for name in SCHEMAS}
    pairs = pa.concat_tables([tables[name] for name in PAIR_TABLES]).sort_by("pair_id")
    frames = {name: table.to_pandas() for name, table in tables.items() if name not in PAIR_TABLES}
    return Snapshot(path=report.path, digest=report.digest, manifest=report.manifest, pairs=pairs.to_pandas(), **frames)


def _table(report: Report, name: str) -> pa.Table:
    place = table_path(name)
    try:
        table = pq.read_table(report.path / place)
    except (OSError, pa.ArrowException) as error:
        raise SnapshotDamaged(_contradiction(report.path, report.digest, place, f"is not Parquet: {error}")) from error
    expected = schema_of(name, format_version=report.manifest["format_version"])
    if table.schema.names != expected.names or table.schema.types != expected.types:
        raise SnapshotDamaged(_contradiction(report.path, report.digest, place, "has not the columns it should have"))
    return brought_up(table, name)


def _contradiction(path: Path, digest: str, name: str, words: str) -> Report:
    """A report for contents that match their digests and yet make no sense: sealed wrongly, not changed later."""
    problem = Problem(name, Damage.CONTRADICTION, f"{name} {words}")
    return Report(path=path, digest=digest, n_files=0, n_bytes=0, problems=(problem,))
