"""Damaged files of every format: each is taken whole, or rejected in words; nothing else ever comes out."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mpd_builder.ingest import Candidate, CheckedPainting, CheckedTrack, Limits, Rejected, process
from tests.mpd_builder.media_files import gradient, tone, write_picture, write_sound

LIMITS = Limits(max_pixels=4_000_000, max_seconds=60.0)
DAMAGED_COPIES = 12


def picture(form: str, **options: object) -> Callable[[Path], Path]:
    return lambda path: write_picture(path, gradient(170, 150), form=form, **options)


def sound(form: str, subtype: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        noise = np.random.default_rng(3).normal(0, 0.02, (15 * 8_000 + 500, 1)).astype(np.float32)
        return write_sound(path, tone(15.0625) + noise, form=form, subtype=subtype)

    return write


FORMATS = {
    "jpeg": picture("JPEG"),
    "progressive jpeg": picture("JPEG", progressive=True),
    "jpeg with exif": picture("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"),
    "png": picture("PNG"),
    "gif": picture("GIF"),
    "webp": picture("WEBP"),
    "tiff": picture("TIFF", compression="tiff_lzw"),
    "bmp": picture("BMP"),
    "avif": picture("AVIF"),
    "wav": sound("WAV", "PCM_16"),
    "float wav": sound("WAV", "FLOAT"),
    "aiff": sound("AIFF", "PCM_16"),
    "flac": sound("FLAC", "PCM_16"),
    "ogg": sound("OGG", "VORBIS"),
    "opus": sound("OGG", "OPUS"),
    "mp3": sound("MP3", "MPEG_LAYER_III"),
}


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The data with flipped bits, overwritten or missing or repeated pieces, or cut off; mostly near the headers."""
    broken = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        if len(broken) < 16:
            break
        at = rng.randrange(min(len(broken), rng.choice([64, 1024, len(broken)])))
        match rng.randrange(6):
            case 0 | 1:
                broken[at] ^= 1 << rng.randrange(8)
            case 2:
                broken[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0"])
            case 3:
                del broken[at : at + rng.randrange(1, 50)]
            case 4:
                broken[at:at] = broken[: rng.randrange(1, 200)]
            case _:
                del broken[max(16, at) :]
    return bytes(broken)


def checked(path: Path) -> None:
    """Process the file as the site does; anything but a whole item or a rejection in words fails the test."""
    try:
        outcome = process(Candidate(path, path.name), limits=LIMITS)
    except Rejected as rejected:
        words = (rejected.code, rejected.reason)
    else:
        words = ("taken", whole(outcome))
    assert all(words)


def whole(outcome: CheckedPainting | CheckedTrack) -> str:
    if isinstance(outcome, CheckedPainting):
        assert outcome.model_input.shape == (256, 256, 3)
        assert outcome.painting.width * outcome.painting.height <= LIMITS.max_pixels
        return outcome.painting.id
    assert len(outcome.clips) == outcome.track.duration_s // 15
    assert all(np.isfinite(clip.mel).all() for clip in outcome.clips)
    return outcome.track.id


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_taken_whole_or_rejected_in_words(tmp_path: Path, name: str) -> None:
    data = FORMATS[name](tmp_path / "whole").read_bytes()
    checked(tmp_path / "whole")
    rng = random.Random(name)
    for index in range(DAMAGED_COPIES):
        path = tmp_path / f"{index}"
        path.write_bytes(damaged(data, rng))
        checked(path)


def test_bytes_of_no_format_are_rejected_in_words(tmp_path: Path) -> None:
    rng = random.Random(8)
    for index, head in enumerate(
        (b"", b"\xff\xd8\xff", b"RIFF....WAVE", b"OggS", b"ID3\x04", b"fLaC", b"GIF89a", b"II*\0")
    ):
        path = tmp_path / f"{index}"
        path.write_bytes(head + rng.randbytes(3_000))
        checked(path)
