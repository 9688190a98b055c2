"""What turns a clip into one vector or into tokens, and a painting into tokens.

Shapes: B batch, C mel channels, F mel bands, T mel frames, M music tokens, H W pixels, N painting tokens, D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import MusicConfig, PaintingConfig

GROUP_CHANNELS = 8


class MelInput(nn.Module):
    """Log10-power mels as a network takes them: centred, scaled, averaged, stretched, one channel or three."""

    def __init__(self, config: MusicConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, mel_B1FT: Tensor, dtype: torch.dtype) -> Tensor:
        """mel_B1FT to mel_BCFT in `dtype`."""
        config = self.config
        x = (mel_B1FT.to(dtype) - config.mel_centre) / config.mel_scale
        if config.band_pool * config.frame_pool > 1:
            x = F.avg_pool2d(x, (config.band_pool, config.frame_pool))
        if config.resize:
            x = F.interpolate(x, size=(config.resize, config.resize), mode="bilinear", antialias=True)
        return x.expand(-1, config.channels, -1, -1)


class MusicEncoder(nn.Module):
    """Four convolutions 4x4 stride 2, the mean over what is left, one linear map (paper, section on MPJudge)."""

    def __init__(self, config: MusicConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.mel = MelInput(config)
        self.convolutions = nn.Sequential()
        before = config.channels
        for after in config.widths:
            self.convolutions.append(nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1, bias=config.bias))
            self.convolutions.append(_norm(config, after))
            self.convolutions.append(nn.SiLU() if config.activation == "silu" else nn.ReLU())
            before = after
        self.projection = nn.Linear(before, width)

    def tokens(self, mel_B1FT: Tensor) -> Tensor:
        """Log10-power mels to tokens_BMD: 232 of them for 128 x 469, frequency outermost."""
        heard = self._heard(mel_B1FT)
        projected: Tensor = self.projection(heard.flatten(2).transpose(1, 2))
        return projected

    def forward(self, mel_B1FT: Tensor) -> Tensor:
        """Log10-power mels to music_BD. Linear map and mean commute: which comes first is a matter of cost."""
        if self.config.projection == "tokens":
            return self.tokens(mel_B1FT).mean(dim=1)
        projected: Tensor = self.projection(self._heard(mel_B1FT).mean(dim=(2, 3)))
        return projected

    def _heard(self, mel_B1FT: Tensor) -> Tensor:
        heard: Tensor = self.convolutions(self.mel(mel_B1FT, self.projection.weight.dtype))
        return heard


class PixelInput(nn.Module):
    """Pixels as a network takes them: averaged over pool x pool, centred and scaled by channel."""

    def __init__(self, config: PaintingConfig) -> None:
        super().__init__()
        self.config = config
        self.mean_311: Tensor
        self.std_311: Tensor
        self.register_buffer("mean_311", torch.tensor(config.pixel_mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std_311", torch.tensor(config.pixel_std).view(3, 1, 1), persistent=False)

    def averaged(self, painting_B3HW: Tensor, dtype: torch.dtype) -> Tensor:
        """Pixels in [0, 1] (or uint8 to 255), of the config's size or averaged already, as averaged ones in [0, 1].

        Raises ValueError at any other size.
        """
        size, pool = self.config.size, self.config.pool
        side = painting_B3HW.shape[-1]
        if tuple(painting_B3HW.shape[1:]) != (3, side, side) or side not in (size, size // pool):
            raise ValueError(f"paintings must be (B, 3, {size}, {size}), not {tuple(painting_B3HW.shape)}")
        pixels = painting_B3HW.to(dtype)
        if painting_B3HW.dtype == torch.uint8:
            pixels = pixels / 255
        return F.avg_pool2d(pixels, pool) if side == size and pool > 1 else pixels

    def forward(self, painting_B3HW: Tensor, dtype: torch.dtype) -> Tensor:
        """As `averaged`, then centred and scaled."""
        return (self.averaged(painting_B3HW, dtype) - self.mean_311) / self.std_311


def middle(pixels_B3HW: Tensor, side: int) -> Tensor:
    """The square of `side` pixels from the middle."""
    top, left = (pixels_B3HW.shape[2] - side) // 2, (pixels_B3HW.shape[3] - side) // 2
    return pixels_B3HW[:, :, top : top + side, left : left + side]


class PatchEmbedding(nn.Module):
    """Pixels to tokens: averaged, cut into patches, mapped linearly, given a learned position."""

    def __init__(self, config: PaintingConfig) -> None:
        super().__init__()
        self.pixels = PixelInput(config)
        self.projection = nn.Conv2d(3, config.width, kernel_size=config.patch, stride=config.patch)
        self.positions_1ND = nn.Parameter(torch.empty(1, config.tokens, config.width))

    def forward(self, painting_B3HW: Tensor) -> Tensor:
        """Pixels as `PixelInput` takes them, to tokens_BND."""
        pixels = self.pixels(painting_B3HW, self.projection.weight.dtype)
        tokens: Tensor = self.projection(pixels).flatten(2).transpose(1, 2)
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


class CrossAttention(nn.Module):
    """Multi-head attention of painting tokens to music tokens, with biases; as many parameters as self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.queries = nn.Linear(width, width)
        self.keys_values = nn.Linear(width, 2 * width)
        self.projection = nn.Linear(width, width)

    def forward(self, x_BND: Tensor, music_BMD: Tensor) -> Tensor:
        B, N, D = x_BND.shape
        query = self.queries(x_BND).view(B, N, self.heads, D // self.heads).transpose(1, 2)
        split = self.keys_values(music_BMD).view(B, -1, 2, self.heads, D // self.heads)
        key, value = split.permute(2, 0, 3, 1, 4)
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
