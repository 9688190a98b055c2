"""How well the six qualities of the synthetic corpus can be read off its pictures and sounds at all.

Usage: python -m bench.legibility CORPUS SEED (what `make_corpus(out_dir=CORPUS, seed=SEED, ...)` wrote)

It is told the qualities themselves and no scores, and reads them from plain statistics (tones, edges and their
directions at five scales; level, movement and rhythm of each mel band) by kernel ridge regression, its two settings
chosen on a fifth of what it learns from. What it makes of unseen paintings and unseen tracks goes through the true
coherence. That is a mark to measure models by that are told scores alone, not a bound: a network may find better
statistics.

Shapes: P paintings, C clips, N works, K statistics, Q qualities.
"""

from __future__ import annotations

import csv
import itertools
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.table import Row, table
from model.loose import mel_of
from model.metrics import Floats, srcc
from mpd_builder.records import CLIP_SECONDS
from mpd_builder.synthetic import Latents, Truth
from mpd_builder.synthetic.latents import QUALITIES
from mpd_builder.synthetic.truth import coherence

SIDE, SCALES, DIRECTIONS = 128, (1, 2, 4, 8, 16), 8
HELD_OUT = 0.3
WIDTHS, RIDGES = (0.1, 0.3, 1.0, 3.0), (1e-3, 1e-2, 0.1, 1.0)


def picture_statistics(pixels_NHW3: Floats, scales: tuple[int, ...] = SCALES) -> Floats:
    """Tones, and how strong the edges are and which way they run, (N, K), of pictures averaged over each scale."""
    found = []
    for scale in scales:
        N, H, W, _ = pixels_NHW3.shape
        seen = pixels_NHW3.reshape(N, H // scale, scale, W // scale, scale, 3).mean(axis=(2, 4))
        grey = seen.mean(axis=-1)
        across, down = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2], grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
        edge, angle = np.hypot(across, down), np.arctan2(down, across) % np.pi
        bins = np.floor(angle / np.pi * DIRECTIONS)
        shares = np.stack([(edge * (bins == number)).mean(axis=(1, 2)) for number in range(DIRECTIONS)], axis=1)
        shares /= edge.mean(axis=(1, 2))[:, None] + 1e-6
        strongest = np.quantile(edge.reshape(N, -1), [0.5, 0.9, 0.98], axis=1).T
        found += [seen.mean(axis=(1, 2)), seen.std(axis=(1, 2)), strongest, shares, np.sort(shares, axis=1)]
        found += [edge.mean(axis=(1, 2))[:, None], edge.std(axis=(1, 2))[:, None]]
    return np.concatenate(found, axis=1)


def sound_statistics(mel_NFT: Floats) -> Floats:
    """Level, spread and movement of each band, and the rhythm of all onsets together, (N, K)."""
    onsets = np.maximum(np.diff(mel_NFT, axis=2), 0)
    beats = onsets.sum(axis=1)
    rhythm = np.abs(np.fft.rfft(beats - beats.mean(axis=1, keepdims=True), axis=1))[:, :160]
    rhythm /= rhythm.sum(axis=1, keepdims=True) + 1e-6
    parts = [mel_NFT.mean(axis=2), mel_NFT.std(axis=2), onsets.mean(axis=2), onsets.std(axis=2), 100 * rhythm]
    return np.concatenate(parts, axis=1)


def read_off(statistics_NK: Floats, quality_NQ: Floats, known: NDArray[np.int64], new: NDArray[np.int64]) -> Floats:
    """The qualities of the works in rows `new` by kernel ridge regression from those in `known`."""
    spread = statistics_NK[known].std(axis=0) + 1e-6
    scaled = (statistics_NK - statistics_NK[known].mean(axis=0)) / spread
    squares = np.square(scaled).sum(axis=1)
    distance_NN = squares[:, None] + squares[None] - 2 * scaled @ scaled.T
    distance_NN /= np.median(distance_NN)
    learned, tried = known[: len(known) * 4 // 5], known[len(known) * 4 // 5 :]

    def predicted(width: float, ridge: float, of: NDArray[np.int64], at: NDArray[np.int64]) -> Floats:
        kernel, mean = np.exp(-width * distance_NN), quality_NQ[of].mean(axis=0)
        weights = np.linalg.solve(kernel[np.ix_(of, of)] + ridge * np.eye(len(of)), quality_NQ[of] - mean)
        return mean + kernel[np.ix_(at, of)] @ weights

    def error(setting: tuple[float, float]) -> float:
        return float(np.square(predicted(*setting, learned, tried) - quality_NQ[tried]).mean())

    return predicted(*min(itertools.product(WIDTHS, RIDGES), key=error), known, new)


def coherences(painting_PQ: Floats, clip_CQ: Floats) -> Floats:
    """The true coherence of each painting with each clip, flat."""
    clips = [Latents.from_array(row) for row in clip_CQ]
    return np.array([coherence(painting, clip) for painting in map(Latents.from_array, painting_PQ) for clip in clips])


def corpus(folder: Path) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.int64]]:
    """Statistics and qualities of paintings and of clips, and the track of each clip."""
    truth = Truth.load(folder / "truth.json")
    known = {name: digests(folder / name) for name in ("paintings/paintings.csv", "music/tracks.csv")}
    pictures, seen = [], []
    for name, digest in known["paintings/paintings.csv"].items():
        with Image.open(folder / "paintings" / name) as picture:
            squashed = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
        pictures.append(np.asarray(squashed, dtype=np.float32) / 255)
        seen.append(truth.paintings[digest].as_array())
    mels, heard, tracks = [], [], []
    for number, (name, digest) in enumerate(known["music/tracks.csv"].items()):
        for index, latents in enumerate(truth.tracks[digest]):
            mels.append(mel_of(folder / "music" / name, start_s=index * CLIP_SECONDS).astype(np.float32))
            heard.append(latents.as_array())
            tracks.append(number)
    statistics = picture_statistics(np.stack(pictures)), sound_statistics(np.stack(mels))
    return statistics[0], np.array(seen), statistics[1], np.array(heard), np.array(tracks)


def rows(folder: Path, seed: int) -> list[Row]:
    painting_PK, quality_PQ, clip_CK, quality_CQ, tracks = corpus(folder)
    generator = np.random.default_rng(seed)
    order, turns = generator.permutation(len(painting_PK)), generator.permutation(tracks.max() + 1)
    kept, kept_tracks = round(len(order) * (1 - HELD_OUT)), round(len(turns) * (1 - HELD_OUT))
    new_P, new_C = order[kept:], np.flatnonzero(np.isin(tracks, turns[kept_tracks:]))
    true_N = coherences(quality_PQ[new_P], quality_CQ[new_C])
    found = []
    for share in (0.2, 0.5, 1.0):
        known_P = order[: round(share * kept)]
        known_tracks = turns[: round(share * kept_tracks)]
        known_C = generator.permutation(np.flatnonzero(np.isin(tracks, known_tracks)))
        read_P = read_off(painting_PK, quality_PQ, known_P, new_P)
        read_C = read_off(clip_CK, quality_CQ, known_C, new_C)
        both = srcc(coherences(read_P, read_C), true_N)
        where = f"{len(known_P)} paintings and {len(known_tracks)} tracks told"
        parts = [("paintings", quality_PQ[new_P], read_P), ("clips", quality_CQ[new_C], read_C)]
        explained = "; ".join(f"{name}: {_explained(true, read)}" for name, true, read in parts)
        found.append(Row("SRCC of what is read off", where, f"{both:.3f}", floor=explained))
    return found


def _explained(true_NQ: Floats, read_NQ: Floats) -> str:
    """The share of each quality's variance that was read off."""
    left = np.square(read_NQ - true_NQ).mean(axis=0) / true_NQ.var(axis=0)
    return ", ".join(f"{name} {1 - share:.2f}" for name, share in zip(QUALITIES, left, strict=True))


def digests(table_csv: Path) -> dict[str, str]:
    """The SHA-256 of each file of a corpus table."""
    with table_csv.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["sha256"] for row in csv.DictReader(file)}


if __name__ == "__main__":
    print(table(rows(Path(sys.argv[1]), int(sys.argv[2]))))
