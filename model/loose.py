"""A loose picture or sound file as the model takes it, prepared as an import prepares it.

For plain files only (8-bit pictures, sound that libsndfile reads): an import also knows profiles, 16-bit modes, ...
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from model.data import DataError
from mpd_builder import mel

SIDE = 256
CLIP_SECONDS = mel.CLIP_SAMPLES // mel.SAMPLE_RATE


def painting_of(path: Path) -> NDArray[np.uint8]:
    """The whole picture squashed to uint8 (256, 256, 3). Raises DataError in words."""
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            squashed = upright.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise DataError(f"{path} is not a picture that can be read: {error}") from error
    return np.array(squashed, dtype=np.uint8)


def mel_of(path: Path, *, start_s: float = 0.0, is_repeated: bool = False) -> NDArray[np.float16]:
    """The log-mel (128, 469) of the 15 seconds from `start_s` on. Raises DataError in words.

    A sound that ends earlier is refused, or with `is_repeated` played again and again until the 15 seconds are full.
    """
    try:
        with soundfile.SoundFile(path) as sound:
            wanted, rate = CLIP_SECONDS * sound.samplerate, sound.samplerate
            sound.seek(round(start_s * rate))
            samples = sound.read(wanted, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path} is not a sound file that can be read there: {error.error_string}") from error
    if is_repeated and 0 < len(samples) < wanted:
        samples = np.tile(samples, (-(-wanted // len(samples)), 1))[:wanted]
    if len(samples) < wanted:
        raise DataError(
            f"{path} has {len(samples) / rate:.1f} s of sound from {start_s:g} s on; a clip is {CLIP_SECONDS} s"
        )
    heard = soxr.resample(samples.mean(axis=1), rate, mel.SAMPLE_RATE, quality="HQ")
    fitted = np.zeros(mel.CLIP_SAMPLES, dtype=np.float32)
    fitted[: len(heard)] = heard[: mel.CLIP_SAMPLES]
    return mel.log_mel(fitted)
