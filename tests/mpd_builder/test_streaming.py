"""Ratings pass through the pipeline and do not stay; how they are cut on the way changes nothing."""

from __future__ import annotations

import gc
import io
import tracemalloc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder import scored_pairs
from mpd_builder.build import building
from mpd_builder.judgments import InMemory, JudgmentsError, ascending
from mpd_builder.records import Catalogue, Clip, Painting, Pair, PreferenceTask, Rating, Track, Vote, pair_id
from mpd_builder.scored_pairs import whole_pairs
from mpd_builder.snapshot import MediaChoice, Recipe, spooled, tables
from mpd_builder.snapshot.tables import regrouped
from tests.mpd_builder.small_judgments import small_judgments

RECIPE = Recipe("stream", media=MediaChoice.NONE, arrays=False)
CLIPS = 100


class Endless:
    """So many pairs of five ratings each, made as they are asked for; knows how many ratings are alive at most."""

    def __init__(self, pairs: int) -> None:
        self.n_pairs = pairs
        self.most_alive = 0

    def catalogue(self) -> Catalogue:
        n_paintings = -(-self.n_pairs // CLIPS)
        return Catalogue(
            paintings=tuple(Painting(f"p_{n:06d}", f"{n:064x}") for n in range(n_paintings)),
            tracks=(Track("t_0", "0" * 64),),
            clips=tuple(Clip(f"c_0_{n:02d}", "t_0", n, 0, 1, 16_000) for n in range(CLIPS)),
        )

    def pairs(self) -> Iterator[Pair]:
        for number in range(self.n_pairs):
            painting, clip = f"p_{number // CLIPS:06d}", f"c_0_{number % CLIPS:02d}"
            yield Pair(pair_id(painting, clip), painting, clip)

    def ratings(self) -> Iterator[Rating]:
        for number, pair in enumerate(self.pairs()):
            for rater in range(5):
                yield Rating(pair.id, f"r{rater}", (number * 7 + rater * 3) % 101 / 100)

    def tasks(self) -> Iterator[PreferenceTask]:
        return iter(())

    def votes(self) -> Iterator[Vote]:
        return iter(())


def test_no_more_ratings_are_alive_than_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scored_pairs, "BLOCK", 500)
    alive: weakref.WeakSet[Rated] = weakref.WeakSet()
    most = 0

    class Watched(Endless):
        def ratings(self) -> Iterator[Rating]:
            nonlocal most
            for rating in super().ratings():
                watched = Rated(rating.pair_id, rating.rater_id, rating.value)
                alive.add(watched)
                most = max(most, len(alive))
                yield watched

    with building(Watched(2_000), RECIPE) as dataset:
        assert dataset.facts.ratings == 10_000
    assert 500 <= most < 1_100  # one block, and the next while the last one's rows are written


class Rated(Rating):
    """A rating that can be watched: with slots alone it could not."""

    __slots__ = ("__weakref__",)


@pytest.mark.slow
def test_memory_grows_by_far_less_than_the_ratings_take() -> None:
    def peak(pairs: int) -> int:
        gc.collect()
        tracemalloc.start()
        with building(Endless(pairs), RECIPE):
            _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most + pa.default_memory_pool().bytes_allocated()

    peak(1_000)  # whatever is loaded only once
    few, many = peak(6_000), peak(18_000)
    assert (many - few) / 12_000 < 900  # bytes a pair; its five ratings as records alone would take 2,000


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 25))
def test_row_groups_are_the_same_however_rows_arrive(sizes: list[int], size: int) -> None:
    schema = pa.schema([("n", pa.int64())])
    numbers, batches, place = list(range(sum(sizes))), [], 0
    for count in sizes:
        batches.append(pa.record_batch([pa.array(numbers[place : place + count], pa.int64())], schema))
        place += count
    groups = list(regrouped(batches, schema, size))
    assert [row for group in groups for row in group["n"].to_pylist()] == numbers
    assert all(group.num_rows == size for group in groups[:-1])
    assert all(group["n"].num_chunks == 1 for group in groups)


def test_the_bytes_of_a_file_do_not_depend_on_how_rows_arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROW_GROUP", 64)
    with building(small_judgments(), RECIPE) as dataset:
        whole = pa.Table.from_batches(dataset.ratings.to_batches(), tables.RATINGS)
    pieces = pa.Table.from_batches(whole.to_batches(max_chunksize=7), tables.RATINGS)
    written = []
    for number, rows in enumerate((whole, pieces)):
        tables.write_table(rows, tmp_path / str(number))
        written.append((tmp_path / str(number)).read_bytes())
    assert written[0] == written[1]
    read = pq.ParquetFile(io.BytesIO(written[0]))
    assert [read.metadata.row_group(n).num_rows for n in range(read.num_row_groups)] == [64, 64, 64, 64, 44]


def test_a_spool_is_read_as_often_as_wanted_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    schema = pa.schema([("n", pa.int64())])
    with spooled(schema) as spool:
        for start in (0, 3):
            spool.append(pa.record_batch([pa.array([start, start + 1, start + 2])], schema))
        assert spool.num_rows == 6
        for _ in range(2):
            assert pa.Table.from_batches(spool.to_batches(), schema)["n"].to_pylist() == [0, 1, 2, 3, 4, 5]
        assert list(tmp_path.iterdir()) == []


def test_blocks_part_no_pair() -> None:
    ratings = [Rating(f"pair{number // 5:03d}", f"r{number % 5}", 0.5) for number in range(100)]
    blocks = list(whole_pairs(ratings, 12))
    assert [rating for block in blocks for rating in block] == ratings
    assert {len(block) for block in blocks} == {15, 10}


def test_streams_that_are_not_in_order_are_refused() -> None:
    with pytest.raises(ValueError, match="have to be in order"):
        list(ascending("pair", ["b", "a"], lambda name: name))
    with pytest.raises(JudgmentsError, match=r"The pair a comes more than once\."):
        list(ascending("pair", ["a", "a"], lambda name: name))


def test_a_rating_of_a_pair_that_the_stream_of_pairs_lacks_is_named() -> None:
    class Lacking(InMemory):
        def pairs(self) -> Iterator[Pair]:
            return (pair for number, pair in enumerate(super().pairs()) if number != 5)

    with (
        pytest.raises(JudgmentsError, match="There are ratings of the pair p_"),
        building(Lacking(small_judgments()), RECIPE),
    ):
        pass
