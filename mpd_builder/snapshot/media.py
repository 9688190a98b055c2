"""What the writer asks of whoever holds the media, and what it accepts from them."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mpd_builder.mel import MEL_SHAPE

PAINTING_SHAPE = (256, 256, 3)


class Media(Protocol):
    """Pictures and sound by item id (`Painting.id`, `Clip.id`), one at a time, so that memory stays flat."""

    def painting_display(self, painting_id: str) -> bytes:
        """The picture as raters saw it: the bytes of a JPEG file."""

    def painting_input(self, painting_id: str) -> npt.NDArray[np.uint8]:
        """The model's input: (256, 256, 3), RGB."""

    def clip_audio(self, clip_id: str) -> tuple[bytes, str]:
        """The clip as raters heard it: the bytes of a sound file, and its extension."""

    def clip_mel(self, clip_id: str) -> npt.NDArray[np.float16]:
        """The clip's log-mel: (128, 469)."""


class MediaError(ValueError):
    """An item's media are missing or not what they should be; the message names the item."""


def picture_name(painting_id: str, content: bytes) -> str:
    """Where a picture goes: named for its own bytes."""
    if not content.startswith(b"\xff\xd8\xff"):
        raise MediaError(f"The picture of painting {painting_id} is not a JPEG file. Import the painting again.")
    return f"media/paintings/{_short_digest(content)}.jpg"


def sound_name(clip_id: str, content: bytes, extension: str) -> str:
    """Where a clip's sound goes: named for its own bytes."""
    if not content:
        raise MediaError(f"The sound file of clip {clip_id} is empty. Import the track again.")
    if not re.fullmatch(r"[a-z0-9]{2,5}", extension):
        raise MediaError(f"The sound file of clip {clip_id} has no usable extension ({extension!r}).")
    return f"media/clips/{_short_digest(content)}.{extension}"


def checked_input(painting_id: str, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The pixels as they go into the array, or MediaError."""
    if pixels.shape != PAINTING_SHAPE or pixels.dtype != np.uint8:
        raise MediaError(
            f"The model's input for painting {painting_id} is {pixels.dtype} {pixels.shape}, "
            f"not uint8 {PAINTING_SHAPE}."
        )
    return np.ascontiguousarray(pixels)


def checked_mel(clip_id: str, mel: npt.NDArray[np.float16]) -> npt.NDArray[np.float16]:
    """The log-mel as it goes into the array, or MediaError."""
    if mel.shape != MEL_SHAPE or mel.dtype != np.float16:
        raise MediaError(f"The log-mel of clip {clip_id} is {mel.dtype} {mel.shape}, not float16 {MEL_SHAPE}.")
    if not np.isfinite(mel).all():
        raise MediaError(f"The log-mel of clip {clip_id} holds values that are not numbers. Import the track again.")
    return np.ascontiguousarray(mel)


def _short_digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
