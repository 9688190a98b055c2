"""What turns a clip into one vector and a painting into tokens.

Shapes: B batch, C mel channels, F mel bands, T mel frames, H W pixels, N painting tokens, D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import MusicConfig, PaintingConfig

GROUP_CHANNELS = 8


class MusicEncoder(nn.Module):
    """Four convolutions 4x4 stride 2, the mean over what is left, one linear map (paper, section on MPJudge)."""

    def __init__(self, config: MusicConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.convolutions = nn.Sequential()
        before = config.channels
        for after in config.widths:
            self.convolutions.append(nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1))
            self.convolutions.append(_norm(config, after))
            self.convolutions.append(nn.SiLU() if config.activation == "silu" else nn.ReLU())
            before = after
        self.projection = nn.Linear(before, width)

    def forward(self, mel_B1FT: Tensor) -> Tensor:
        """Log10-power mels to music_BD."""
        x = (mel_B1FT.to(self.projection.weight.dtype) - self.config.mel_centre) / self.config.mel_scale
        if self.config.band_pool * self.config.frame_pool > 1:
            x = F.avg_pool2d(x, (self.config.band_pool, self.config.frame_pool))
        if self.config.channels > 1:
            x = x.expand(-1, self.config.channels, -1, -1)
        projected: Tensor = self.projection(self.convolutions(x).mean(dim=(2, 3)))
        return projected


class PatchEmbedding(nn.Module):
    """Pixels to tokens: averaged, cut into patches, mapped linearly, given a learned position."""

    def __init__(self, config: PaintingConfig) -> None:
        super().__init__()
        self.config = config
        self.projection = nn.Conv2d(3, config.width, kernel_size=config.patch, stride=config.patch)
        self.positions_1ND = nn.Parameter(torch.empty(1, config.tokens, config.width))
        self.mean_311: Tensor
        self.std_311: Tensor
        self.register_buffer("mean_311", torch.tensor(config.pixel_mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std_311", torch.tensor(config.pixel_std).view(3, 1, 1), persistent=False)

    def forward(self, painting_B3HW: Tensor) -> Tensor:
        """Pixels in [0, 1] (or uint8 to 255), of the config's size or averaged already, to tokens_BND.

        Raises ValueError at any other size.
        """
        size, pool = self.config.size, self.config.pool
        side = painting_B3HW.shape[-1]
        if tuple(painting_B3HW.shape[1:]) != (3, side, side) or side not in (size, size // pool):
            raise ValueError(f"paintings must be (B, 3, {size}, {size}), not {tuple(painting_B3HW.shape)}")
        pixels = painting_B3HW.to(self.projection.weight.dtype)
        if painting_B3HW.dtype == torch.uint8:
            pixels = pixels / 255
        if side == size and pool > 1:
            pixels = F.avg_pool2d(pixels, pool)
        tokens: Tensor = self.projection((pixels - self.mean_311) / self.std_311).flatten(2).transpose(1, 2)
        return tokens + self.positions_1ND


class SelfAttention(nn.Module):
    """Multi-head self-attention with biases, one product for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)

    def forward(self, x_BND: Tensor) -> Tensor:
        B, N, D = x_BND.shape
        split = self.queries_keys_values(x_BND).view(B, N, 3, self.heads, D // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        projected: Tensor = self.projection(mixed.transpose(1, 2).reshape(B, N, D))
        return projected


class FeedForward(nn.Sequential):
    """Linear, GELU, linear."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))


def _norm(config: MusicConfig, channels: int) -> nn.Module:
    if config.norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(channels // GROUP_CHANNELS, channels)
