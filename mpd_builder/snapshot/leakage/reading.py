"""The columns that a certificate rests on, from the tables of a snapshot, as whole numbers.

Shapes: N pairs, K tasks, R ratings. Whatever in the tables cannot be true is a `TablesContradict`, since they may have
been sealed by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpd_builder.sides import Split
from mpd_builder.snapshot.tables import PAIR_TABLES, SCHEMAS, SPLITS, table_path

Ints = npt.NDArray[np.int64]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        PAIR_TABLES,
        ("pair_id", "painting_id", "clip_id", "track_id", "split", "split_painting", "split_track", "split_pair"),
    ),
    "preferences": ("pair_a", "pair_b", "split"),
    "ratings": ("pair_id", "rater_id"),
    "paintings": ("painting_id", "sha256", "work", "split"),
    "clips": ("clip_id", "track_id", "track_sha256", "work", "split"),
}
"""The tables and columns that a certificate is made of."""

CROSS = tuple(Split).index(Split.CROSS)


class TablesContradict(ValueError):
    """The tables of a snapshot cannot be what a builder wrote; the message names the table."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Sides are places in `Split`; everything else is a code from 0 on, equal for equal things.

    entity_N: by kind, as in `Shared`, what each pair has. file_N: the side of the file that a pair lies in; split_N:
    its column. side_painting_N and side_track_N: what the rows of its items say; own_*: what its own row says.
    first_K, second_K: the pairs of the tasks. rated_R, rater_R: of ratings with a rater; None where there is none.
    work_of_items, side_of_items: of all rows of paintings and of clips, two arrays each.
    """

    entity_N: Mapping[str, Ints]
    file_N: Ints
    split_N: Ints
    own_painting_N: Ints
    own_track_N: Ints
    own_pair_N: Ints
    side_painting_N: Ints
    side_track_N: Ints
    first_K: Ints
    second_K: Ints
    split_K: Ints
    rated_R: Ints | None
    rater_R: Ints | None
    work_of_items: tuple[Ints, Ints]
    side_of_items: tuple[Ints, Ints]


def read_tables(root: Path) -> dict[str, pa.Table]:
    """The columns from a folder in which the tables lie. Raises TablesContradict, OSError."""
    return {name: _read_table(root, name) for name in COLUMNS}


def _read_table(root: Path, name: str) -> pa.Table:
    """Texts come as codes with their distinct values, as they lie in the file: a pair's id is not there five times."""
    place, columns = table_path(name), list(COLUMNS[name])
    texts = [column for column in columns if SCHEMAS[name].field(column).type == pa.string()]
    expected = {column: SCHEMAS[name].field(column).type for column in columns}
    try:
        if {each.name: each.type for each in pq.read_schema(root / place) if each.name in expected} != expected:
            raise TablesContradict(f"{place} has not the columns it should have")
        return pq.ParquetFile(root / place, read_dictionary=texts).read(columns=columns, use_threads=False)
    except pa.ArrowException as error:
        raise TablesContradict(f"{place} is not Parquet: {error}") from error


def columns_of(tables: Mapping[str, pa.Table]) -> Columns:
    """The same as arrays. Raises TablesContradict."""
    pairs = pa.concat_tables([tables[name].select(COLUMNS[name]) for name in PAIR_TABLES])
    paintings, clips, tasks = tables["paintings"], tables["clips"], tables["preferences"]
    painting_N = _find(pairs, "painting_id", paintings["painting_id"], "paintings")
    clip_N = _find(pairs, "clip_id", clips["clip_id"], "clips")
    painting_work_N, painting_work = _of_items(paintings, "work", painting_N)
    track_work_N, track_work = _of_items(clips, "work", clip_N)
    rated_R, rater_R = _ratings(tables["ratings"], pairs)
    side_of_paintings, side_of_clips = _sides(paintings, "split", "paintings"), _sides(clips, "split", "clips")
    return Columns(
        entity_N={
            "pairs": _codes(pairs, "pair_id"),
            "combinations": _dense(painting_work_N * (track_work.max(initial=0) + 1) + track_work_N),
            "paintings": painting_N,
            "painting_works": painting_work_N,
            "painting_files": _of_items(paintings, "sha256", painting_N)[0],
            "tracks": _codes(pairs, "track_id"),
            "clips": clip_N,
            "track_works": track_work_N,
            "track_files": _of_items(clips, "track_sha256", clip_N)[0],
        },
        file_N=np.repeat(np.arange(len(SPLITS)), [tables[name].num_rows for name in PAIR_TABLES]),
        split_N=_sides(pairs, "split", "pairs"),
        own_painting_N=_sides(pairs, "split_painting", "pairs"),
        own_track_N=_sides(pairs, "split_track", "pairs"),
        own_pair_N=_sides(pairs, "split_pair", "pairs"),
        side_painting_N=side_of_paintings[painting_N],
        side_track_N=side_of_clips[clip_N],
        first_K=_find(tasks, "pair_a", pairs["pair_id"], "pairs"),
        second_K=_find(tasks, "pair_b", pairs["pair_id"], "pairs"),
        split_K=_sides(tasks, "split", "preferences"),
        rated_R=rated_R,
        rater_R=rater_R,
        work_of_items=(painting_work, track_work),
        side_of_items=(side_of_paintings, side_of_clips),
    )


def _ratings(ratings: pa.Table, pairs: pa.Table) -> tuple[Ints | None, Ints | None]:
    """The pair and the rater of every rating; None twice where raters are left out."""
    if ratings["rater_id"].null_count == ratings.num_rows:
        return None, None
    return _find(ratings, "pair_id", pairs["pair_id"], "pairs"), _codes(ratings, "rater_id")


def _of_items(items: pa.Table, column: str, item_N: Ints) -> tuple[Ints, Ints]:
    """A column of the items as codes: of each pair's item (N,), and of all rows."""
    codes = _codes(items, column)
    return codes[item_N], codes


def _codes(table: pa.Table, column: str) -> Ints:
    """Equal texts get equal numbers from 0 on."""
    return _numbers(_values(table, column).indices)


def _find(table: pa.Table, column: str, among: pa.ChunkedArray, noun: str) -> Ints:
    """The row of `among` that holds each value; TablesContradict for one that none does."""
    return _places(
        _values(table, column), among.cast(pa.string()), f"the column {column} names what is not among the {noun}"
    )


def _sides(table: pa.Table, column: str, noun: str) -> Ints:
    """Sides as places in `Split`."""
    words = f"the column {column} of the {noun} names a split that there is not"
    return _places(_values(table, column), pa.array(SPLITS), words)


def _places(values: pa.DictionaryArray, among: pa.Array | pa.ChunkedArray, words: str) -> Ints:
    """Where each value is, each distinct one looked up once. TablesContradict, in these words, for one that is not."""
    place_of = pc.index_in(values.dictionary, value_set=among)
    if place_of.take(values.indices.unique()).null_count:
        raise TablesContradict(words)
    rows: Ints = _numbers(place_of.fill_null(0))[values.indices.to_numpy()]
    return rows


def _values(table: pa.Table, column: str) -> pa.DictionaryArray:
    if table[column].null_count:
        raise TablesContradict(f"the column {column} has rows without a value")
    values = table[column] if pa.types.is_dictionary(table[column].type) else table[column].dictionary_encode()
    return values.unify_dictionaries().combine_chunks()


def _dense(codes: Ints) -> Ints:
    found: Ints = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return found


def _numbers(values: pa.Array) -> Ints:
    found: Ints = values.to_numpy(zero_copy_only=False).astype(np.int64)
    return found
