"""One member of an archive: under which name it may come, and its bytes, held to what the directory promised."""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from mpd_builder.ingest.items import Limits, Rejected
from mpd_builder.ingest.metadata import composed
from mpd_builder.ingest.sources.zips.directory import ENCRYPTED, Archive, Entry

SMALL: Final = 32 * 2**20
"""What unpacks to no more may have been packed as tightly as it likes: an empty picture packs a thousandfold."""

UNSAFE_NAME: Final = "unsafe_name"

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_BLOCK: Final = 256 * 1024
_STORED, _DEFLATED = 0, 8
_METHODS: Final = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd", 99: "AES"}
_ARCHIVES: Final = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".cab", ".iso"})
_PACK_AGAIN: Final = "Pack the archive again, or unpack it and import the folder."


def name_checked(entry: Entry) -> tuple[str, Rejected | None]:
    """The member's name with `/` between folders, and what is wrong with it: it must not lead out of the archive."""
    name = composed(entry.name).replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    tidy = "/".join(part.replace("\0", "\ufffd") for part in parts) or "(no name)"
    if "\0" in name:
        return tidy, Rejected(UNSAFE_NAME, "There is a zero byte in its name.", _PACK_AGAIN)
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        return tidy, Rejected(UNSAFE_NAME, "Its name leads out of the archive's folder.", _PACK_AGAIN)
    return tidy, None if parts else Rejected(UNSAFE_NAME, "It has no name.", _PACK_AGAIN)


def is_folder(entry: Entry) -> bool:
    return entry.name.endswith(("/", "\\"))


def entry_checked(entry: Entry, name: str, limits: Limits) -> Rejected | None:
    """What the directory alone says against a member."""
    kind = stat.S_IFMT(entry.mode)
    if kind not in (0, stat.S_IFREG):
        what = "a link" if kind == stat.S_IFLNK else "not a plain file"
        return Rejected("not_a_file", f"It is {what}; only plain files are taken.", "Pack the file itself.")
    if entry.is_encrypted:
        return Rejected("encrypted", "It is locked with a password.", "Pack it without one.")
    if PurePosixPath(name).suffix.lower() in _ARCHIVES:
        return Rejected("nested", "It is an archive inside the archive.", "Unpack it, and import its folder.")
    if entry.method not in (_STORED, _DEFLATED):
        method = _METHODS.get(entry.method, f"method {entry.method}")
        return Rejected("packed", f"It is packed by {method}, which is not read here.", "Pack it by Deflate.")
    if entry.size > limits.max_sound_bytes:
        most = limits.max_sound_bytes / 2**20
        return Rejected(
            "too_many_bytes",
            f"It is {entry.size / 2**20:.0f} MB large; at most {most:.0f} MB are taken.",
            "Shorten it.",
        )
    if entry.size > SMALL and entry.size > limits.max_archive_ratio * entry.packed:
        reason = f"It unpacks to more than {limits.max_archive_ratio:g} times its size, as no picture or music does."
        return Rejected("ratio", reason, "Pack it again if it is what it should be.")
    return None


def data_start(archive: Archive, entry: Entry) -> int:
    """Where the member's bytes begin. Raises `Rejected` where its own header is not the one the directory means."""
    head = archive.read(entry.offset, _LOCAL.size + len(entry.raw_name))
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise _damaged("its header is not where the archive's directory says")
    _, _, flags, method, *_, name_length, extra_length = _LOCAL.unpack_from(head)
    name = head[_LOCAL.size :] if name_length == len(entry.raw_name) else None
    if (name, method, flags & ENCRYPTED) != (entry.raw_name, entry.method, entry.flags & ENCRYPTED):
        raise _damaged("its own header and the archive's directory contradict each other")
    start: int = entry.offset + _LOCAL.size + name_length + extra_length
    if start + entry.packed > archive.directory_start:
        raise _damaged("it reaches beyond the archive's end")
    return start


def unpacked(archive: Archive, entry: Entry) -> Iterator[bytes]:
    """The member's bytes, piece by piece, never more than promised. Raises `Rejected` where they are not so."""
    crc = size = 0
    for piece in _pieces(archive, data_start(archive, entry), entry):
        size += len(piece)
        if size > entry.size:
            raise _damaged("it unpacks to more than the archive says")
        crc = zlib.crc32(piece, crc)
        yield piece
    if size < entry.size:
        raise _damaged("it unpacks to less than the archive says")
    if crc != entry.crc:
        raise _damaged("its checksum is wrong")


def _pieces(archive: Archive, start: int, entry: Entry) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(start, start + entry.packed, _BLOCK):
        block = archive.read(at, min(_BLOCK, start + entry.packed - at))
        if entry.method == _STORED:
            yield block
            continue
        try:
            while block and not inflate.eof:
                yield inflate.decompress(block, _BLOCK)
                block = inflate.unconsumed_tail
        except zlib.error as error:
            raise _damaged("it cannot be unpacked") from error
    while entry.method == _DEFLATED and not inflate.eof:
        piece = inflate.decompress(b"", _BLOCK)
        if not piece:
            raise _damaged("it breaks off")
        yield piece


def _damaged(why: str) -> Rejected:
    return Rejected("damaged", f"It is damaged in the archive: {why}.", "Pack the archive again, or download it again.")
