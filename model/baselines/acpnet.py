"""ACP-Net (Verma, Dhekane and Guha): fully connected branches over fixed features, concatenated.

Shapes: B batch, F mel bands, T mel frames, H W pixels, E embedding (1,024 at full size).
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import Config
from model.encoders import MelInput, PixelInput
from model.interface import Judge, at_least_float32, without_autocast

BANDS, LEVELS, MOMENTS = 128, 8, 4
LEAST = 16
"""No layer is shrunk below this: a handful of ReLUs may all be dead at the start."""

MUSIC_WIDTHS, PAINTING_WIDTHS, FUSION_WIDTHS = (512, 2048, 1024), (2048, 2048, 1024), (1024, 512, 32)


class ACPNet(Judge):
    """Music: the mean level of 128 mel bands. Painting: a histogram of 8 x 8 x 8 colours and four moments a channel.

    The widths of the music branch and of the fusion are the published ones, with one output instead of two classes; the
    features, and the painting branch, are ours.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        shrink = config.baseline.shrink
        self.bands = BANDS // min(shrink, 8)
        self.mel, self.pixels = MelInput(config.music), PixelInput(config.painting)
        self.music = connected((self.bands, *_shrunk(MUSIC_WIDTHS, shrink)))
        self.painting = connected((LEVELS**3 + 3 * MOMENTS, *_shrunk(PAINTING_WIDTHS, shrink)))
        embedding = MUSIC_WIDTHS[-1] // shrink + PAINTING_WIDTHS[-1] // shrink
        fusion = (embedding, *_shrunk(FUSION_WIDTHS, shrink))
        self.fusion = connected(fusion)
        self.head = nn.Linear(fusion[-1], 1)

    def encode_music(self, mel_B1FT: Tensor) -> Tensor:
        """embedding_BE"""
        assert self.music is not None
        mel = self.mel(mel_B1FT, self.head.weight.dtype)[:, :1]
        embedding_BE: Tensor = self.music(F.adaptive_avg_pool2d(mel, (self.bands, 1)).flatten(1))
        return embedding_BE

    def pooled(self, painting_B3HW: Tensor, music: Tensor) -> Tensor:
        pixels = self.pixels.averaged(painting_B3HW, self.head.weight.dtype)
        embedding_BE = self.painting(colour_features(pixels))
        with without_autocast(embedding_BE):
            both = torch.cat([at_least_float32(embedding_BE), at_least_float32(music)], dim=1)
            features: Tensor = self.fusion(both)
        return features


def colour_features(pixels_B3HW: Tensor) -> Tensor:
    """What a painting is made of, wherever it is: (B, 524).

    Square roots of the shares of 8 x 8 x 8 colours, then mean, deviation, and the cube and fourth root of the third and
    fourth central moment of each channel.
    """
    B = pixels_B3HW.shape[0]
    flat_B3N = pixels_B3HW.flatten(2)
    level = (flat_B3N * LEVELS).long().clamp(0, LEVELS - 1)
    colour_BN = (level[:, 0] * LEVELS + level[:, 1]) * LEVELS + level[:, 2]
    counts = flat_B3N.new_zeros(B, LEVELS**3).scatter_add_(1, colour_BN, torch.ones_like(flat_B3N[:, 0]))
    mean_B31 = flat_B3N.mean(dim=2, keepdim=True)
    centred = flat_B3N - mean_B31
    third, fourth = centred.pow(3).mean(dim=2), centred.pow(4).mean(dim=2)
    moments = (
        mean_B31.squeeze(2),
        centred.square().mean(dim=2).sqrt(),
        third.sign() * third.abs().pow(1 / 3),
        fourth.pow(1 / 4),
    )
    return torch.cat([(counts / flat_B3N.shape[2]).sqrt(), *moments], dim=1)


def connected(widths: tuple[int, ...]) -> nn.Sequential:
    """Linear layers from each width to the next, each with a ReLU."""
    layers = nn.Sequential()
    for before, after in pairwise(widths):
        layers.append(nn.Linear(before, after))
        layers.append(nn.ReLU())
    return layers


def _shrunk(widths: tuple[int, ...], shrink: int) -> tuple[int, ...]:
    return tuple(max(LEAST, width // shrink) for width in widths)
