"""Media into a snapshot, and checking them again. Usage: python -m bench.sealing

A media store of files of the usual sizes is copied by `cp -r`, and then written as a snapshot: each file copied with
its digest, all flushed to the disk, sealed, moved to its place. `verify` stands beside `sha256sum` on two processes.
All of them take turns, and the best of each counts: what the machine can do, not what else it did meanwhile. Processor
time is told beside it: `cp` has one thread, the writer as many as there are cores.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from mpd_builder.build import build
from mpd_builder.records import Clip, Judgments, Painting, Pair, Rating, Track, pair_id
from mpd_builder.snapshot import Dataset, MediaFile, Recipe, verify, write

PICTURES, PICTURE_BYTES = 2_400, 180_000
CLIPS, CLIP_BYTES = 400, 1_500_000
TURNS = 5
MEDIA = Recipe("media", arrays=False, raters_per_pair=2, min_ratings=2, trim=0)


class Store:
    """A folder of files by item id; what a snapshot's writer asks it for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(1)
        for number in range(PICTURES):
            (folder / picture(number)).write_bytes(b"\xff\xd8\xff" + rng.bytes(PICTURE_BYTES - 3))
        for number in range(CLIPS):
            (folder / clip(number)).write_bytes(rng.bytes(CLIP_BYTES))

    def painting_display(self, painting_id: str) -> MediaFile:
        return MediaFile(self.folder / painting_id)

    def clip_audio(self, clip_id: str) -> tuple[MediaFile, str]:
        return MediaFile(self.folder / clip_id), "flac"

    def painting_input(self, painting_id: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        raise LookupError(f"no array was asked for: {painting_id}")

    def clip_mel(self, clip_id: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
        raise LookupError(f"no array was asked for: {clip_id}")


def picture(number: int) -> str:
    return f"p_{number:016x}"


def clip(number: int) -> str:
    return f"c_{number:016x}_00"


def dataset() -> Dataset:
    """One pair a painting, so that all files are in the snapshot."""
    cells = [(picture(number), clip(number % CLIPS)) for number in range(PICTURES)]
    pairs = tuple(Pair(pair_id(*cell), *cell) for cell in cells)
    tracks = [f"t_{number:016x}" for number in range(CLIPS)]
    return build(
        Judgments(
            paintings=tuple(Painting(picture(n), f"{n:064x}", licence="CC0-1.0") for n in range(PICTURES)),
            tracks=tuple(Track(track, f"{n:064x}", licence="CC0-1.0") for n, track in enumerate(tracks)),
            clips=tuple(Clip(clip(n), track, 0, 0, 661_500, 44_100) for n, track in enumerate(tracks)),
            pairs=pairs,
            ratings=tuple(Rating(pair.id, rater, 0.5) for pair in pairs for rater in ("a", "b")),
        ),
        MEDIA,
    )


def copied(store: Path, target: Path) -> tuple[float, float, float]:
    """Seconds of `cp -r`, its processor time, and seconds of flushing what it wrote."""
    started, before = time.perf_counter(), os.times()
    subprocess.run(["cp", "-r", store, target], check=True)
    written, after = time.perf_counter(), os.times()
    subprocess.run(["sync", "-f", target], check=True)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return written - started, cpu, time.perf_counter() - written


def sealed(store: Store, data: Dataset, target: Path) -> tuple[float, float, float]:
    """Seconds until all media are copied with their digests, processor time, and seconds until all is in its place."""
    started, before = time.perf_counter(), time.process_time()
    took = [0.0, 0.0]

    def watch(done: int, total: int, words: str) -> None:
        if words.startswith("Writing clip"):
            took[:] = [time.perf_counter() - started, time.process_time() - before]

    write(data, media=store, recipe=MEDIA, out_dir=target, created_on=None, code_version="bench", progress=watch)
    return took[0], took[1], time.perf_counter() - started - took[0]


def summed(folder: Path) -> float:
    """Seconds of `sha256sum` over the same files, two processes at a time."""
    command = "find . -type f -print0 | xargs -0 -P2 -n100 sha256sum > /dev/null"
    started = time.perf_counter()
    subprocess.run(command, shell=True, check=True, cwd=folder)
    return time.perf_counter() - started


def verified(folder: Path) -> float:
    started = time.perf_counter()
    if not verify(folder).ok:
        raise SystemExit("the snapshot does not verify")
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as scratch:
        folder = Path(scratch, "store")
        folder.mkdir()
        store, data = Store(folder), dataset()
        os.sync()
        turns = []
        for _ in range(TURNS):
            by_cp, by_us = Path(scratch, "cp"), Path(scratch, "s")
            took = (*copied(folder, by_cp), *sealed(store, data, by_us), summed(by_us), verified(by_us))
            turns.append(took)
            shutil.rmtree(by_cp)
            shutil.rmtree(by_us)
        cp, cp_cpu, flush, copy, copy_cpu, seal, sums, check = (min(column) for column in zip(*turns, strict=True))
    n_bytes = PICTURES * PICTURE_BYTES + CLIPS * CLIP_BYTES
    where = f"{PICTURES + CLIPS:,} files, {n_bytes / 1e6:,.0f} MB, best of {TURNS}"
    beside = (
        f"cp -r, {cp:.2f} s ({cp_cpu:.1f} s of processor); flushed, {flush:.2f} s more; their sha256sum, {sums:.2f} s"
    )
    figure = f"{copy:.2f} s with digests ({copy_cpu:.1f} s of processor), {seal:.2f} s more to flush and seal"
    print(f"media into a snapshot\t{where}\t{figure}\t{cp / copy:.2f} of the speed\t{beside}")
    beside = f"sha256sum, 2 processes, {sums:.2f} s"
    print(f"verify a snapshot\t{where}\t{check:.2f} s\t{sums / check:.2f} of the speed\t{beside}")


if __name__ == "__main__":
    main()
