"""Snapshots changed and sealed again: what a forger would do, and what earlier code would have written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mpd_builder.sides import Regime
from mpd_builder.snapshot import leakage, tables
from mpd_builder.snapshot.manifest import parse_sums, sums_bytes

FACTS_SINCE = {
    2: ("restricted", "restricted_clips", "same_works", "playback_lufs", "unmeasured_clips", "held_back_clips"),
    3: (
        *("score_alpha", "dispersion_histogram", "styles", "genres", "collected_from", "collected_until"),
        *("protocol_versions", "backgrounds", "alike"),
    ),
}
RECIPE_SINCE_3 = ("aggregator", "vote_rule", "split")


def reseal(folder: Path) -> None:
    """Make the sums fit the files again, and forget those that are gone."""
    sums = parse_sums((folder / "SHA256SUMS").read_bytes())
    hashed = {name: digest_of(folder / name) for name in sums if (folder / name).exists()}
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"] = {
        name: fact | {"sha256": hashed[name]} for name, fact in manifest["files"].items() if name in hashed
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    hashed["manifest.json"] = digest_of(folder / "manifest.json")
    (folder / "SHA256SUMS").write_bytes(sums_bytes(hashed))


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def change_rows(folder: Path, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Put every row of a table through `change`."""
    place = folder / tables.table_path(name)
    rows = [change(row) for row in pq.read_table(place).to_pylist()]
    tables.write_table(pa.Table.from_pylist(rows, schema=tables.SCHEMAS[name]), place)


def certify_again(folder: Path, split: Regime = Regime.UNSEEN_BOTH) -> None:
    """Write the certificate that the tables have now, leaks and all."""
    (folder / leakage.NAME).write_bytes(leakage.certificate_of(folder, split=split).to_bytes())


def as_version(folder: Path, version: int) -> None:
    """Make a snapshot what the code of an earlier format version would have written."""
    for name in tables.SCHEMAS:
        place = folder / tables.table_path(name)
        columns = tables.schema_of(name, format_version=version).names
        tables.write_table(pq.read_table(place).select(columns), place)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["format_version"] = version
    for since, names in FACTS_SINCE.items():
        for name in names if since > version else ():
            del manifest["facts"][name]
    for name in RECIPE_SINCE_3:
        del manifest["recipe"][name]
    for array in manifest["arrays"].values() if version < 2 else ():
        del array["restricted_rows"]
    (folder / leakage.NAME).unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    reseal(folder)
