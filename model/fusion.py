"""How music meets the painting: modality-adaptive normalisation (MAN) and the blocks that hold it.

Shapes: B batch, N painting tokens, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.config import Config
from model.encoders import FeedForward, SelfAttention

EPSILON = 1e-5


class ModalityAdaptiveNorm(nn.Module):
    """Normalise painting tokens over the sequence, then scale and shift them by the music (paper, eq. 3).

    MAN(x, y) = gamma(y) * (x - mu(x)) / sigma(x) + beta(y); mu and sigma are per channel over the tokens, in float32 or
    better. `released` takes sigma as the authors' code does: unbiased, with epsilon outside the root.
    """

    def __init__(self, width: int, *, released: bool = False) -> None:
        super().__init__()
        self.gamma = nn.Linear(width, width)
        self.beta = nn.Linear(width, width)
        self.released = released

    def normalised(self, x_BND: Tensor) -> Tensor:
        """x with zero mean and unit deviation over its tokens, in float32 or better."""
        x = x_BND.to(torch.promote_types(x_BND.dtype, torch.float32))
        variance, mean = torch.var_mean(x, dim=1, keepdim=True, correction=int(self.released))
        if self.released:
            return (x - mean) / (variance.sqrt() + EPSILON)
        return (x - mean) * torch.rsqrt(variance + EPSILON)

    def forward(self, x_BND: Tensor, music_BD: Tensor) -> Tensor:
        gamma: Tensor = self.gamma(music_BD)[:, None]
        beta: Tensor = self.beta(music_BD)[:, None]
        return gamma * self.normalised(x_BND) + beta


def modulation_terms(before_BND: Tensor, after_BND: Tensor, *, p: float = 1) -> Tensor:
    """How far music moved each token: the p-norm over channels of after - before, (B, N).

    These are the terms of the paper's eq. 4; their mean over the tokens is the layer's modulation intensity. The text
    speaks of an L1 norm (p 1), the authors' code takes the L2 norm (p 2).
    """
    difference = after_BND.to(torch.float32) - before_BND.to(torch.float32)
    norms: Tensor = torch.linalg.vector_norm(difference, ord=p, dim=-1)
    return norms


class Block(nn.Module):
    """Self-attention, MAN, MLP, in one of two topologies.

    `paper`: the stream itself is normalised, attended to, rewritten by MAN. `preln`: attention and MLP are branches of
    an untouched stream, and MAN stands where the MLP's LayerNorm would. Without music a LayerNorm takes MAN's place.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.painting.width
        self.rewrites_stream = config.fusion.topology == "paper"
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, config.painting.heads)
        self.modulation: nn.Module
        if config.fusion.kind == "man":
            self.modulation = ModalityAdaptiveNorm(width, released=self.rewrites_stream)
        else:
            self.modulation = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, config.painting.mlp_ratio)

    def attend(self, x_BND: Tensor) -> Tensor:
        """The stream as MAN meets it."""
        normed = self.attention_norm(x_BND)
        attended: Tensor = (normed if self.rewrites_stream else x_BND) + self.attention(normed)
        return attended

    def modulate(self, x_BND: Tensor, music_BD: Tensor) -> Tensor:
        """What MAN (or, painting-only, the LayerNorm) makes of the stream."""
        if isinstance(self.modulation, ModalityAdaptiveNorm):
            return self.modulation.forward(x_BND, music_BD)
        normed: Tensor = self.modulation(x_BND)
        return normed

    def forward(self, x_BND: Tensor, music_BD: Tensor) -> Tensor:
        attended = self.attend(x_BND)
        modulated = self.modulate(attended, music_BD)
        keeps = modulated if self.rewrites_stream and self._has_music else attended
        out: Tensor = keeps + self.feed_forward(modulated)
        return out

    @property
    def _has_music(self) -> bool:
        return isinstance(self.modulation, ModalityAdaptiveNorm)
