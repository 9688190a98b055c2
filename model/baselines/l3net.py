"""L3-Net (Arandjelovic and Zisserman, "Look, Listen and Learn"): two convolutional towers and a late fusion.

Shapes: B batch, C channels, H W pixels or mel bands and frames, E embedding (512 at full size).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import Config
from model.encoders import MelInput, PixelInput, middle
from model.interface import Judge, at_least_float32, without_autocast

WIDTHS = (64, 128, 256, 512)
HIDDEN = 128


class Tower(nn.Module):
    """Four blocks of two 3x3 convolutions, each with BatchNorm and ReLU; 2x2 max-pool between, global max after."""

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for width in widths:
            self.blocks.append(nn.Sequential(*_layer(channels, width), *_layer(width, width)))
            channels = width

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Pictures of any size from 8 x 8 on to embedding_BE."""
        for index, block in enumerate(self.blocks):
            x_BCHW = block(F.max_pool2d(x_BCHW, 2) if index else x_BCHW)
        return x_BCHW.amax(dim=(2, 3))


class L3Net(Judge):
    """Both embeddings side by side, 128 hidden units, one output where the original has two classes."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        widths = tuple(width // config.baseline.shrink for width in WIDTHS)
        hidden = HIDDEN // config.baseline.shrink
        self.mel, self.pixels = MelInput(config.music), PixelInput(config.painting)
        self.music = Tower(config.music.channels, widths)
        self.painting = Tower(3, widths)
        self.fusion = nn.Sequential(nn.Linear(2 * widths[-1], hidden), nn.ReLU())
        self.head = nn.Linear(hidden, 1)

    def encode_music(self, mel_B1FT: Tensor) -> Tensor:
        """embedding_BE"""
        assert self.music is not None
        embedding_BE: Tensor = self.music(self.mel(mel_B1FT, self.head.weight.dtype))
        return embedding_BE

    def pooled(self, painting_B3HW: Tensor, music: Tensor) -> Tensor:
        pixels = middle(self.pixels(painting_B3HW, self.head.weight.dtype), self.config.baseline.side)
        embedding_BE = self.painting(pixels)
        with without_autocast(embedding_BE):
            both = torch.cat([at_least_float32(embedding_BE), at_least_float32(music)], dim=1)
            features: Tensor = self.fusion(both)
        return features


def _layer(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, kernel_size=3, padding=1), nn.BatchNorm2d(after), nn.ReLU()
