"""CSV metadata beside the media: any *.csv with a column `file`."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import PurePosixPath
from typing import Any, Final

from mpd_builder.ingest.items import Details, MetadataError

MAX_CSV_BYTES: Final = 64 * 2**20
LOWEST, HIGHEST = 1.0, 9.0
"""The scale of valence and arousal."""

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
    "collection": "collection",
    "may_publish": "may_publish",
    "valence": "valence",
    "arousal": "arousal",
}
_SYNTHETIC: Final = ("is_synthetic", "synthetic")
_YES: Final = frozenset({"yes", "y", "true", "1"})
_NO: Final = frozenset({"no", "n", "false", "0"})
_SAVE_UTF8: Final = "Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')."
_BETWEEN: Final = "\x1f"
"""Between the cells of a packed row: no cell has it, `printable` takes it out."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a CSV says of a file, and where it says it (`paintings.csv, line 7`)."""

    details: Details
    where: str


class Metadata:
    """The rows of all CSV files of a source, by the name of the file that they speak of.

    Names are relative to the source, with `/` between folders. A row is kept as its bytes and read again when it is
    asked for: some 400 bytes a row beside its own text, whatever the number of columns.
    """

    def __init__(self, place: str = "") -> None:
        """`place` is put before the names of the CSV files when a person is told of them."""
        self._place = place
        self._tables: list[tuple[str, list[str]]] = []
        self._rows: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __contains__(self, name: str) -> bool:
        return composed(name) in self._rows

    def add(self, data: bytes, *, name: str) -> None:
        """Take in the CSV `name` (its place in the source), if it is about media: if it has a column `file`.

        UTF-8 with or without a byte order mark; commas, semicolons or tabs between cells. Of two rows for one file, the
        later counts. Raises `MetadataError` naming the file and the line for other encodings, ragged or repeated rows,
        names that leave the CSV's folder, and cells that are not what their column asks for.
        """
        folder = PurePosixPath(name).parent
        name = printable(f"{self._place}{name}")
        if len(data) > MAX_CSV_BYTES:
            raise MetadataError(
                f"{name}: larger than {MAX_CSV_BYTES // 2**20} MB; that is no list of paintings or tracks. "
                "Take it out of the folder, or split it."
            )
        header = _header(data)
        if header is None:
            return
        columns, delimiter = header
        _utf8_checked(data, name)
        if len(set(columns)) < len(columns):
            raise MetadataError(f"{name}: two columns have the same name. Rename one of them.")
        table = str(len(self._tables))
        self._tables.append((name, columns))
        for line, cells in _rows(name, data, columns, delimiter):
            file = _inside(name, line, cells[columns.index("file")])
            key = file if folder == PurePosixPath(".") else composed(f"{folder}/{file}")
            before, line_before, *_ = self._cells(key) or ("", "")
            if before == table:
                raise MetadataError(
                    f"{name}, line {line}: {printable(file)!r} is listed already in line {line_before}. "
                    "Keep one of the two rows."
                )
            kept = [printable(cell) for cell in cells]
            _details(columns, kept, where=f"{name}, line {line}")
            self._rows[key] = _BETWEEN.join([table, str(line), *kept]).encode()

    def _cells(self, name: str) -> list[str] | None:
        """A packed row: its table, its line and its cells."""
        row = self._rows.get(composed(name))
        return None if row is None else row.decode().split(_BETWEEN)

    def get(self, name: str) -> Listed | None:
        """What is said of the file with this name; None where nothing is."""
        if (row := self._cells(name)) is None:
            return None
        table, line, *cells = row
        place, columns = self._tables[int(table)]
        where = f"{place}, line {line}"
        return Listed(_details(columns, cells, where=where), where)


def printable(text: str) -> str:
    """Text that a database and a page can hold: composed Unicode, no control characters, undecodable bytes as `�`."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    kept = "".join(" " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or char.isprintable())
    return unicodedata.normalize("NFC", kept).strip()


def composed(name: str) -> str:
    """Names compare by their composed form: some systems store accents decomposed."""
    return unicodedata.normalize("NFC", name)


def rating(cell: str, *, column: str, where: str) -> float:
    """A mean rating of valence or arousal. Raises `MetadataError` for what is no number from 1 to 9."""
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not LOWEST <= value <= HIGHEST:
        raise MetadataError(
            f"{where}: {column} is {printable(cell)!r}, not a number from 1 to 9. Correct it or leave it empty."
        )
    return value


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


def _utf8_checked(data: bytes, name: str) -> None:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MetadataError(f"{name}, line {line}: not UTF-8 text. {_SAVE_UTF8}") from error


def _rows(name: str, data: bytes, columns: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the number of its (last) line."""
    lines = TextIOWrapper(BytesIO(data), encoding="utf-8-sig", newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        next(reader)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                raise MetadataError(
                    f"{name}, line {reader.line_num}: {len(cells)} cells where the header has {len(columns)}. "
                    "Put quotes around cells that hold the delimiter."
                )
            yield reader.line_num, cells
    except csv.Error as error:
        raise MetadataError(f"{name}, line {reader.line_num}: not well-formed CSV ({error}).") from error


def _inside(name: str, line: int, cell: str) -> str:
    """The cell as a relative name that stays inside the CSV's folder."""
    path = PurePosixPath(composed(cell.strip()).replace("\\", "/"))
    if not path.parts:
        raise MetadataError(f"{name}, line {line}: the column 'file' is empty. Name the file or remove the row.")
    if path.is_absolute() or ".." in path.parts or "\0" in cell:
        raise MetadataError(
            f"{name}, line {line}: {printable(cell)!r} leads out of the folder. Name files relative to this CSV."
        )
    return str(path)


def _details(columns: list[str], cells: list[str], *, where: str) -> Details:
    """The details of a row of printable cells."""
    known: dict[str, Any] = {}
    extras: dict[str, str] = {}
    synthetic = False
    for column, cell in zip(columns, cells, strict=True):
        if column in _SYNTHETIC:
            synthetic = cell.lower() in _YES
        elif column in _COLUMNS and _COLUMNS[column] not in known:
            known[_COLUMNS[column]] = _value(_COLUMNS[column], cell, where)
        elif column != "file" and cell:
            extras[printable(column)] = cell
    known["sha256"] = known.get("sha256", "").lower()
    return Details(**known, is_synthetic=synthetic, extras=extras)


def _value(name: str, cell: str, where: str) -> str | bool | float | None:
    match name:
        case "may_publish":
            return _yes_or_no(cell, where)
        case "valence" | "arousal":
            return rating(cell, column=name, where=where) if cell else None
        case _:
            return cell


def _yes_or_no(cell: str, where: str) -> bool | None:
    if not cell:
        return None
    if cell.lower() in _YES:
        return True
    if cell.lower() in _NO:
        return False
    raise MetadataError(f"{where}: may_publish is {cell!r}. Write yes or no, or leave it empty.")
