"""CSV files that people open in a spreadsheet: UTF-8 that it recognises, and no cell that it takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def csv_lines(*, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file line by line, its columns' names first; nothing is held in memory.

    It begins with a byte order mark, so that spreadsheets read it as UTF-8 (RFC 4180 otherwise).
    """
    line = csv.writer(_Echo(), lineterminator="\r\n")
    yield "\ufeff" + line.writerow(columns)
    for cells in rows:
        yield line.writerow([_plain_cell(cell) if isinstance(cell, str) else cell for cell in cells])


class _Echo:
    """What a CSV writer writes, handed back."""

    def write(self, text: str) -> str:
        return text


def _plain_cell(text: str) -> str:
    """Spreadsheets take cells that begin like this for formulas; an apostrophe in front makes them text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
