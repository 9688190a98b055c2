"""Small data with a planted truth, and small models for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model import recipes
from model.config import Config, replaced
from model.data import Dataset, Pairs, Preferences
from mpd_builder.sides import Regime

SIZE, BANDS, FRAMES = 16, 16, 32
Media = Callable[[], tuple[np.ndarray, np.ndarray]]


def micro_config(**groups: Mapping[str, object]) -> Config:
    """MPJudge for 16 x 16 paintings and 16 x 32 mels; a step takes milliseconds."""
    small = replaced(
        recipes.get("tiny"),
        music={"widths": (8, 16), "norm": "group", "frame_pool": 1, "mel_centre": 0.0, "mel_scale": 1.0},
        painting={"size": SIZE, "pool": 1, "patch": 4, "width": 32, "depth": 2, "heads": 4, "mlp_ratio": 2},
        optim={"regression_steps": 8, "preference_steps": 4, "batch": 16, "preference_batch": 4, "lr": 1e-3},
        run={"log_every": 2, "validate_every": 4, "checkpoint_every": 4, "evaluation_batch": 64, "bootstrap": 50},
        augment={"flip": 0.5, "shift": 1, "roll": True, "band_mask": 2, "frame_mask": 2},
    )
    return replaced(small, **groups)


def micro(recipe: str, **groups: Mapping[str, object]) -> Config:
    """A recipe's own design for the same small media and the same few steps."""
    config = recipes.get(f"{recipe}@tiny")
    small = replaced(
        config,
        music={
            "widths": (8, 16),
            "band_pool": 1,
            "frame_pool": 1,
            "mel_centre": 0.0,
            "mel_scale": 1.0,
            "resize": SIZE if config.music.resize else 0,
        },
        painting={"size": SIZE, "pool": 1, "patch": 4, "width": 32, "depth": 2, "heads": 4, "mlp_ratio": 2},
        baseline={"side": SIZE, "shrink": 8},
        optim={"regression_steps": 8, "preference_steps": 4, "batch": 16, "preference_batch": 4, "lr": 1e-3},
        run={"log_every": 2, "validate_every": 4, "checkpoint_every": 4, "evaluation_batch": 64, "bootstrap": 50},
    )
    return replaced(small, **groups)


def planted_dataset(
    *,
    paintings: int = 24,
    clips: int = 18,
    pairs: int = 200,
    seed: int = 0,
    kind: str = "colour",
    is_rated: bool = False,
) -> Dataset:
    """Scores follow painting x music: how red (or, `texture`, how striped) a painting is, times how high a clip sounds.

    Neither side alone says anything about the score. Clips come two to a track. A fifth of paintings and of tracks is
    the test split, another fifth the validation split. Scores are the truth itself, or with `is_rated` the trimmed
    means of the five noisy ratings that every pair has.
    """
    generator = np.random.default_rng(seed)
    quality_p, quality_c = generator.uniform(-1, 1, paintings), generator.uniform(-1, 1, clips)
    return judged(
        0.5 + np.outer(0.45 * quality_p, quality_c),
        pairs=pairs,
        media=lambda: (_pictures(quality_p, kind, generator), _mels(quality_c, generator)),
        is_rated=is_rated,
        generator=generator,
    )


def judged(
    truth_PC: np.ndarray, *, pairs: int, media: Media, is_rated: bool, generator: np.random.Generator
) -> Dataset:
    """A dataset of some pairs of P paintings and C clips, two clips a track; splits and scores as `planted_dataset`.

    `media` draws pictures (P, H, W, 3) and mels (C, F, T) once the pairs are drawn.
    """
    paintings, clips = truth_PC.shape
    places = generator.choice(paintings * clips, size=pairs, replace=False)
    painting, clip = np.divmod(places, clips)
    score = truth_PC[painting, clip]
    table = Pairs(tuple(f"p{a}.c{b}" for a, b in zip(painting, clip, strict=True)), painting, clip, score)
    ratings = _ratings(table, generator)
    if is_rated:
        by_pair = np.sort(ratings["value"].to_numpy().reshape(-1, 5), axis=1)
        table = Pairs(table.pair_ids, painting, clip, by_pair[:, 1:4].mean(axis=1))
    of_painting, of_track = painting % 5, (clip // 2) % 5
    train = (of_painting > 1) & (of_track > 1)
    pictures, mels = media()
    return Dataset(
        digest="d" * 64,
        path=Path("nowhere"),
        pairs=table,
        preferences=_preferences(table),
        train=train,
        validation=~train & (of_painting != 0) & (of_track != 0),
        protocols={
            Regime.UNSEEN_BOTH: (of_painting == 0) & (of_track == 0),
            Regime.UNSEEN_PAINTING: (of_painting == 0) & (of_track > 1),
            Regime.UNSEEN_TRACK: (of_painting > 1) & (of_track == 0),
        },
        ratings=ratings,
        trim=1,
        paintings_u8=pictures,
        mels_f16=mels,
    )


def _pictures(quality: np.ndarray, kind: str, generator: np.random.Generator) -> np.ndarray:
    pictures = generator.uniform(0.3, 0.7, (len(quality), SIZE, SIZE, 3))
    if kind == "colour":
        pictures[..., 0] += 0.3 * quality[:, None, None]
        pictures[..., 2] -= 0.3 * quality[:, None, None]
    else:
        stripes = np.where(np.arange(SIZE) % 2, 0.3, -0.3)
        strength = (quality + 1) / 2 * generator.choice([-1, 1], len(quality))  # no linear map of the pixels tells it
        pictures += strength[:, None, None, None] * stripes[None, :, None, None]
    bytes_PHW3: np.ndarray[Any, np.dtype[np.uint8]] = (255 * pictures.clip(0, 1)).astype(np.uint8)
    return bytes_PHW3


def _mels(quality: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    tilt = np.linspace(-1, 1, BANDS)[None, :, None] * quality[:, None, None]
    return (tilt + generator.normal(0, 0.3, (len(quality), BANDS, FRAMES))).astype(np.float16)


def _ratings(pairs: Pairs, generator: np.random.Generator) -> pd.DataFrame:
    values = (np.repeat(pairs.score, 5) + generator.normal(0, 0.08, 5 * len(pairs))).clip(0, 1)
    return pd.DataFrame({"pair_id": np.repeat(pairs.pair_ids, 5), "value": values})


def _preferences(pairs: Pairs) -> Preferences:
    """Every two neighbours in the table that share a painting, the better scored one preferred."""
    order = np.argsort(pairs.painting, kind="stable")
    first, second = order[:-1], order[1:]
    shared = pairs.painting[first] == pairs.painting[second]
    first, second = first[shared], second[shared]
    better = pairs.score[first] >= pairs.score[second]
    return Preferences(
        direction=("painting->music",) * len(first),
        preferred=np.where(better, first, second),
        other=np.where(better, second, first),
    )
