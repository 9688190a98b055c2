"""What the writer asks of whoever holds the media, and what it accepts from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mpd_builder.mel import MEL_SHAPE

PAINTING_SHAPE = (256, 256, 3)
NAME_DIGITS = 16


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that need not come into memory as a whole.

    place: a file of this machine, which is copied, or else a function that gives the bytes. sha256: what the digest of
    its bytes is by its holder's word, empty where it has none. It is checked, and an export that was broken off does
    not ask for a file again that it has already.
    """

    place: Path | Callable[[], bytes]
    sha256: str = ""

    def content(self) -> Path | bytes:
        return self.place if isinstance(self.place, Path) else self.place()


class Media(Protocol):
    """Pictures and sound by item id (`Painting.id`, `Clip.id`), one at a time, so that memory stays flat.

    All of them are asked for on several threads at once.
    """

    def painting_display(self, painting_id: str) -> bytes | MediaFile:
        """The picture as raters saw it: a JPEG file."""

    def painting_input(self, painting_id: str) -> npt.NDArray[np.uint8]:
        """The model's input: (256, 256, 3), RGB."""

    def clip_audio(self, clip_id: str) -> tuple[bytes | MediaFile, str]:
        """The clip as raters heard it: a sound file, and its extension."""

    def clip_mel(self, clip_id: str) -> npt.NDArray[np.float16]:
        """The clip's log-mel: (128, 469)."""


class MediaError(ValueError):
    """An item's media are missing or not what they should be; the message names the item."""


def check_picture(painting_id: str, head: bytes) -> None:
    """Raise MediaError unless a file with these first bytes is a JPEG file."""
    if not head.startswith(b"\xff\xd8\xff"):
        raise MediaError(f"The picture of painting {painting_id} is not a JPEG file. Import the painting again.")


def check_sound(clip_id: str, head: bytes) -> None:
    """Raise MediaError for an empty file."""
    if not head:
        raise MediaError(f"The sound file of clip {clip_id} is empty. Import the track again.")


def checked_extension(clip_id: str, extension: str) -> str:
    if not re.fullmatch(r"[a-z0-9]{2,5}", extension):
        raise MediaError(f"The sound file of clip {clip_id} has no usable extension ({extension!r}).")
    return extension


def media_path(folder: str, sha256: str, extension: str) -> str:
    """Where a media file goes: named for its own bytes."""
    return f"media/{folder}/{sha256[:NAME_DIGITS]}.{extension}"


def media_digits(name: str) -> str:
    """The digits that a media file's digest must begin with, by its path; empty for anything else."""
    found = re.fullmatch(rf"media/(?:paintings|clips)/([0-9a-f]{{{NAME_DIGITS}}})\.[a-z0-9]{{2,5}}", name)
    return found[1] if found else ""


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
