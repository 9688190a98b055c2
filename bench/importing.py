"""Import of a folder of media through the real importer. Usage: python -m bench.importing FOLDER"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import django

django.setup()

import soundfile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image  # noqa: E402

from annotation_site.corpus.services import import_now  # noqa: E402


def floor(folder: Path) -> tuple[int, float]:
    """Only decoding every file, on one core: how many there are, and seconds."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg", ".flac", ".mp3", ".ogg"))
    start = time.perf_counter()
    for path in files:
        if path.suffix in (".png", ".jpg"):
            with Image.open(path) as picture:
                picture.load()
        else:
            soundfile.read(path, dtype="float32")
    return len(files), time.perf_counter() - start


def main(folder: Path) -> None:
    call_command("migrate", verbosity=0)
    count, least = floor(folder)
    start = time.perf_counter()
    import_now(path=folder, now=timezone.now())
    seconds = time.perf_counter() - start
    print(
        f"import\t{count} synthetic media, all cores\t{count / seconds:.1f} media/s ({seconds:.1f} s)"
        f"\t{seconds / least:.1f} x\tdecoding them on one core, {least:.1f} s"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
