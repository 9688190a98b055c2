"""pandas, pyarrow, DuckDB and our own reader over the same files."""

import subprocess

import pyarrow.dataset as ds
import pytest

from mpd_builder import snapshot
from mpd_builder.snapshot.tables import SCHEMAS, SPLITS, table_path

# One trim at each end, worked out from single ratings: what a reader would write who does not trust the score.
TRIMMED_MEAN = """
    WITH ranked AS (
        SELECT pair_id, value,
               row_number() OVER (PARTITION BY pair_id ORDER BY value) AS place,
               count(*) OVER (PARTITION BY pair_id) AS n
        FROM '{0}/data/ratings.parquet'
    ), trimmed AS (
        SELECT pair_id, avg(value) AS mean FROM ranked WHERE place > 1 AND place < n GROUP BY pair_id
    ), spread AS (
        SELECT pair_id, stddev_pop(value) AS deviation FROM '{0}/data/ratings.parquet' GROUP BY pair_id
    )
    SELECT pairs.pair_id, pairs.score, trimmed.mean, pairs.dispersion, spread.deviation, paintings.title
    FROM '{0}/data/pairs-*.parquet' AS pairs
    JOIN trimmed USING (pair_id) JOIN spread USING (pair_id)
    JOIN '{0}/data/paintings.parquet' AS paintings USING (painting_id)
    ORDER BY pairs.pair_id
"""


def test_sql_works_every_score_and_dispersion_out_anew(path):
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute(TRIMMED_MEAN.format(path)).fetchall()
    assert len(rows) == 60
    for _, score, mean, dispersion, deviation, title in rows:
        assert score == pytest.approx(mean, abs=1e-9)
        assert dispersion == pytest.approx(deviation, abs=1e-9)
        assert title.startswith("painting ")


def test_pandas_and_pyarrow_read_what_our_reader_reads(path):
    import pandas as pd

    data = snapshot.read(path)
    for name in ("ratings", "preferences", "raters", "paintings", "clips"):
        pd.testing.assert_frame_equal(pd.read_parquet(path / table_path(name)), getattr(data, name))
    files = [str(path / table_path(f"pairs-{split}")) for split in SPLITS]
    table = ds.dataset(files, format="parquet").to_table().sort_by("pair_id")
    assert table.schema.names == SCHEMAS["pairs-train"].names
    pd.testing.assert_frame_equal(table.to_pandas(), data.pairs)


def test_sha256sum_finds_every_file_whole(path, public):
    for folder in (path, public):
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
