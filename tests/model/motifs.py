"""Planted data on which it matters where a painting shows what, and the music says which of it counts.

Half of a painting's patches are light, half dark. Over them lie six motifs, each in every patch in one of two senses,
more or less often the one in the light and the other in the dark; how far is the motif's quality. A clip is the sum of
six sounds, each with a strength of either sign. The score is the sum over the six of quality times strength: which
motif has to go with the light, and which with the dark, is up to the music. Neither side alone says anything.

What parts the fusions here. MAN's MLP sees gamma(y) times each channel: the mean over patches of a unit that looks at
light and at a motif holds the product of both, which is the quality, times both gammas, which is the music, so one
block multiplies all three. Concatenation hears the music after the mean over patches. It can only sum: six products
have to come out of one hidden layer of 32 units, each of which bends one sum of both sides (rank 1 of the mixed second
derivative, where the truth has rank 6). It can express them roughly, and learns them slowly or not at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.config import Config
from model.data import Dataset
from tests.model.factories import BANDS, FRAMES, SIZE, judged, micro_config

MOTIFS, PATCH = 6, 4
GRID = SIZE // PATCH
Floats = NDArray[np.floating[Any]]


def motif_dataset(*, seed: int, paintings: int = 1500, clips: int = 600, pairs: int = 24_000) -> Dataset:
    """Pairs whose scores come from five noisy raters; the truth behind them has a standard deviation of 0.2."""
    return motif_world(seed=seed, paintings=paintings, clips=clips, pairs=pairs)[0]


def motif_world(*, seed: int, paintings: int = 1500, clips: int = 600, pairs: int = 24_000) -> tuple[Dataset, Floats]:
    """The dataset with the truth of every painting with every clip, (P, C)."""
    generator = np.random.default_rng(seed)
    dark_first = np.tile(np.arange(GRID**2) % 2, (paintings, 1))
    light_PN = np.where(generator.permuted(dark_first, axis=1), 1.0, -1.0)
    leaning_PK = generator.uniform(-1, 1, (paintings, MOTIFS))
    with_light_PKN = np.where(
        generator.random((paintings, MOTIFS, GRID**2)) < (1 + leaning_PK[..., None]) / 2, 1.0, -1.0
    )
    quality_PK = with_light_PKN.mean(axis=2)
    strength_CK = generator.uniform(-1, 1, (clips, MOTIFS))
    agreement_PC = quality_PK @ strength_CK.T
    truth_PC = (0.5 + 0.2 * agreement_PC / agreement_PC.std()).clip(0, 1)
    dataset = judged(
        truth_PC,
        pairs=pairs,
        media=lambda: (
            _pictures(light_PN, with_light_PKN * light_PN[:, None], generator),
            _mels(strength_CK, generator),
        ),
        is_rated=True,
        generator=generator,
    )
    return dataset, truth_PC


def motif_config(fusion: str, *, steps: int) -> Config:
    """A small model of the fusion, the same schedule for all."""
    return micro_config(
        fusion={"kind": fusion},
        music={"widths": (16, 32)},
        augment={"flip": 0.0, "shift": 0, "roll": False, "band_mask": 0, "frame_mask": 0},
        optim={"regression_steps": steps, "preference_steps": 0, "batch": 128, "lr": 5e-3, "ema": 0.0},
        run={"log_every": 50, "validate_every": steps, "evaluation_batch": 512},
    )


def _pictures(light_PN: Floats, motif_PKN: Floats, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Patches of 4 x 4 pixels: so much light and so much of each motif, all of them at right angles to each other."""
    tiles = _orthogonal(PATCH * PATCH * 3, generator)[: MOTIFS + 1].reshape(MOTIFS + 1, PATCH, PATCH, 3)
    patches = 1.5 * light_PN[..., None, None, None] * tiles[-1]
    patches = patches + np.einsum("pkn,khwc->pnhwc", motif_PKN, tiles[:-1])
    rows = patches.reshape(-1, GRID, GRID, PATCH, PATCH, 3).transpose(0, 1, 3, 2, 4, 5)
    pictures = 0.5 + 0.06 * rows.reshape(-1, SIZE, SIZE, 3)
    pictures += generator.uniform(-0.02, 0.02, pictures.shape)
    bytes_PHW3: NDArray[np.uint8] = (255 * pictures.clip(0, 1)).astype(np.uint8)
    return bytes_PHW3


def _mels(strength_CK: Floats, generator: np.random.Generator) -> NDArray[np.float16]:
    """Each sound is a pattern of 4 bands x 4 frames that goes on and on."""
    sounds = _orthogonal(PATCH * PATCH, generator)[:MOTIFS].reshape(MOTIFS, PATCH, PATCH)
    heard = np.einsum("ck,kft->cft", strength_CK, sounds) / np.sqrt(MOTIFS)
    mels = np.tile(heard, (1, BANDS // PATCH, FRAMES // PATCH))
    noisy: NDArray[np.float16] = (mels + generator.normal(0, 0.2, mels.shape)).astype(np.float16)
    return noisy


def _orthogonal(size: int, generator: np.random.Generator) -> Floats:
    """`size` vectors at right angles to each other, their entries of mean square 1."""
    vectors, _ = np.linalg.qr(generator.normal(size=(size, size)))
    scaled: Floats = vectors * np.sqrt(size)
    return scaled
