"""Files of realistic sizes to import: pictures as WikiArt has them, tracks as DEAM has them, and many small ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

RATE = 44_100


def make_pictures(folder: Path, count: int, *, width: int = 1400, height: int = 1100) -> None:
    """JPEGs of quality 90 with soft shapes and a grain like a canvas's, about 600 kB each at 1,400 x 1,100 pixels."""
    rng = np.random.default_rng(3)
    grain = rng.normal(0.0, 7.0, (height, width, 1))
    for index in range(count):
        shapes = Image.fromarray(rng.integers(0, 255, (9, 11, 3), dtype=np.uint8))
        smooth = np.asarray(shapes.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float64)
        pixels = np.clip(smooth + np.roll(grain, index * 97, axis=1), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"painter_{index:05d}.jpg", quality=90)


def make_tracks(folder: Path, count: int, *, seconds: int = 45) -> None:
    """MP3s at 44.1 kHz in stereo: notes of many pitches over a little noise."""
    for index in range(count):
        rng = np.random.default_rng(index)
        sound = rng.normal(0.0, 0.01, (seconds * RATE, 2))
        for _ in range(8 * seconds):
            begin, length = int(rng.integers(0, len(sound) - RATE)), int(rng.uniform(0.1, 0.9) * RATE)
            times = np.arange(length) / RATE
            note = np.sin(2 * np.pi * 110.0 * 2 ** (rng.integers(0, 50) / 12) * times) * np.exp(-3 * times)
            sound[begin : begin + length] += 0.1 * np.outer(note, rng.uniform(0.2, 1.0, 2))
        with soundfile.SoundFile(folder / f"{index}.mp3", "w", RATE, 2, format="MP3") as file:
            for block in np.array_split(np.clip(sound, -1, 1).astype(np.float32), 100):
                file.write(block)
