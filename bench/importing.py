"""Imports of media of realistic sizes, beside their floor. Usage: python -m bench.importing pictures|tracks COUNT"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotation_site.corpus.services import import_now  # noqa: E402
from bench.floor import seconds_of_two  # noqa: E402
from bench.media import make_pictures, make_tracks  # noqa: E402

TRACK_SECONDS = 45


def main(kind: str, count: int) -> None:
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "pictures":
            make_pictures(folder, count)
        else:
            make_tracks(folder, count, seconds=TRACK_SECONDS)
        files = sorted(folder.iterdir())
        least = seconds_of_two(files)
        start = time.perf_counter()
        job = import_now(path=folder, now=timezone.now(), workers=2)
        seconds = time.perf_counter() - start
        least = min(least, seconds_of_two(files))
    if job.n_added != count:
        raise SystemExit(f"{job.n_added} of {count} came in")
    if kind == "pictures":
        where, unit, amount = f"{count} JPEGs of 1,400 x 1,100", "pictures/s", count
    else:
        where, unit, amount = f"{count} MP3s of {TRACK_SECONDS} s", "s of sound a second", count * TRACK_SECONDS
    floor = f"the same library calls in two bare processes: {amount / least:.1f} {unit}"
    print(f"import\t{where}, 2 processes\t{amount / seconds:.1f} {unit}\t{least / seconds:.2f} of it\t{floor}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
