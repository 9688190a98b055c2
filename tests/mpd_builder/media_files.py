"""Small media files, made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mpd_builder.ingest import Candidate, CheckedPainting, CheckedTrack, Details, Limits, process


def tone(seconds: float, *, rate: int = 8_000, channels: int = 1, level: float = 0.5, hz: float = 440.0) -> np.ndarray:
    """A sine, float32 (frames, channels)."""
    times = np.arange(round(seconds * rate)) / rate
    return np.repeat((level * np.sin(2 * np.pi * hz * times)).astype(np.float32)[:, None], channels, axis=1)


def write_sound(
    path: Path, samples: np.ndarray, *, rate: int = 8_000, form: str = "WAV", subtype: str = "PCM_16"
) -> Path:
    soundfile.write(path, samples, rate, format=form, subtype=subtype)
    return path


def gradient(width: int = 320, height: int = 288) -> Image.Image:
    """A picture in which every place has its own colour: red grows rightwards, green downwards."""
    red = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    green = np.tile(np.linspace(0, 255, height).astype(np.uint8)[:, None], (1, width))
    return Image.fromarray(np.stack([red, green, np.full_like(red, 60)], axis=2))


def write_picture(path: Path, picture: Image.Image | None = None, *, form: str = "PNG", **options: object) -> Path:
    (picture or gradient()).save(path, form, **options)
    return path


def as_painting(path: Path, details: Details | None = None, limits: Limits | None = None) -> CheckedPainting:
    checked = process(Candidate(path, path.name, details or Details()), limits=limits or Limits())
    assert isinstance(checked, CheckedPainting)
    return checked


def as_track(path: Path, limits: Limits | None = None) -> CheckedTrack:
    checked = process(Candidate(path, path.name), limits=limits or Limits())
    assert isinstance(checked, CheckedTrack)
    return checked
