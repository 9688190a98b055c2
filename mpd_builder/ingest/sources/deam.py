"""DEAM as published (Aljanaki, Yang and Soleymani 2017): audio by song number, ratings and metadata as CSV.

Audio is `MEMD_audio/2.mp3` or lies anywhere else below the folder, as do the tables:
`static_annotations_averaged_songs_1_2000.csv` and `..._2000_2058.csv` (valence and arousal a song, 1 to 9), and
`metadata_2013.csv` (song_id, file_name, Artist, Song title, ..., Genre), `metadata_2014.csv` (Id, Artist, Album, Track,
Genre, ...) and `metadata_2015.csv` (id, Filename, title, artist, album, genre), whose rows run on into further labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from mpd_builder.ingest.items import Details, MetadataError, Remark
from mpd_builder.ingest.metadata import printable, rating
from mpd_builder.ingest.sources.contract import SourceOptions
from mpd_builder.ingest.sources.folder import FolderSource
from mpd_builder.ingest.sources.tables import TableRow, header_of, rows_of
from mpd_builder.ingest.sources.walking import csv_bytes, is_document, root_checked, walk

# The songs have licences of their own, which the data set does not list song by song: until somebody states them,
# nothing says that the music may be passed on.
DEFAULTS: Final = Details(
    collection="DEAM", source="DEAM (MediaEval Database for Emotional Analysis of Music)", may_publish=False
)

_RATINGS: Final = re.compile(r"static_annotations_averaged_songs.*\.csv", re.IGNORECASE)
_WORKS: Final = re.compile(r"metadata.*\.csv", re.IGNORECASE)
_SONG: Final = ("song_id", "id")
_TITLE: Final = ("songtitle", "track", "title")
_MEANS: Final = ("valence_mean", "arousal_mean")


class DeamSource(FolderSource):
    """All audio below the folder; what the tables say of a song goes with the file that is named by its number.

    A song without ratings comes all the same; rated songs without audio are counted in one remark.
    """

    def __init__(self, root: Path, options: SourceOptions) -> None:
        """Read the tables and walk the folder. Raises `SourceError` or `MetadataError`."""
        self.songs = _Songs()
        heard: set[int] = set()
        for folder in walk(root_checked(root)):
            for file in folder.files:
                if _RATINGS.fullmatch(file) or _WORKS.fullmatch(file):
                    self.songs.add(csv_bytes(root, folder, file), printable(folder.name(file)), file)
                elif not is_document(file) and (song := song_number(file)) is not None:
                    heard.add(song)
        super().__init__(root, options, known=self._of, defaults=DEFAULTS)
        self._remarks = self.songs.unheard(heard)

    def remarks(self) -> tuple[Remark, ...]:
        return self._remarks

    def _of(self, name: str) -> Details:
        song = song_number(name)
        return Details() if song is None else self.songs.details(song)


def song_number(name: str) -> int | None:
    """The song that a file is named by: `MEMD_audio/2.mp3` -> 2; None where its name is no number."""
    stem = PurePosixPath(name).stem
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) < 9 else None


class _Songs:
    """What the tables say, by song number."""

    def __init__(self) -> None:
        self.ratings: dict[int, Details] = {}
        self.works: dict[int, Details] = {}

    def details(self, song: int) -> Details:
        return self.works.get(song, Details()).completed(self.ratings.get(song, Details()))

    def add(self, data: bytes, name: str, file: str) -> None:
        """Take in a table of ratings or of works. Raises `MetadataError` where a rating is not what it should be."""
        columns = header_of(data)
        has_song = any(column in columns for column in _SONG)
        if _WORKS.fullmatch(file):
            if has_song:
                self.works |= {song: _work(row) for song, row in _by_song(data, name)}
            return
        if not has_song or not set(_MEANS) <= set(columns):
            raise MetadataError(
                f"{name}: the columns song_id, valence_mean and arousal_mean are not all there. "
                "Take the file as it was published."
            )
        for song, row in _by_song(data, name):
            self.ratings[song] = _rated(row, f"{name}, line {row.line}")

    def unheard(self, heard: set[int]) -> tuple[Remark, ...]:
        """One remark on all songs that are rated and have no audio."""
        missing = sorted(self.ratings.keys() - heard)
        if not missing:
            return ()
        numbers = ", ".join(str(song) for song in missing[:5]) + (" and so on" if len(missing) > 5 else "")
        reason = f"{len(missing)} of the {len(self.ratings)} rated songs have no audio here: {numbers}."
        return (Remark("no_audio_here", reason, "Add their audio if they are wanted; the others are not affected."),)


def _by_song(data: bytes, name: str) -> Iterator[tuple[int, TableRow]]:
    for row in rows_of(data, name=name):
        song = song_number(next((row.cells[column] for column in _SONG if column in row.cells), ""))
        if song is None:
            raise MetadataError(
                f"{name}, line {row.line}: the song's number is missing or is no number. "
                "Take the file as it was published."
            )
        yield song, row


def _rated(row: TableRow, where: str) -> Details:
    valence, arousal = (rating(row.cells.get(column, ""), column=column, where=where) for column in _MEANS)
    rest = {column: cell for column, cell in row.cells.items() if column not in (*_SONG, *_MEANS, "") and cell}
    return Details(valence=valence, arousal=arousal, extras=rest)


def _work(row: TableRow) -> Details:
    def cell(*columns: str) -> str:
        found = next((row.cells[column] for column in columns if row.cells.get(column)), "")
        return "" if found.lower() == "n/a" else found.strip('" ')

    album = cell("album")
    return Details(
        title=cell(*_TITLE), artist=cell("artist"), genre=cell("genre"), extras={"album": album} if album else {}
    )
