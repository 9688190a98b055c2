"""Writes a synthetic corpus to disk: paintings, music, their tables, and the truth behind them."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import multiprocessing
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from mpd_builder.records import CLIP_SECONDS
from mpd_builder.synthetic import composer, painter, titles
from mpd_builder.synthetic.latents import Latents, drift, spread
from mpd_builder.synthetic.truth import Truth

ARTIST_PAINTINGS = "MPD Atelier synthetic painter"
ARTIST_MUSIC = "MPD Atelier synthetic composer"
LICENCE = "CC0-1.0"
PAINTING_COLUMNS = ("file", "title", "artist", "year", "style", "source", "licence", "sha256", "synthetic")
TRACK_COLUMNS = (
    "file", "title", "artist", "genre_or_mood", "source", "licence", "duration_s", "sha256", "synthetic",
)  # fmt: skip
_PAINTING_TABLE, _TRACK_TABLE, _TRUTH = "paintings/paintings.csv", "music/tracks.csv", "truth.json"
_CLIP_DRIFT = 0.06  # how far the clips of a track stray from its character

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Commission:
    """One work to be made: where, of what character, from which seed.

    A painting has one latent vector, a track one for each clip begun.
    """

    path: Path
    title: str
    latents: tuple[Latents, ...]
    seed: int
    source: str
    seconds: float = 0.0


def make_corpus(
    *,
    out_dir: Path,
    paintings: int,
    tracks: int,
    seed: int,
    track_seconds: float = 45.0,
    processes: int = 1,
    progress: Progress | None = None,
) -> Truth:
    """Paint and compose a corpus in the layout of a real one, with the truth that is planted in it.

    Writes `paintings/*.jpg` and `paintings/paintings.csv`, `music/*.flac` and `music/tracks.csv`, `truth.json` last:
    where that is, the corpus is whole; after an interruption, call again. Same arguments and library versions, same
    bytes, whatever `processes` is. `progress(done, total)` is called after each work. Raises `ValueError` for sizes
    that make no sense, `FileExistsError` if `out_dir` holds anything else than this very corpus.
    """
    if paintings < 0 or tracks < 0 or seed < 0 or processes < 1:
        raise ValueError("a corpus needs counts and a seed of 0 or more, and at least one process")
    if tracks and not CLIP_SECONDS <= track_seconds <= 3600:
        raise ValueError(f"a track of {track_seconds:g} s is outside {CLIP_SECONDS:g} s (one clip) to an hour")
    pictures = _picture_commissions(out_dir / "paintings", paintings, seed)
    music = _music_commissions(out_dir / "music", tracks, seed, track_seconds)
    _prepare(out_dir, {work.path for work in (*pictures, *music)})
    report, total = progress or _silent, paintings + tracks
    with _workers(processes) as pool:
        run = pool.map if pool else map
        painting, composing = run(_paint, pictures), run(_compose, music)
        painted = list(_counted(painting, report, 0, total))
        composed = list(_counted(composing, report, paintings, total))
    _write_table(out_dir / _PAINTING_TABLE, PAINTING_COLUMNS, [row for _, row in painted])
    _write_table(out_dir / _TRACK_TABLE, TRACK_COLUMNS, [row for _, row in composed])
    whole_clips = int(track_seconds // CLIP_SECONDS)
    truth = Truth(
        paintings={sha: work.latents[0] for (sha, _), work in zip(painted, pictures, strict=True)},
        tracks={sha: work.latents[:whole_clips] for (sha, _), work in zip(composed, music, strict=True)},
    )
    truth.save(out_dir / _TRUTH)
    return truth


def _prepare(out_dir: Path, works: set[Path]) -> None:
    """Make the folders; refuse one that holds files of another corpus or of anything else."""
    ours = works | {out_dir / name for name in (_PAINTING_TABLE, _TRACK_TABLE, _TRUTH, f"{_TRUTH}.part")}
    for path in sorted(out_dir.rglob("*")):
        if path.is_file() and path not in ours:
            raise FileExistsError(f"{out_dir} holds {path.name}: a synthetic corpus wants a folder of its own")
    (out_dir / _TRUTH).unlink(missing_ok=True)
    for folder in ("paintings", "music"):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)


def _picture_commissions(folder: Path, count: int, seed: int) -> list[Commission]:
    works = spread(count, np.random.default_rng([seed, 1]))
    names = titles.painting_titles(works, np.random.default_rng([seed, 2]))
    return [
        Commission(
            path=folder / f"{_slug(index, title)}.jpg",
            title=title,
            latents=(latents,),
            seed=_item_seed(seed, 3, index),
            source=f"MPD Atelier synthetic corpus, seed {seed}, painting {index + 1}: painted by code",
        )
        for index, (latents, title) in enumerate(zip(works, names, strict=True))
    ]


def _music_commissions(folder: Path, count: int, seed: int, seconds: float) -> list[Commission]:
    works = spread(count, np.random.default_rng([seed, 4]))
    names = titles.track_titles(works, np.random.default_rng([seed, 5]))
    rng = np.random.default_rng([seed, 6])
    sections = math.ceil(seconds / CLIP_SECONDS)
    return [
        Commission(
            path=folder / f"{_slug(index, title)}.flac",
            title=title,
            latents=tuple(drift(latents, rng, amount=_CLIP_DRIFT) for _ in range(sections)),
            seed=_item_seed(seed, 7, index),
            source=f"MPD Atelier synthetic corpus, seed {seed}, track {index + 1}: composed by code",
            seconds=seconds,
        )
        for index, (latents, title) in enumerate(zip(works, names, strict=True))
    ]


def _paint(work: Commission) -> tuple[str, dict[str, str]]:
    """Make one painting; its SHA-256 and its row."""
    picture, composition = painter.paint(work.latents[0], seed=work.seed)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92, subsampling=0, comment=f"Synthetic. {work.source}. {LICENCE}.".encode())
    row = _row(work, buffer.getvalue(), artist=ARTIST_PAINTINGS)
    return row["sha256"], row | {"year": "", "style": f"Synthetic {composition}"}


def _compose(work: Commission) -> tuple[str, dict[str, str]]:
    """Make one track; its SHA-256 and its row."""
    sound = composer.render(work.latents, seconds=work.seconds, seed=work.seed)
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", composer.SAMPLE_RATE, 2, subtype="PCM_16", format="FLAC") as target:
        target.title, target.artist, target.license = work.title, ARTIST_MUSIC, LICENCE
        target.comment = f"Synthetic. {work.source}."
        target.write(sound)
    row = _row(work, buffer.getvalue(), artist=ARTIST_MUSIC)
    duration = len(sound) / composer.SAMPLE_RATE
    return row["sha256"], row | {"genre_or_mood": titles.mood(work.latents[0]), "duration_s": f"{duration:.2f}"}


def _row(work: Commission, content: bytes, *, artist: str) -> dict[str, str]:
    """Write the file and give the columns that both tables share."""
    work.path.write_bytes(content)
    return {
        "file": work.path.name,
        "title": work.title,
        "artist": artist,
        "source": work.source,
        "licence": LICENCE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "synthetic": "1",
    }


def _write_table(path: Path, columns: Sequence[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _workers(processes: int) -> AbstractContextManager[ProcessPoolExecutor | None]:
    """A pool of fresh processes, or none. Not forked: the caller may hold threads and database connections."""
    if processes == 1:
        return nullcontext()
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))


def _counted(
    results: Iterator[tuple[str, dict[str, str]]], report: Progress, before: int, total: int
) -> Iterator[tuple[str, dict[str, str]]]:
    for done, result in enumerate(results, start=before + 1):
        report(done, total)
        yield result


def _silent(done: int, total: int) -> None:
    """Progress that nobody asked for."""


def _item_seed(seed: int, purpose: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, purpose, index]).generate_state(1)[0])


def _slug(index: int, title: str) -> str:
    return f"synthetic-{index + 1:04d}-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
