"""Zip archives of every kind, written byte by byte where no packing program would."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from io import BytesIO

from tests.mpd_builder.media_files import gradient

LINK, FIFO, PLAIN = 0o120777 << 16, 0o010644 << 16, 0o100644 << 16


def png(width: int = 200, height: int = 180) -> bytes:
    buffer = BytesIO()
    gradient(width, height).save(buffer, "PNG")
    return buffer.getvalue()


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An honest archive."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@dataclass(frozen=True)
class Member:
    """A member as its two headers describe it; what is None is told truly."""

    name: bytes
    data: bytes = b"x"
    method: int = 8
    flags: int = 0
    attributes: int = PLAIN
    crc: int | None = None
    size: int | None = None
    stored_packed: int | None = None
    local_name: bytes | None = None
    same_place_as: int | None = None
    extra: bytes = b""

    @property
    def body(self) -> bytes:
        if self.method != 8:
            return self.data
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflate.compress(self.data) + deflate.flush()

    def local(self) -> bytes:
        name = self.name if self.local_name is None else self.local_name
        crc, packed_size, size = self._numbers()
        return (
            struct.pack(
                "<4s5H3L2H", b"PK\x03\x04", 20, self.flags, self.method, 0, 0, crc, packed_size, size, len(name), 0
            )
            + name
        )

    def central(self, offset: int) -> bytes:
        crc, packed_size, size = self._numbers()
        head = struct.pack(
            "<4s6H3L5H2L",
            b"PK\x01\x02",
            (3 << 8) | 20,
            20,
            self.flags,
            self.method,
            0,
            0,
            crc,
            packed_size,
            size,
            len(self.name),
            len(self.extra),
            0,
            0,
            0,
            self.attributes,
            offset,
        )
        return head + self.name + self.extra

    def _numbers(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed_size = len(self.body) if self.stored_packed is None else self.stored_packed
        return crc, packed_size, len(self.data) if self.size is None else self.size


@dataclass
class Forged:
    """An archive of such members; `count` is what its end claims."""

    members: list[Member]
    count: int | None = None
    disk: int = 0
    comment: bytes = b""
    prefix: bytes = b""
    zip64: bool = False
    offsets: list[int] = field(default_factory=list)

    def data(self) -> bytes:
        out = bytearray(self.prefix)
        for member in self.members:
            if member.same_place_as is not None:
                self.offsets.append(self.offsets[member.same_place_as])
                continue
            self.offsets.append(len(out) - len(self.prefix))
            out += member.local() + member.body
        start = len(out)
        for member, offset in zip(self.members, self.offsets, strict=True):
            out += member.central(offset)
        size, offset = len(out) - start, start - len(self.prefix)
        count = len(self.members) if self.count is None else self.count
        if self.zip64:
            at = len(out) - len(self.prefix)
            out += struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
            out += struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
            count, size, offset = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
        out += struct.pack(
            "<4s4H2LH", b"PK\x05\x06", self.disk, self.disk, count, count, size, offset, len(self.comment)
        )
        return bytes(out + self.comment)


def forged(*members: Member) -> bytes:
    return Forged(list(members)).data()


def as_good(member: Member, name: bytes = b"good.png") -> Member:
    return replace(member, name=name, data=png())


GOOD = Member(b"good.png", png())
