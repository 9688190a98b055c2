"""What a source is to those who import from it, and what it can be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from mpd_builder.ingest.items import Candidate, Details, Remark

PAPER_STYLES: Final = (
    "Art Nouveau Modern",
    "Abstract Expressionism",
    "Baroque",
    "Analytical Cubism",
    "Action Painting",
)
"""The five styles of WikiArt that MPD takes its paintings from (MPJudge, section 3.1)."""


class SourceKind(StrEnum):
    FOLDER = "folder"
    WIKIART = "wikiart"
    AACP = "aacp"
    DEAM = "deam"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a person decides about a source.

    `styles` and `lists` (CSV files of WikiArt's published division) choose among WikiArt's paintings. `defaults` hold
    for items whose own metadata say nothing on a point. With `open_archives`, zip archives that lie in a folder are
    opened as if they were folders; without, they are rejected like any other file that is no medium.
    """

    styles: tuple[str, ...] = PAPER_STYLES
    lists: tuple[Path, ...] = ()
    defaults: Details = field(default_factory=Details)
    open_archives: bool = False


class Source(Protocol):
    """An open source. Its metadata were read and found in order when it was opened."""

    def count(self) -> int:
        """How many candidates there are; no medium is opened for it."""

    def remarks(self) -> tuple[Remark, ...]:
        """What a person should know of the source as a whole: a line each, however many files it is about."""

    def candidates(self) -> Iterator[Candidate]:
        """All candidates in a fixed order, each made when it is asked for. May be called again."""

    def release(self, candidate: Candidate) -> None:
        """Say that the candidate's file is needed no more: what was unpacked for it is removed. Harmless otherwise."""
