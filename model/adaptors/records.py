"""What the adaptors share: scored matches of an image with a clip, and reading text line by line.

Shapes: N matches.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.metrics import Floats


class AdaptorError(ValueError):
    """A published file that cannot be read as what it should be; the message names the file and the line."""

    @classmethod
    def at(cls, path: Path, line: int, reason: str) -> AdaptorError:
        return cls(f"{path}, line {line}: {reason}")


@dataclass(frozen=True, slots=True)
class Matches:
    """Images with clips and how well they match, in [0, 1]. `repeated`: lines that said again what another had said."""

    images: tuple[str, ...]
    clips: tuple[str, ...]
    score: Floats
    repeated: int = 0

    def __len__(self) -> int:
        return len(self.images)

    def pairs(self) -> list[tuple[str, str]]:
        return list(zip(self.images, self.clips, strict=True))

    def take(self, rows: list[int]) -> Matches:
        return Matches(
            tuple(self.images[row] for row in rows), tuple(self.clips[row] for row in rows), self.score[rows]
        )


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, blank ones left out. Raises AdaptorError where the text is not UTF-8."""
    for number, raw in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise AdaptorError.at(path, number, "is not UTF-8 text") from error
        if text:
            yield number, text


def table_of(path: Path, *, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a heading, by its columns, each with its line. Raises AdaptorError in words."""
    lines = list(lines_of(path))
    if not lines:
        raise AdaptorError(f"{path} is empty: its first line names the columns")
    heading = [name.strip() for name in next(csv.reader([lines[0][1]]))]
    missing = [name for name in needed if name not in heading]
    if missing:
        raise AdaptorError.at(path, lines[0][0], f"there is no column {', '.join(missing)}")
    for number, text in lines[1:]:
        cells = next(csv.reader([text]))
        if len(cells) != len(heading):
            raise AdaptorError.at(path, number, f"has {len(cells)} cells where the heading has {len(heading)}")
        yield number, dict(zip(heading, (cell.strip() for cell in cells), strict=True))


def matches_of(images: list[str], clips: list[str], scores: list[float], *, repeated: int = 0) -> Matches:
    return Matches(tuple(images), tuple(clips), np.array(scores, dtype=np.float64), repeated)
