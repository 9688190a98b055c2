"""A plain vision transformer to measure ours against: pre-LN blocks, mean over tokens, one output.

Shapes: B batch, N tokens, D width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import PaintingConfig


class PlainBlock(nn.Module):
    """LayerNorm and self-attention, LayerNorm and MLP, both as branches of the stream."""

    def __init__(self, width: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))

    def forward(self, x_BND: Tensor) -> Tensor:
        B, N, D = x_BND.shape
        split = self.into(self.norms[0](x_BND)).view(B, N, 3, self.heads, D // self.heads)
        mixed = F.scaled_dot_product_attention(*split.permute(2, 0, 3, 1, 4))
        x_BND = x_BND + self.out(mixed.transpose(1, 2).reshape(B, N, D))
        grown: Tensor = x_BND + self.mlp(self.norms[1](x_BND))
        return grown


class PlainViT(nn.Module):
    """Of the same width, depth, heads and tokens as a painting encoder, without any music."""

    def __init__(self, config: PaintingConfig) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, config.width, kernel_size=config.patch, stride=config.patch)
        self.positions_1ND = nn.Parameter(torch.zeros(1, config.tokens, config.width))
        self.blocks = nn.Sequential(
            *(PlainBlock(config.width, config.heads, config.mlp_ratio) for _ in range(config.depth))
        )
        self.norm, self.head = nn.LayerNorm(config.width), nn.Linear(config.width, 1)

    def forward(self, pixels_B3HW: Tensor) -> Tensor:
        """Pixels in [0, 1] to B numbers."""
        x = self.patches(pixels_B3HW).flatten(2).transpose(1, 2) + self.positions_1ND
        score: Tensor = self.head(self.norm(self.blocks(x)).mean(dim=1)).squeeze(-1)
        return score
