"""A snapshot as a zip that is never stored: its layout is known beforehand, so any range of it can be sent at once.

Entries are stored, sorted, dated 1980-01-01, mode 644: one snapshot, one zip, byte for byte (ZIP64 where needed; format
as in PKWARE's APPNOTE 6.3, sections 4.3 and 4.5).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mpd_builder.snapshot.manifest import MANIFEST_NAME, SUMS_NAME, ManifestError, is_inside, parse_sums

CHUNK = 1 << 20
FULL_32 = 0xFFFFFFFF
FULL_16 = 0xFFFF

_DATE_1980 = (1 << 5) | 1
_MODE = 0o100644 << 16
_UNIX = 3 << 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the zip: its path below the snapshot, size in bytes, CRC-32."""

    path: str
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the zip: bytes that we have, or else a file of the snapshot."""

    size: int
    content: bytes = b""
    path: str = ""


class Archive:
    """The zip of the snapshot at `root`. `size` is its length in bytes; `read(start, stop)` yields that range.

    `cover` holds files that stand in for those of the same name at `root`; `entries` must be of them (see `covered`).
    """

    def __init__(
        self,
        root: Path,
        entries: tuple[Entry, ...],
        *,
        folder: str,
        limit: int = FULL_32,
        cover: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.root = root
        self._segments = tuple(_layout(entries, folder, limit, cover))
        self.size = sum(segment.size for segment in self._segments)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes [start, stop) of the zip, in chunks of at most 1 MiB. A file that has shrunk raises OSError."""
        stop = self.size if stop is None else min(stop, self.size)
        place = 0
        for segment in self._segments:
            first, last = max(start - place, 0), min(stop - place, segment.size)
            if first < last:
                yield from self._part(segment, first, last)
            place += segment.size

    def _part(self, segment: Segment, first: int, last: int) -> Iterator[bytes]:
        if not segment.path:
            yield segment.content[first:last]
            return
        with (self.root / segment.path).open("rb") as file:
            file.seek(first)
            left = last - first
            while left:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    raise OSError(f"{segment.path} is shorter than it was when the snapshot was sealed")
                left -= len(chunk)
                yield chunk


def index(root: Path) -> tuple[Entry, ...]:
    """Sizes and CRCs of the snapshot's files, sorted; reads every byte once. ManifestError if it is none."""
    try:
        names = sorted([*parse_sums((root / SUMS_NAME).read_bytes()), SUMS_NAME])
    except FileNotFoundError as error:
        raise ManifestError(f"{root} holds no {SUMS_NAME}") from error
    return tuple(_entry(root, name) for name in names)


def index_to_json(entries: tuple[Entry, ...]) -> str:
    """The index as text, to keep beside a snapshot."""
    return json.dumps({entry.path: [entry.size, entry.crc] for entry in entries}, sort_keys=True)


def index_from_json(text: str) -> tuple[Entry, ...]:
    """Read an index back; ValueError if it is none."""
    values = json.loads(text)
    if not isinstance(values, Mapping) or MANIFEST_NAME not in values:
        raise ValueError("this is not the index of a snapshot")
    if not all(is_inside(path.split("/")) for path in values):
        raise ValueError("a path of the index leaves the snapshot")
    return tuple(Entry(path, int(size), int(crc)) for path, (size, crc) in sorted(values.items()))


def covered(entries: tuple[Entry, ...], cover: Mapping[str, bytes]) -> tuple[Entry, ...]:
    """The entries of a snapshot whose files `cover` replaces: only what its own checksum file lists, and that file."""
    own = [Entry(name, len(content), zlib.crc32(content)) for name, content in cover.items()]
    listed = parse_sums(cover[SUMS_NAME])
    kept = [entry for entry in entries if entry.path in listed and entry.path not in cover]
    return tuple(sorted([*kept, *own], key=lambda entry: entry.path))


def _entry(root: Path, name: str) -> Entry:
    size = crc = 0
    with (root / name).open("rb") as file:
        while chunk := file.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
    return Entry(name, size, crc)


def _layout(
    entries: tuple[Entry, ...], folder: str, limit: int, cover: Mapping[str, bytes] = MappingProxyType({})
) -> Iterator[Segment]:
    """Local headers and files in turn, then the central directory and the end records."""
    place, directory = 0, b""
    for entry in entries:
        name = f"{folder}/{entry.path}".encode()
        header = _local_header(entry, name, limit)
        directory += _directory_record(entry, name, place, limit)
        yield Segment(len(header), content=header)
        if entry.path in cover:
            yield Segment(entry.size, content=cover[entry.path])
        else:
            yield Segment(entry.size, path=entry.path)
        place += len(header) + entry.size
    end = directory + _end_records(len(entries), len(directory), place, limit)
    yield Segment(len(end), content=end)


def _local_header(entry: Entry, name: bytes, limit: int) -> bytes:
    large = entry.size >= limit
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if large else b""
    size = FULL_32 if large else entry.size
    version = 45 if large else 20
    fields = (0x04034B50, version, 0, 0, 0, _DATE_1980, entry.crc, size, size, len(name), len(extra))
    return struct.pack("<IHHHHHIIIHH", *fields) + name + extra


def _directory_record(entry: Entry, name: bytes, place: int, limit: int) -> bytes:
    large, far = entry.size >= limit, place >= limit
    wide = ([entry.size, entry.size] if large else []) + ([place] if far else [])
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size = FULL_32 if large else entry.size
    version = 45 if wide else 20
    fields = (0x02014B50, _UNIX | version, version, 0, 0, 0, _DATE_1980, entry.crc, size, size, len(name), len(extra))
    return (
        struct.pack("<IHHHHHHIIIHH", *fields)
        + struct.pack("<HHHII", 0, 0, 0, _MODE, FULL_32 if far else place)
        + (name + extra)
    )


def _end_records(count: int, directory_size: int, place: int, limit: int) -> bytes:
    """The end of central directory, with the ZIP64 one before it where a number does not fit."""
    wide = count >= min(FULL_16, limit) or directory_size >= limit or place >= limit
    records = b""
    if wide:
        version = _UNIX | 45
        records += struct.pack(
            "<IQHHIIQQQQ", 0x06064B50, 44, version, 45, 0, 0, count, count, directory_size, place
        ) + struct.pack("<IIQI", 0x07064B50, 0, place + directory_size, 1)
    short_count = FULL_16 if wide else count
    size, offset = (FULL_32, FULL_32) if wide else (directory_size, place)
    return records + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, short_count, short_count, size, offset, 0)
