"""What the model says of a few paintings with one piece of music, and how sure it is of it.

Shapes: P paintings, C clips (windows of the piece), K weights of the head with its bias, L blocks, G patches along a
side. Scores and their standard deviations are in score units.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoints import Checkpoint
from model.data import Media
from model.interface import Judge
from model.judge import MPJudge
from model.maps import Maps, modulation_maps
from model.pairfile import Source
from model.scoring import Posterior, score_in_parts, scored_features

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]

BATCH = 16
"""Pairs at a time, at most: what bounds the memory, whatever is asked for."""

Z_95 = 1.959964
"""Two scores are told apart, and an interval reaches, at so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Scores of every painting in every window (P, C), and the head's linearised features of each (P, C, K)."""

    score: Floats
    features: Floats


def judge(
    checkpoint: Checkpoint, source: Source, *, with_maps: bool, progress: Progress | None = None
) -> dict[str, Any]:
    """Every painting of `source` with every clip of it, which are the windows of one piece, as plain JSON values.

    A painting's score is the mean over the windows; its standard deviation is that mean's, windows being no independent
    draws. `noise` is how far people's scores of a pair lie from the model's (standard deviation, on training pairs).
    `progress` hears how many pairs are done, and of how many.
    """
    module, config = checkpoint.module, checkpoint.config
    media = Media(source.paintings_u8, source.mels_f16, module.head.weight.device, pool=config.painting.pool)
    batch = min(BATCH, config.run.evaluation_batch)
    # Of a single window one pass gives the score and the maps.
    passes = map_passes(module, media, window=0) if with_maps and media.shape[1] == 1 else None
    found = _estimates_of(module, passes) if passes else estimates(module, media, batch=batch, progress=progress)
    posterior = Posterior.from_tensors(checkpoint.posterior)
    mean_P, features_PK = found.score.mean(axis=1), found.features.mean(axis=1)
    sd_P = np.sqrt(posterior.variance(features_PK))
    sd_PC = np.sqrt(posterior.variance(found.features.reshape(-1, features_PK.shape[1]))).reshape(found.score.shape)
    window = typical_window(found.score)
    return {
        "paintings": [
            {"score": float(mean_P[row]), "sd": float(sd_P[row]), "windows": _windows(found.score[row], sd_PC[row])}
            for row in range(len(mean_P))
        ],
        "noise": float(np.sqrt(posterior.noise)),
        "ranking": ranking(mean_P, features_PK, posterior),
        "maps": maps(passes or map_passes(module, media, window=window), window=window) if with_maps else None,
    }


def estimates(module: Judge, media: Media, *, batch: int, progress: Progress | None = None) -> Estimates:
    """Score all pairs of the media, painting by painting; each clip is encoded once."""
    n_paintings, n_clips = media.shape
    painting, clip = np.divmod(np.arange(n_paintings * n_clips), n_clips)
    parts = list(score_in_parts(module, media, painting, clip, batch=batch, progress=progress))
    score, features = (np.concatenate([getattr(part, name) for part in parts]) for name in ("score", "features"))
    return Estimates(score.reshape(n_paintings, n_clips), features.reshape(n_paintings, n_clips, -1))


def typical_window(score_PC: Floats) -> int:
    """The window whose scores lie nearest to each painting's mean: the one that stands for the piece."""
    distance_C = np.abs(score_PC - score_PC.mean(axis=1, keepdims=True)).mean(axis=0)
    return int(distance_C.argmin())


def ranking(score_P: Floats, features_PK: Floats, posterior: Posterior) -> dict[str, Any]:
    """Paintings by score, the highest first, and which of them are told apart.

    A difference's uncertainty is paired: what two paintings share of the weights' uncertainty drops out of it. `steps`
    compares each with the next, `brackets` are the runs (first and last place) within which nobody is told apart.
    """
    order = [int(row) for row in np.argsort(-score_P, kind="stable")]
    steps = []
    for first, second in itertools.pairwise(order):
        difference, sd = _difference(first, second, score_P, features_PK, posterior)
        steps.append({"difference": difference, "sd": sd, "is_told_apart": difference > Z_95 * sd})

    def is_told_apart(place: int, other: int) -> bool:
        difference, sd = _difference(order[place], order[other], score_P, features_PK, posterior)
        return difference > Z_95 * sd

    return {"order": order, "steps": steps, "brackets": brackets(len(order), is_told_apart)}


def brackets(count: int, is_told_apart: Callable[[int, int], bool]) -> list[list[int]]:
    """The longest runs of places, two or more, whose first is told apart from none of the others; none within another.

    Places are taken from the best on; a run ends before the first place that is told apart from its head.
    """
    found: list[list[int]] = []
    for head in range(count):
        last = head
        while last + 1 < count and not is_told_apart(head, last + 1):
            last += 1
        if last > head and (not found or last > found[-1][1]):
            found.append([head, last])
    return found


def map_passes(module: Judge, media: Media, *, window: int) -> list[Maps]:
    """Each painting's modulation by the music of one window, one after the other; none where there is no MAN."""
    if not isinstance(module, MPJudge) or module.config.fusion.kind != "man":
        return []
    mel = media.mels(np.array([window]))
    return [modulation_maps(module, media.paintings(np.array([row])), mel) for row in range(media.shape[0])]


def maps(passes: Sequence[Maps], *, window: int) -> dict[str, Any] | None:
    """Where the music of one window was at work in each painting, layer by layer (`model.maps`); None without MAN.

    Of each layer the terms of eq. 4 as 0 to 255 between `low` and `high`, row by row, and their mean.
    """
    if not passes:
        return None
    grid = round(passes[0].absolute.shape[-1] ** 0.5)
    paintings = [[_layer(terms_N) for terms_N in found.absolute[:, 0].double().cpu().numpy()] for found in passes]
    return {"window": window, "grid": grid, "paintings": paintings}


@torch.inference_mode()
def _estimates_of(module: Judge, passes: Sequence[Maps]) -> Estimates:
    """The scores of the only window, from the passes that made the maps."""
    found = scored_features(module, torch.cat([one.pooled for one in passes]))
    return Estimates(found.score[:, None], found.features[:, None])


def _layer(terms_N: Floats) -> dict[str, Any]:
    low, high = float(terms_N.min()), float(terms_N.max())
    scaled = np.rint(255 * (terms_N - low) / (high - low)) if high > low else np.zeros_like(terms_N)
    return {"low": low, "high": high, "mean": float(terms_N.mean()), "values": [int(value) for value in scaled]}


def _windows(score_C: Floats, sd_C: Floats) -> list[dict[str, float]]:
    return [{"score": float(score), "sd": float(sd)} for score, sd in zip(score_C, sd_C, strict=True)]


def _difference(
    first: int, second: int, score_P: Floats, features_PK: Floats, posterior: Posterior
) -> tuple[float, float]:
    apart_1K = (features_PK[first] - features_PK[second])[None]
    return float(score_P[first] - score_P[second]), float(np.sqrt(posterior.variance(apart_1K)[0]))


def is_finite(found: dict[str, Any]) -> bool:
    """Whether the model gave numbers: one that has diverged gives none, and JSON knows no others."""
    return all(np.isfinite([row["score"], row["sd"]]).all() for row in found["paintings"])
