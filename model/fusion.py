"""How music meets the painting: modality-adaptive normalisation (MAN), cross-attention, concatenation, not at all.

Shapes: B batch, N painting tokens, M music tokens, D width. `music` is music_BD, for cross-attention music_BMD.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.config import Config
from model.encoders import CrossAttention, FeedForward, SelfAttention

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


class Block(nn.Module):
    """Self-attention, then the meeting with the music, then the MLP. Without music it is a pre-LN transformer block.

    `paper`: the stream itself is normalised before attention. `preln`: attention and MLP are branches of an untouched
    stream.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.painting.width
        self.rewrites_stream = config.fusion.topology == "paper"
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, config.painting.heads)
        self.modulation: nn.Module = self.modulation_of(config)
        self.feed_forward = FeedForward(width, config.painting.mlp_ratio)

    @staticmethod
    def modulation_of(config: Config) -> nn.Module:
        """What stands between attention and MLP."""
        return nn.LayerNorm(config.painting.width)

    def attend(self, x_BND: Tensor) -> Tensor:
        """The stream as the music meets it."""
        normed = self.attention_norm(x_BND)
        attended: Tensor = (normed if self.rewrites_stream else x_BND) + self.attention(normed)
        return attended

    def meet(self, x_BND: Tensor, music: Tensor) -> tuple[Tensor, Tensor]:
        """The stream after the music, and what the MLP sees of it; both (B, N, D)."""
        return x_BND, self.modulation(x_BND)

    def forward(self, x_BND: Tensor, music: Tensor) -> Tensor:
        stream, seen = self.meet(self.attend(x_BND), music)
        out: Tensor = stream + self.feed_forward(seen)
        return out


class ManBlock(Block):
    """MAN between attention and MLP: in `paper` it rewrites the stream, in `preln` it is the norm of the MLP branch."""

    modulation: ModalityAdaptiveNorm

    @staticmethod
    def modulation_of(config: Config) -> nn.Module:
        return ModalityAdaptiveNorm(config.painting.width, released=config.fusion.topology == "paper")

    def modulate(self, x_BND: Tensor, music_BD: Tensor) -> Tensor:
        """What MAN makes of the stream."""
        return self.modulation.forward(x_BND, music_BD)

    def meet(self, x_BND: Tensor, music: Tensor) -> tuple[Tensor, Tensor]:
        modulated = self.modulate(x_BND, music)
        return (modulated if self.rewrites_stream else x_BND), modulated


class CrossAttentionBlock(Block):
    """Painting tokens attend to music tokens (B, M, D) between self-attention and MLP, with a LayerNorm of their own.

    In `paper` the MLP sees the stream as it is, as it does after MAN; in `preln` through a third LayerNorm.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        width = config.painting.width
        self.cross_attention = CrossAttention(width, config.painting.heads)
        self.feed_forward_norm = nn.Identity() if self.rewrites_stream else nn.LayerNorm(width)

    def meet(self, x_BND: Tensor, music: Tensor) -> tuple[Tensor, Tensor]:
        stream = x_BND + self.cross_attention(self.modulation(x_BND), music)
        return stream, self.feed_forward_norm(stream)


class Concatenation(nn.Module):
    """Late fusion: the pooled painting beside the music's vector, through one hidden layer to the head's width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU())

    def forward(self, pooled_BD: Tensor, music_BD: Tensor) -> Tensor:
        mixed: Tensor = self.mix(torch.cat([pooled_BD, music_BD.to(pooled_BD.dtype)], dim=1))
        return mixed


def block_of(config: Config) -> Block:
    """A block of the config's fusion. `concat` and `none` have plain ones."""
    kinds: dict[str, type[Block]] = {"man": ManBlock, "cross-attention": CrossAttentionBlock}
    return kinds.get(config.fusion.kind, Block)(config)
