"""The tables of a snapshot: their columns, their files, and how they become the same Parquet bytes every time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

SPLITS = ("train", "validation", "test", "cross")
TABLES_FOLDER = "data/"
PAINTINGS_ARRAY_PATH = "arrays/paintings.u8.npy"
MELS_ARRAY_PATH = "arrays/mels.f16.npy"

ROW_GROUP = 100_000
_PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 9,
    "version": "2.6",
    "data_page_version": "1.0",
    "store_schema": False,
}

_TEXT = pa.string()
_REAL = pa.float64()
_COUNT = pa.int64()


class Rows(Protocol):
    """Rows of one schema, as a `pyarrow.Table` holds them in memory or a `Spool` on disk."""

    @property
    def schema(self) -> pa.Schema: ...

    @property
    def num_rows(self) -> int: ...

    def to_batches(self) -> Iterable[pa.RecordBatch]: ...


def _schema(*, required: dict[str, pa.DataType], optional: dict[str, pa.DataType] | None = None) -> pa.Schema:
    columns = [pa.field(name, kind, nullable=False) for name, kind in required.items()]
    return pa.schema(columns + [pa.field(name, kind) for name, kind in (optional or {}).items()])


PAIRS = _schema(
    required={
        "pair_id": _TEXT,
        "painting_id": _TEXT,
        "clip_id": _TEXT,
        "track_id": _TEXT,
        "score": _REAL,
        "dispersion": _REAL,
        "sample_dispersion": _REAL,
        "n_ratings": _COUNT,
        "ambiguous": pa.bool_(),
        "split": _TEXT,
        "split_painting": _TEXT,
        "split_track": _TEXT,
    },
    optional={
        "split_pair": _TEXT,
        "mean": _REAL,  # of all ratings, and their median, whatever made the score
        "median": _REAL,
        "origin": _TEXT,  # random, model (active learning asked for it) or control (the random arm beside it)
    },
)
RATINGS = pa.schema(
    [
        pa.field("pair_id", _TEXT, nullable=False),
        pa.field("rater_id", _TEXT),  # null where the recipe leaves rater ids out
        pa.field("value", _REAL, nullable=False),
        pa.field("played_ms", _COUNT, nullable=False),
        pa.field("active_ms", _COUNT, nullable=False),
        pa.field("input_method", _TEXT, nullable=False),
        pa.field("protocol", _TEXT, nullable=False),
        # What the rater's browser told; null where it did not. See `records.Rating`. No time of day, no date, no size
        # of a screen to the pixel: whoever knows when or on what somebody worked must not find them here.
        pa.field("total_ms", _COUNT),
        pa.field("plays", _COUNT),
        pa.field("replays", _COUNT),
        pa.field("seeks", _COUNT),
        pa.field("moves", _COUNT),
        pa.field("first_move_ms", _COUNT),
        pa.field("hidden_ms", _COUNT),
        pa.field("idle_ms", _COUNT),
        pa.field("screen", _TEXT),  # narrow, medium or wide
        pa.field("corrected", pa.bool_()),  # whether it took the place of an earlier one
    ]
)
PREFERENCES = pa.schema(
    [
        pa.field("task_id", _TEXT, nullable=False),
        pa.field("direction", _TEXT, nullable=False),
        pa.field("query_id", _TEXT, nullable=False),
        pa.field("pair_a", _TEXT, nullable=False),
        pa.field("pair_b", _TEXT, nullable=False),
        pa.field("votes_a", _COUNT, nullable=False),
        pa.field("votes_b", _COUNT, nullable=False),
        pa.field("winner", _TEXT),  # "a", "b", or null while undecided
        pa.field("unanimous", pa.bool_(), nullable=False),
        pa.field("split", _TEXT, nullable=False),
        pa.field("agreement", _REAL),  # the winner's share of the votes; null while undecided
    ]
)
RATERS = _schema(required={"rater_id": _TEXT, "n_ratings": _COUNT, "simulated": pa.bool_()})
PAINTINGS = _schema(
    required={
        "row": _COUNT,
        "painting_id": _TEXT,
        "sha256": _TEXT,
        "title": _TEXT,
        "artist": _TEXT,
        "year": _TEXT,
        "style": _TEXT,
        "source": _TEXT,
        "licence": _TEXT,
        "attribution": _TEXT,
        "collection": _TEXT,
        "may_publish": pa.bool_(),
        "width": _COUNT,
        "height": _COUNT,
        "is_synthetic": pa.bool_(),
        "split": _TEXT,
    },
    optional={
        "work": _TEXT,  # the smallest id of all that are one work with it; null before format version 3
        "media": _TEXT,  # the picture's path in the snapshot, null where it is not included
    },
)
CLIPS = _schema(
    required={
        "row": _COUNT,
        "clip_id": _TEXT,
        "track_id": _TEXT,
        "index": _COUNT,
        "start_frame": _COUNT,
        "stop_frame": _COUNT,
        "sample_rate": _COUNT,
        "start_s": _REAL,
        "track_sha256": _TEXT,
        "title": _TEXT,
        "artist": _TEXT,
        "genre": _TEXT,
        "source": _TEXT,
        "licence": _TEXT,
        "attribution": _TEXT,
        "collection": _TEXT,
        "may_publish": pa.bool_(),
        "track_duration_s": _REAL,
        "is_synthetic": pa.bool_(),
        "split": _TEXT,
    },
    optional={
        "valence": _REAL,  # mean ratings of the track, 1 to 9, where its collection has them
        "arousal": _REAL,
        "loudness_lufs": _REAL,  # of the clip as it is stored; null where silent or not measured
        "true_peak_dbtp": _REAL,
        "work": _TEXT,  # of the track
        "media": _TEXT,
    },
)

PAIR_TABLES = tuple(f"pairs-{split}" for split in SPLITS)

_SINCE_2: dict[str, object] = {"collection": "", "may_publish": True}
ADDED: dict[int, dict[str, dict[str, object]]] = {
    2: {
        "paintings": _SINCE_2,
        "clips": _SINCE_2 | dict.fromkeys(("valence", "arousal", "loudness_lufs", "true_peak_dbtp")),
    },
    3: {
        **dict.fromkeys(PAIR_TABLES, dict.fromkeys(("split_pair", "mean", "median", "origin"))),
        "ratings": dict.fromkeys(
            (
                *("total_ms", "plays", "replays", "seeks", "moves", "first_move_ms", "hidden_ms", "idle_ms"),
                *("screen", "corrected"),
            )
        ),
        "preferences": {"agreement": None},
        "paintings": {"work": None},
        "clips": {"work": None},
    },
}
"""The columns that a format version added, by table, and what holds for snapshots from before."""

SCHEMAS: dict[str, pa.Schema] = {
    **dict.fromkeys(PAIR_TABLES, PAIRS),
    "ratings": RATINGS,
    "preferences": PREFERENCES,
    "raters": RATERS,
    "paintings": PAINTINGS,
    "clips": CLIPS,
}


def schema_of(name: str, *, format_version: int) -> pa.Schema:
    """The columns of a table in snapshots of this format version."""
    later = {column for version, added in ADDED.items() if version > format_version for column in added.get(name, ())}
    return pa.schema([field for field in SCHEMAS[name] if field.name not in later])


def brought_up(table: pa.Table, name: str) -> pa.Table:
    """A table of any format version with the columns of today, filled in as `ADDED` says, in today's order."""
    known = {column: value for added in ADDED.values() for column, value in added.get(name, {}).items()}
    for field in SCHEMAS[name]:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.array([known[field.name]] * table.num_rows, field.type))
    return table.select(SCHEMAS[name].names)


def without_media(schema: pa.Schema) -> pa.Schema:
    """A table of items before the writer has added the column `media`."""
    return pa.schema([field for field in schema if field.name != "media"])


def table_path(name: str) -> str:
    """Where a table lies inside a snapshot."""
    return f"{TABLES_FOLDER}{name}.parquet"


def table_of(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table with exactly the schema's columns and types."""
    return pa.Table.from_pylist(rows, schema=schema)


def write_table(rows: Rows, path: Path) -> None:
    """Write Parquet whose bytes depend on the rows and the pyarrow version alone, one row group at a time."""
    schema = rows.schema.remove_metadata()
    with pq.ParquetWriter(path, schema, **_PARQUET) as writer:
        for group in regrouped(rows.to_batches(), schema, ROW_GROUP):
            writer.write_table(group, row_group_size=ROW_GROUP)


def regrouped(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size` rows in one piece, the last one shorter: however they were cut before."""
    held: list[pa.RecordBatch] = []
    n_held = 0
    for batch in batches:
        held.append(batch)
        n_held += batch.num_rows
        while n_held >= size:
            table = pa.Table.from_batches(held, schema)
            yield table.slice(0, size).combine_chunks()
            held, n_held = table.slice(size).to_batches(), n_held - size
    if n_held:
        yield pa.Table.from_batches(held, schema).combine_chunks()


def column_types(schema: pa.Schema) -> dict[str, str]:
    """Column names and Arrow types in words, for the manifest and the card."""
    return {field.name: str(field.type) for field in schema}
