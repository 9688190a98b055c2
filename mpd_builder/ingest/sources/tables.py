"""Tables of the published collections: CSV whose rows may be longer or shorter than their header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from mpd_builder.ingest.items import MetadataError
from mpd_builder.ingest.metadata import MAX_CSV_BYTES, printable


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row's printable cells by column, and what lies beyond the last column."""

    line: int
    cells: dict[str, str]
    beyond: tuple[str, ...]


def header_of(data: bytes) -> list[str]:
    """The column names in small letters, without the blanks around and inside them (` valence_ max_mean`)."""
    first = next(csv.reader(StringIO(_text(data[:65_536]), newline="")), [])
    return ["".join(printable(name).lower().split()) for name in first]


def rows_of(data: bytes, *, name: str) -> Iterator[TableRow]:
    """The rows that are not blank. UTF-8, or else Windows-1252. Raises `MetadataError` for what is no CSV at all."""
    if len(data) > MAX_CSV_BYTES:
        raise MetadataError(f"{name}: larger than {MAX_CSV_BYTES // 2**20} MB; that is no table of this collection.")
    columns = header_of(data)
    reader = csv.reader(StringIO(_text(data), newline=""), skipinitialspace=True)
    try:
        next(reader, None)
        for row in reader:
            cells = [printable(cell) for cell in row]
            if any(cells):
                known = dict(zip(columns, cells, strict=False))
                yield TableRow(reader.line_num, known, tuple(cell for cell in cells[len(columns) :] if cell))
    except csv.Error as error:
        raise MetadataError(f"{name}, line {reader.line_num}: not well-formed CSV ({error}).") from error


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
