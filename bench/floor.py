"""The least that an import costs: the same calls of the same libraries, bare. Usage: python -m bench.floor OUT FILE...

Pictures are read, hashed, decoded, resized to the three sizes kept and encoded; tracks are read, hashed, decoded in
cuts of 15 s, mixed down, resampled and encoded. All that is made is hashed and written, and the original copied.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
import soxr
from PIL import Image

SHRUNK = Image.Resampling.LANCZOS


def keep(out: Path, data: bytes) -> None:
    (out / hashlib.sha256(data).hexdigest()).write_bytes(data)


def picture(data: bytes, out: Path) -> None:
    with Image.open(BytesIO(data)) as opened:
        opened.draft(None, (1600, 1600))
        rgb = opened.convert("RGB")
    display = rgb
    if max(rgb.size) > 1600:
        share = 1600 / max(rgb.size)
        display = rgb.resize((round(rgb.width * share), round(rgb.height * share)), SHRUNK, reducing_gap=2.0)
    share = 320 / max(rgb.size)
    thumbnail = display.resize((round(rgb.width * share), round(rgb.height * share)), SHRUNK, reducing_gap=2.0)
    for made, quality, subsampling in ((display, 88, 0), (thumbnail, 80, 2)):
        buffer = BytesIO()
        made.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
        keep(out, buffer.getvalue())
    buffer = BytesIO()
    np.save(buffer, np.asarray(rgb.resize((256, 256), Image.Resampling.BICUBIC, reducing_gap=3.0)))
    keep(out, buffer.getvalue())


def track(data: bytes, out: Path) -> None:
    with soundfile.SoundFile(BytesIO(data)) as sound:
        length = 15 * sound.samplerate
        for cut in sound.blocks(length, dtype="float32", always_2d=True):
            if len(cut) == length:
                soxr.resample((cut[:, 0] + cut[:, 1]) / 2, sound.samplerate, 16_000, quality="HQ")
                pcm = np.clip(np.rint(cut * 32_768.0), -32_768, 32_767).astype(np.int16)
                buffer = BytesIO()
                soundfile.write(buffer, pcm, sound.samplerate, format="FLAC", compression_level=0.5)
                keep(out, buffer.getvalue())


def seconds_of_two(files: list[Path]) -> float:
    """How long two such processes take together, with their start."""
    with tempfile.TemporaryDirectory() as out:
        commands = [[sys.executable, "-m", "bench.floor", out, *map(str, files[half::2])] for half in (0, 1)]
        start = time.perf_counter()
        running = [subprocess.Popen(command) for command in commands]
        if any(process.wait() for process in running):
            raise SystemExit("the floor's processes failed")
        return time.perf_counter() - start


def main(out: Path, files: list[str]) -> None:
    for name in files:
        data = Path(name).read_bytes()
        keep(out, data)
        (picture if name.endswith(".jpg") else track)(data, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
