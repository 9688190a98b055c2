"""The two files that seal a snapshot: `manifest.json` says what is inside, `SHA256SUMS` holds every file's digest.

The digest of `SHA256SUMS` names the snapshot. `content_digest` covers tables, media and arrays alone, so that two
snapshots of the same data are recognised although their date or code version differ.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.recipe import Recipe
from mpd_builder.snapshot.tables import Rows, column_types, table_path

FORMAT = "mpd-snapshot"
FORMAT_VERSION = 3
READABLE_VERSIONS = (1, 2, 3)
MANIFEST_NAME = "manifest.json"
SUMS_NAME = "SHA256SUMS"
CONTENT_FOLDERS = ("data/", "media/", "arrays/")

_SUMS_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_PLAIN_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


class ManifestError(ValueError):
    """`manifest.json` or `SHA256SUMS` cannot be understood; the message names the file and the place."""


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file's SHA-256 (hex) and size in bytes."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class ArrayFact:
    """An array file: numpy dtype in words, shape, and how many of its rows are of items that may not be passed on."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    restricted_rows: int = 0


@dataclass(frozen=True, slots=True)
class TableFact:
    """A table's length and the names of its columns."""

    rows: int
    columns: tuple[str, ...]


def compose(
    *,
    recipe: Recipe,
    facts: Facts,
    code_version: str,
    created_on: date | None,
    tables: Mapping[str, Rows],
    arrays: Mapping[str, ArrayFact],
    files: Mapping[str, FileFact],
) -> dict[str, Any]:
    """The manifest as JSON values. `files` are all files written so far: all but the manifest and the sums."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "recipe": recipe.to_dict(),
        "code_version": code_version,
        "created_on": created_on.isoformat() if created_on else None,
        "made_with": {"pyarrow": pa.__version__},
        "content_digest": content_digest(files),
        "facts": facts.to_dict(),
        "tables": {
            name: {"path": table_path(name), "rows": table.num_rows, "columns": column_types(table.schema)}
            for name, table in tables.items()
        },
        "arrays": {
            name: {
                "path": fact.path,
                "dtype": fact.dtype,
                "shape": list(fact.shape),
                "restricted_rows": fact.restricted_rows,
            }
            for name, fact in arrays.items()
        },
        "files": file_values(files),
    }


def file_values(files: Mapping[str, FileFact]) -> dict[str, Any]:
    return {path: {"sha256": fact.sha256, "bytes": fact.n_bytes} for path, fact in files.items()}


def to_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest's one text: sorted keys, indented, UTF-8."""
    return (json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def parse(content: bytes) -> dict[str, Any]:
    """Read `manifest.json`; raise ManifestError unless it is a manifest of a version that this code knows."""
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise ManifestError(f"{MANIFEST_NAME} is not JSON ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ManifestError(f"{MANIFEST_NAME} does not describe a snapshot (format {FORMAT!r} expected)")
    if manifest.get("format_version") not in READABLE_VERSIONS:
        raise ManifestError(
            f"{MANIFEST_NAME} has format version {manifest.get('format_version')!r}; this code reads versions "
            f"{' and '.join(map(str, READABLE_VERSIONS))}: use the version of the code that wrote it "
            f"({manifest.get('code_version', 'not named')})"
        )
    absent = [
        key for key in ("recipe", "tables", "arrays", "files", "facts") if not isinstance(manifest.get(key), dict)
    ]
    if absent:
        raise ManifestError(f"{MANIFEST_NAME} has no {', '.join(absent)}")
    return manifest


def content_digest(files: Mapping[str, FileFact]) -> str:
    """SHA-256 over the sorted checksum lines of tables, media and arrays."""
    content = {path: fact.sha256 for path, fact in files.items() if path.startswith(CONTENT_FOLDERS)}
    return hashlib.sha256(sums_bytes(content)).hexdigest()


def sums_bytes(digests: Mapping[str, str]) -> bytes:
    """`SHA256SUMS` as `sha256sum -c` reads it, sorted by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests)).encode()


def parse_sums(content: bytes) -> dict[str, str]:
    """Path -> digest. ManifestError at a line that is no checksum, or a path that is repeated or leaves the folder."""
    try:
        *lines, rest = content.decode().split("\n")  # not splitlines: a vertical tab ends no line
    except UnicodeDecodeError as error:
        raise ManifestError(f"{SUMS_NAME} is not text ({error})") from error
    if rest:
        raise ManifestError(f"{SUMS_NAME} does not end with a line")
    digests: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        found = _SUMS_LINE.fullmatch(line)
        if found is None:
            raise ManifestError(f"{SUMS_NAME}, line {number}: not a checksum and a path")
        digest, path = found.groups()
        if not is_inside(path.split("/")):
            raise ManifestError(f"{SUMS_NAME}, line {number}: the path {path!r} leaves the snapshot's folder")
        if path in digests:
            raise ManifestError(f"{SUMS_NAME}, line {number}: {path} is listed twice")
        digests[path] = digest
    if MANIFEST_NAME not in digests:
        raise ManifestError(f"{SUMS_NAME} does not list {MANIFEST_NAME}")
    return digests


def is_inside(parts: Iterable[str]) -> bool:
    """Whether a path's parts are plain names only: no root, no drive, no parent, nothing hidden."""
    return all(_PLAIN_PART.fullmatch(part) for part in parts)
