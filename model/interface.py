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


def without_autocast(tensor: Tensor) -> AbstractContextManager[object]:
    kind = tensor.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()
