"""Snapshots whose digest is written down: another one means other bytes for the same judgments."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from mpd_builder.build import build_snapshot
from mpd_builder.snapshot import Recipe, recipe
from mpd_builder.synthesize import Amounts, synthesize
from tests.golden.digests import SMALL_DEMO, SMALL_JUDGMENTS
from tests.mpd_builder.small_judgments import small_judgments
from tests.mpd_builder.small_snapshot import SmallMedia


def content_digest(folder: Path) -> str:
    return str(json.loads((folder / "manifest.json").read_text())["content_digest"])


def test_the_pinned_pyarrow_wrote_them() -> None:
    assert pa.__version__ == "26.0.1", "another pyarrow writes other Parquet: look at the digests, then write them anew"


def test_small_judgments(tmp_path: Path) -> None:
    half = Recipe("half", shares=(0.5, 0.2, 0.3))
    given = {"media": SmallMedia(), "created_on": None, "code_version": "0"}
    build_snapshot(small_judgments(), half, out_dir=tmp_path / "s", **given)
    assert content_digest(tmp_path / "s") == SMALL_JUDGMENTS


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_small_demo_with_any_number_of_workers(tmp_path: Path, workers: int) -> None:
    synthesize(
        Amounts(paintings=8, tracks=3, pairs=24),
        seed=1,
        recipe=recipe.get("demo"),
        out_dir=tmp_path / "s",
        created_on=None,
        code_version="0",
        workers=workers,
    )
    assert content_digest(tmp_path / "s") == SMALL_DEMO
