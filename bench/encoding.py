"""What a clip costs as a file for browsers, by encoding. Usage: python -m bench.encoding"""

from __future__ import annotations

import tempfile
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from bench.media import RATE, make_tracks

ENCODINGS = (("FLAC", "PCM_16", 0.5), ("OGG", "VORBIS", None), ("MP3", "MPEG_LAYER_III", None))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        make_tracks(Path(name), 1, seconds=15)
        clip = soundfile.read(Path(name, "0.mp3"), frames=15 * RATE, dtype="float32", always_2d=True)[0]
    fastest = 0.0
    for form, subtype, level in ENCODINGS:
        seconds, size = [], 0
        for _ in range(3):
            buffer = BytesIO()
            start = time.perf_counter()
            # In blocks: libsndfile's Vorbis encoder overflows its stack when it is given 15 s at once.
            with soundfile.SoundFile(
                buffer, "w", RATE, 2, format=form, subtype=subtype, compression_level=level
            ) as file:
                for block in np.array_split(clip, 200):
                    file.write(block)
            seconds.append(time.perf_counter() - start)
            size = len(buffer.getvalue())
        fastest = fastest or min(seconds)
        figure = f"{min(seconds):.3f} s, {size / 1000:.0f} kB"
        print(
            f"encoding a clip\t{form}, 15 s in stereo\t{figure}\t{min(seconds) / fastest:.1f} x\tFLAC, {fastest:.3f} s"
        )


if __name__ == "__main__":
    main()
