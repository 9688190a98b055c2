"""What every model here is to the loop, the scorer and the reports: a painting and a clip in, one score out.

Shapes: B batch, F mel bands, T mel frames, H W pixels, K inputs of the head.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from model.config import Config


class Judge(nn.Module):
    """Two encoders, whatever joins them, and one linear head. Subclasses give `encode_music` and `pooled`.

    For many paintings with many clips the same score comes in three parts: `look`, `hear` and `join`, equal to `pooled`
    in exact arithmetic; in the baselines `pooled` is made of them.

    `music` is the clip's encoder, None in a model that does not listen. The head runs in float32 or better whatever
    autocast says.
    """

    music: nn.Module | None
    head: nn.Linear

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def encode_music(self, mel_B1FT: Tensor) -> Tensor:
        """What is kept of each clip, computed once a clip: the first axis is the clip's."""
        raise NotImplementedError

    def pooled(self, painting_B3HW: Tensor, music: Tensor) -> Tensor:
        """What the head sees of paintings and encoded clips: features_BK."""
        return self.join(self.look(painting_B3HW), (music,))

    def look(self, painting_B3HW: Tensor) -> tuple[Tensor, ...]:
        """All that depends on the painting alone, computed once a painting: the first axes are the painting's."""
        raise NotImplementedError

    def hear(self, music: Tensor) -> tuple[Tensor, ...]:
        """All that depends on the clip alone, computed once a clip from what `encode_music` gives of it."""
        return (music,)

    def join(self, seen: tuple[Tensor, ...], heard: tuple[Tensor, ...]) -> Tensor:
        """features_BK of B looked-at paintings with one heard clip (its first axis is 1), as `pooled` gives them."""
        raise NotImplementedError

    def logit(self, features_BK: Tensor) -> Tensor:
        """The head's output before the sigmoid, (B,)."""
        with without_autocast(features_BK):
            raw: Tensor = self.head(at_least_float32(features_BK)).squeeze(-1)
        return raw

    def score_of(self, logit_B: Tensor) -> Tensor:
        return torch.sigmoid(logit_B) if self.config.head.output == "sigmoid" else logit_B

    def forward(self, painting_B3HW: Tensor, mel_B1FT: Tensor) -> Tensor:
        """score_B of paintings (floats in [0, 1], or uint8) with mels (log10 power)."""
        return self.score_of(self.logit(self.pooled(painting_B3HW, self.encode_music(mel_B1FT))))


def at_least_float32(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def side_by_side(painting_BE: Tensor, music: Tensor) -> Tensor:
    """Both vectors of each pair in one, in float32 or better; a clip's (1, E) goes with every painting."""
    return torch.cat([at_least_float32(painting_BE), at_least_float32(music).expand(len(painting_BE), -1)], dim=1)


def without_autocast(tensor: Tensor) -> AbstractContextManager[object]:
    kind = tensor.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()
