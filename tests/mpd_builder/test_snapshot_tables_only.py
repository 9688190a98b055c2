"""Opening a snapshot for its tables alone: the same frames, and only what they rest on is checked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mpd_builder import snapshot as snapshots
from tests.mpd_builder.small_snapshot import write_small

TABLES = ("pairs", "ratings", "preferences", "raters", "paintings", "clips")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "s").path


def overwrite(place: Path, content: bytes) -> None:
    place.chmod(0o644)
    place.write_bytes(content)


def test_the_tables_are_those_that_read_gives(folder: Path) -> None:
    whole, tables = snapshots.read(folder), snapshots.read_tables(folder)
    assert (tables.digest, tables.manifest) == (whole.digest, whole.manifest)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(tables, name), getattr(whole, name))


def test_damage_to_media_and_arrays_is_not_looked_for(folder: Path) -> None:
    overwrite(folder / "arrays" / "mels.f16.npy", b"x")
    overwrite(next((folder / "media" / "paintings").iterdir()), b"x")
    assert len(snapshots.read_tables(folder).pairs) == 8
    with pytest.raises(snapshots.SnapshotDamaged):
        snapshots.read(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("data/ratings.parquet", "data/ratings.parquet was changed after the snapshot was sealed"),
        ("manifest.json", "manifest.json was changed after the snapshot was sealed"),
        ("SHA256SUMS", "SHA256SUMS does not end with a line"),
    ],
)
def test_damage_to_what_the_tables_rest_on_is_found(folder: Path, name: str, words: str) -> None:
    overwrite(folder / name, b"x")
    with pytest.raises(snapshots.SnapshotDamaged, match=words):
        snapshots.read_tables(folder)


def test_what_is_missing_is_named(folder: Path) -> None:
    (folder / "data" / "raters.parquet").unlink()
    with pytest.raises(snapshots.SnapshotDamaged, match=r"data/raters.parquet cannot be read"):
        snapshots.read_tables(folder)
    with pytest.raises(snapshots.SnapshotDamaged, match="there is no SHA256SUMS in it"):
        snapshots.read_tables(folder / "nowhere")


@pytest.mark.parametrize("name", ["data/ratings.parquet", "manifest.json", "SHA256SUMS"])
def test_a_link_to_the_very_same_bytes_is_not_followed(folder: Path, tmp_path: Path, name: str) -> None:
    moved = tmp_path / "elsewhere"
    (folder / name).rename(moved)
    (folder / name).symlink_to(moved)
    with pytest.raises(snapshots.SnapshotDamaged, match=f"{name} cannot be read"):
        snapshots.read_tables(folder)
