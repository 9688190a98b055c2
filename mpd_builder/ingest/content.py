"""What a file is, by its first bytes. Extensions are never asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mpd_builder.ingest import mpeg
from mpd_builder.ingest.items import Rejected


class Kind(StrEnum):
    PICTURE = "picture"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Format:
    """A format that ingest reads. `name` is Pillow's for pictures, libsndfile's for sound."""

    kind: Kind
    name: str
    suffix: str


HEAD_BYTES: Final = 64 * 1024
"""So much of a file's beginning is needed to name it; MP3 frames are looked for in all of it."""

JPEG: Final = Format(Kind.PICTURE, "JPEG", ".jpg")
PNG: Final = Format(Kind.PICTURE, "PNG", ".png")
GIF: Final = Format(Kind.PICTURE, "GIF", ".gif")
WEBP: Final = Format(Kind.PICTURE, "WEBP", ".webp")
TIFF: Final = Format(Kind.PICTURE, "TIFF", ".tif")
BMP: Final = Format(Kind.PICTURE, "BMP", ".bmp")
AVIF: Final = Format(Kind.PICTURE, "AVIF", ".avif")
WAV: Final = Format(Kind.SOUND, "WAV", ".wav")
AIFF: Final = Format(Kind.SOUND, "AIFF", ".aiff")
FLAC: Final = Format(Kind.SOUND, "FLAC", ".flac")
OGG: Final = Format(Kind.SOUND, "OGG", ".ogg")
MP3: Final = Format(Kind.SOUND, "MP3", ".mp3")

_MAGIC: Final = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
)
_CONTAINERS: Final = {
    (b"RIFF", b"WEBP"): WEBP,
    (b"RIFF", b"WAVE"): WAV,
    (b"RF64", b"WAVE"): WAV,
    (b"FORM", b"AIFF"): AIFF,
    (b"FORM", b"AIFC"): AIFF,
}
_EXPORT_PICTURE: Final = "Export it as JPEG, PNG, WebP or TIFF."
_EXPORT_SOUND: Final = "Convert it to FLAC, WAV, MP3 or Ogg."
_FOREIGN: Final = (
    (b"%PDF", "a PDF document", _EXPORT_PICTURE),
    (b"8BPS", "a Photoshop document", _EXPORT_PICTURE),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", _EXPORT_PICTURE),
    (b"PK\x03\x04", "a zip archive", "Unpack it and import the folder."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and import the folder."),
    (b"Rar!", "a RAR archive", "Unpack it and import the folder."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it and import the folder."),
    (b"MThd", "a MIDI file: notes, not sound", "Render it to FLAC or WAV."),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM film", _EXPORT_SOUND),
    (b"wvpk", "a WavPack file, which is not read here", _EXPORT_SOUND),
    (b"MAC ", "a Monkey's Audio file, which is not read here", _EXPORT_SOUND),
    (b"0&\xb2u", "a Windows Media file, which is not read here", _EXPORT_SOUND),
)


def identify(head: bytes) -> Format:
    """Name the format of a file that begins with `head` (`HEAD_BYTES` of it). Raises `Rejected` for all others."""
    if not head:
        raise Rejected("empty", "The file is empty.", "Copy or download it again.")
    for magic, known in _MAGIC:
        if head.startswith(magic):
            return known
    if (container := _CONTAINERS.get((head[:4], head[8:12]))) is not None:
        return container
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return BMP
    if head[4:8] == b"ftyp":
        return _iso_media(head[8:12])
    for magic, what, hint in _FOREIGN:
        if head.startswith(magic):
            raise Rejected("unsupported", f"It is {what}.", hint)
    if head.startswith(b"ID3"):
        return FLAC if head[mpeg.tag_length(head) :].startswith(b"fLaC") else MP3
    if (page := _as_text(head)) is not None:
        raise _not_media(page)
    if mpeg.scan(head, max_search=len(head)) is not None:
        return MP3
    raise Rejected(
        "unknown", "It is neither a picture nor a sound that is known here.", f"{_EXPORT_PICTURE} Or: {_EXPORT_SOUND}"
    )


def _iso_media(brand: bytes) -> Format:
    if brand in (b"avif", b"avis"):
        return AVIF
    if brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        raise Rejected("unsupported", "It is a HEIC picture.", _EXPORT_PICTURE)
    raise Rejected("unsupported", "It is an MPEG-4 film or sound (MP4, M4A), which is not read here.", _EXPORT_SOUND)


def _as_text(head: bytes) -> str | None:
    """The head as text, when it is text: UTF-8 (its last character may be cut) without control characters."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return None
        text = head[: error.start].decode("utf-8")
    return None if any(char < " " and char not in "\t\r\n\f" for char in text) else text


def _not_media(text: str) -> Rejected:
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return Rejected(
            "web_page",
            "It is a web page, not an image or a sound: most likely an error page saved under this name.",
            "Download the file again.",
        )
    if "<svg" in start[:1000]:
        return Rejected("unsupported", "It is a vector drawing (SVG).", _EXPORT_PICTURE)
    return Rejected(
        "text", "It is plain text: neither an image nor an audio stream is in it.", "Replace it with the real file."
    )
