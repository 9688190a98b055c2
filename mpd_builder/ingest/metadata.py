"""CSV metadata beside the media: any *.csv with a column `file`."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mpd_builder.ingest.items import Details, MetadataError

MAX_CSV_BYTES: Final = 64 * 2**20

_COLUMNS: Final = {
    "title": "title",
    "artist": "artist",
    "year": "year",
    "style": "style",
    "genre": "genre",
    "genre_or_mood": "genre",
    "mood": "genre",
    "source": "source",
    "licence": "licence",
    "license": "licence",
    "attribution": "attribution",
    "sha256": "sha256",
}
_SYNTHETIC: Final = ("is_synthetic", "synthetic")
_SAVE_UTF8: Final = "Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')."


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a metadata file: the file that it speaks of (relative, `/` between folders) and where it stands."""

    file: str
    details: Details
    line: int


def printable(text: str) -> str:
    """Text that a database and a page can hold: composed Unicode, no control characters, undecodable bytes as `�`."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    kept = "".join(" " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or char.isprintable())
    return unicodedata.normalize("NFC", kept).strip()


def read_metadata(path: Path) -> list[Row] | None:
    """Read a CSV's rows; None when it is not about media (no column `file`).

    UTF-8 with or without a byte order mark; commas, semicolons or tabs between cells. Unknown columns are kept in
    `extras`. Raises `MetadataError` naming the file and the line for other encodings, ragged or repeated rows, and
    names that leave the folder.
    """
    if path.stat().st_size > MAX_CSV_BYTES:
        raise MetadataError(f"{path}: larger than {MAX_CSV_BYTES // 2**20} MB; that is no list of paintings or tracks.")
    data = path.read_bytes()
    header = _header(data)
    if header is None:
        return None
    columns, delimiter = header
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MetadataError(f"{path}, line {line}: not UTF-8 text. {_SAVE_UTF8}") from error
    if len(set(columns)) < len(columns):
        raise MetadataError(f"{path}: two columns have the same name. Rename one of them.")
    return _checked(path, list(_rows(path, text, columns, delimiter)))


def _header(data: bytes) -> tuple[list[str], str] | None:
    """The column names and the delimiter, when one of the columns is `file`; read leniently, whatever the encoding."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = data[:65_536].decode(encoding, "replace").splitlines()
    if not lines:
        return None
    for delimiter in ",;\t":
        cells = next(csv.reader([lines[0]], delimiter=delimiter), [])
        columns = [cell.strip().lower() for cell in cells]
        if "file" in columns:
            return columns, delimiter
    return None


def _rows(path: Path, text: str, columns: list[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    at_file = columns.index("file")
    try:
        next(reader)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                raise MetadataError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells where the header has {len(columns)}. "
                    "Put quotes around cells that hold the delimiter."
                )
            file = _inside(path, reader.line_num, cells[at_file])
            yield Row(file, _details(columns, cells), reader.line_num)
    except csv.Error as error:
        raise MetadataError(f"{path}, line {reader.line_num}: not well-formed CSV ({error}).") from error


def _inside(path: Path, line: int, cell: str) -> str:
    """The cell as a relative name that stays inside the CSV's folder."""
    name = PurePosixPath(unicodedata.normalize("NFC", cell.strip()).replace("\\", "/"))
    if not name.parts:
        raise MetadataError(f"{path}, line {line}: the column 'file' is empty. Name the file or remove the row.")
    if name.is_absolute() or ".." in name.parts or "\0" in cell:
        raise MetadataError(
            f"{path}, line {line}: {printable(cell)!r} leads out of the folder. Name files relative to this CSV."
        )
    return str(name)


def _details(columns: list[str], cells: list[str]) -> Details:
    known: dict[str, Any] = {}
    extras: dict[str, str] = {}
    synthetic = False
    for column, raw in zip(columns, cells, strict=True):
        cell = printable(raw)
        if column in _SYNTHETIC:
            synthetic = cell.lower() in ("1", "true", "yes")
        elif column in _COLUMNS and _COLUMNS[column] not in known:
            known[_COLUMNS[column]] = cell
        elif column != "file" and cell:
            extras[printable(column)] = cell
    known["sha256"] = known.get("sha256", "").lower()
    return Details(**known, is_synthetic=synthetic, extras=extras)


def _checked(path: Path, rows: list[Row]) -> list[Row]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.file in seen:
            before = f"is listed already in line {seen[row.file]}"
            raise MetadataError(f"{path}, line {row.line}: {printable(row.file)!r} {before}. Keep one of the two rows.")
        seen[row.file] = row.line
    return rows
