"""Media made as small as a recipe sees them, once for a whole study instead of for every training.

Shapes: P paintings, C clips, F mel bands, T mel frames, H W pixels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.config import Config, replaced
from model.data import Dataset


def condensed(config: Config, dataset: Dataset) -> tuple[Config, Dataset]:
    """Paintings and mels averaged as `painting.pool`, `music.band_pool` and `music.frame_pool` say, and a config that
    takes them as they are.

    Rounding them to uint8 and float16 once more is all that changes.
    """
    pool, bands, frames = config.painting.pool, config.music.band_pool, config.music.frame_pool
    small = replaced(
        config,
        painting={"size": config.painting.size // pool, "pool": 1},
        music={"band_pool": 1, "frame_pool": 1},
    )
    paintings_u8 = np.stack([_small_picture(picture, pool) for picture in dataset.paintings_u8])
    mels_f16 = np.stack([_small_mel(mel_FT, bands, frames) for mel_FT in dataset.mels_f16])
    return small, replace(dataset, paintings_u8=paintings_u8, mels_f16=mels_f16)


def _small_picture(picture_HW3: NDArray[np.uint8], pool: int) -> NDArray[np.uint8]:
    H, W, _ = picture_HW3.shape
    blocks = picture_HW3.reshape(H // pool, pool, W // pool, pool, 3)
    averaged: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return averaged.round().astype(np.uint8)


def _small_mel(mel_FT: NDArray[np.float16], bands: int, frames: int) -> NDArray[np.float16]:
    """Means over bands x frames neighbours; what does not fill a whole block is left out."""
    F, T = mel_FT.shape[0] // bands, mel_FT.shape[1] // frames
    blocks = mel_FT[: F * bands, : T * frames].reshape(F, bands, T, frames)
    averaged: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return averaged.astype(np.float16)
