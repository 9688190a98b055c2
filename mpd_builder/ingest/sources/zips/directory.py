"""The directory of a zip archive, read entry by entry from its end: APPNOTE 6.3, ZIP64 included.

Only what it says is read here, never believed: `checks.py` holds the entries against each other and against the file.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mpd_builder.ingest.items import SourceError

ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
UTF8: Final = 0x0800

_END: Final = struct.Struct("<4s4H2LH")
_END64_LOCATOR: Final = struct.Struct("<4sLQL")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT: Final = 0xFFFF
_LONGEST_ENTRY: Final = _ENTRY.size + 3 * 0xFFFF
_WINDOW: Final = 2**20
"""So much of the directory is read at a time."""
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075
_UNIX: Final = 3
DAMAGED: Final = "Its directory is damaged or cut off. Copy or download the archive again."


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory says of a member. `offset` is of its header in the file, `mode` is Unix's, or 0."""

    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & ENCRYPTED)


class Archive:
    """An open zip file, read by place. Raises `SourceError` where it is none, is damaged or one of several parts."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        end, self.count, size, offset = self._end()
        self.directory_start = end - size
        self.directory_end = end
        self.shift = self.directory_start - offset
        """Bytes in front of the archive proper, as in archives that unpack themselves."""
        if self.directory_start < 0 or self.shift < 0:
            raise SourceError(DAMAGED)

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset` on; fewer at the end of the file."""
        return os.pread(self.descriptor, size, offset) if 0 <= offset < self.size else b""

    def entries(self) -> Iterator[Entry]:
        """The entries in the directory's order, none kept. Raises `SourceError` where the directory breaks off."""
        at, n = self.directory_start, 0
        window, begins = b"", at
        while at < self.directory_end:
            if at + _LONGEST_ENTRY > begins + len(window) < self.directory_end:
                window, begins = self.read(at, min(_WINDOW, self.directory_end - at)), at
            place = at - begins
            if len(window) - place < _ENTRY.size or not window.startswith(b"PK\x01\x02", place):
                raise SourceError(DAMAGED)
            fields = _ENTRY.unpack_from(window, place)
            name_at = place + _ENTRY.size
            extra_at = name_at + fields[10]
            at += _ENTRY.size + sum(fields[10:13])
            if at > self.directory_end or at - begins > len(window):
                raise SourceError(DAMAGED)
            yield self._entry(fields, window[name_at:extra_at], window[extra_at : extra_at + fields[11]])
            n += 1
        if n != self.count and n & _FULL_16 != self.count:
            raise SourceError(f"Its directory should have {self.count} entries and has {n}. {DAMAGED}")

    def _entry(self, fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> Entry:
        made_by, flags, method, crc = fields[1] >> 8, fields[3], fields[4], fields[7]
        packed, size, attributes, offset = fields[8], fields[9], fields[15], fields[16]
        extras = dict(_extras(extra)) if extra else {}
        wide = extras.get(_ZIP64_EXTRA, b"")
        if size == _FULL_32:
            size, wide = _wide(wide)
        if packed == _FULL_32:
            packed, wide = _wide(wide)
        if offset == _FULL_32:
            offset, wide = _wide(wide)
        return Entry(
            raw_name=raw_name,
            name=_name(raw_name, flags, extras.get(_UNICODE_PATH_EXTRA, b"")),
            flags=flags,
            method=method,
            crc=crc,
            packed=packed,
            size=size,
            offset=offset + self.shift,
            mode=attributes >> 16 if made_by == _UNIX else 0,
        )

    def _end(self) -> tuple[int, int, int, int]:
        """Where the directory ends, how many entries it has, its size, and its offset as the archive counts."""
        start = max(0, self.size - _END.size - _MAX_COMMENT)
        tail = self.read(start, self.size - start)
        at = tail.rfind(b"PK\x05\x06")
        while at >= 0:
            if at + _END.size <= len(tail):
                _, disk, first_disk, _, count, size, offset, comment = _END.unpack_from(tail, at)
                if at + _END.size + comment <= len(tail):
                    break
            at = tail.rfind(b"PK\x05\x06", 0, at)
        else:
            raise SourceError(self._no_end())
        end = start + at
        wide = self._end64(end)
        if wide is not None:
            return wide
        if (disk, first_disk) != (0, 0):
            raise SourceError("It is one part of an archive in several parts. Join the parts, or pack it in one.")
        if _FULL_32 in (size, offset):
            raise SourceError(DAMAGED)
        return end, count, size, offset

    def _end64(self, end: int) -> tuple[int, int, int, int] | None:
        """The same from the ZIP64 record in front of the end; None where there is none."""
        locator = self.read(end - _END64_LOCATOR.size, _END64_LOCATOR.size) if end >= _END64_LOCATOR.size else b""
        if not locator.startswith(b"PK\x06\x07"):
            return None
        stated = _END64_LOCATOR.unpack(locator)[2]
        for at in (end - _END64_LOCATOR.size - _END64.size, stated):
            record = self.read(at, _END64.size) if 0 <= at < end else b""
            if len(record) == _END64.size and record.startswith(b"PK\x06\x06"):
                *_, disk, first_disk, _, count, size, offset = _END64.unpack(record)
                if (disk, first_disk) != (0, 0):
                    raise SourceError("It is one part of an archive in several parts. Join the parts.")
                return at, count, size, offset
        raise SourceError(DAMAGED)

    def _no_end(self) -> str:
        head = self.read(0, 4)
        if not self.size:
            return "It is empty. Copy or download it again."
        if head.startswith((b"PK\x03\x04", b"PK\x07\x08", b"PK00")):
            return "It is a zip archive that is cut off: its directory, at its end, is missing. Download it again."
        for magic, what in ((b"Rar!", "a RAR"), (b"7z\xbc\xaf", "a 7z"), (b"\x1f\x8b", "a gzip")):
            if head.startswith(magic):
                return f"It is {what} archive, not a zip. Unpack it and import the folder, or pack it as zip."
        return "It is not a zip archive. Name a zip file, or unpack it and import the folder."


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The extra fields by number; a broken rest is left away."""
    at = 0
    while at + 4 <= len(extra):
        number, length = struct.unpack_from("<2H", extra, at)
        yield number, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _wide(field: bytes) -> tuple[int, bytes]:
    if len(field) < 8:
        raise SourceError(DAMAGED)
    return int.from_bytes(field[:8], "little"), field[8:]


def _name(raw: bytes, flags: int, unicode_path: bytes) -> str:
    """The name as text: UTF-8 where it says so or is so, else the code page of DOS, which the format's rule is."""
    if len(unicode_path) > 5 and unicode_path[0] == 1 and unicode_path[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
        return unicode_path[5:].decode("utf-8", "replace")
    if flags & UTF8:
        return raw.decode("utf-8", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")
