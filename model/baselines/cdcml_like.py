"""After CDCML (Zhao et al., 2020): both sides in one embedding space, compared by their angle.

Shapes: B batch, F mel bands, T mel frames, H W pixels, E embedding (512 at full size).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from model.baselines.resnet import resnet18, resnet50
from model.config import Config
from model.encoders import MelInput, PixelInput, middle
from model.interface import Judge, at_least_float32, without_autocast

EMBEDDING = 512
STEEPNESS = 4.0


class CDCMLLike(Judge):
    """ResNet-18 of the mel, ResNet-50 of the painting; logit = a cos(p, m) + b, where a starts at 4 and b at 0.

    The head is that line. The original's terms on valence and arousal need labels that a snapshot does not hold: off.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        shrink = config.baseline.shrink
        self.mel, self.pixels = MelInput(config.music), PixelInput(config.painting)
        self.music = resnet18(outputs=EMBEDDING // shrink, shrink=shrink)
        self.painting = resnet50(outputs=EMBEDDING // shrink, shrink=shrink)
        self.head = nn.Linear(1, 1)
        nn.init.constant_(self.head.weight, STEEPNESS)
        nn.init.zeros_(self.head.bias)

    def encode_music(self, mel_B1FT: Tensor) -> Tensor:
        """embedding_BE of length 1"""
        assert self.music is not None
        embedding_BE = self.music(self.mel(mel_B1FT, self.head.weight.dtype))
        with without_autocast(embedding_BE):
            return F.normalize(at_least_float32(embedding_BE), dim=1)

    def pooled(self, painting_B3HW: Tensor, music: Tensor) -> Tensor:
        """The cosine of the two embeddings, (B, 1)."""
        pixels = middle(self.pixels(painting_B3HW, self.head.weight.dtype), self.config.baseline.side)
        embedding_BE = self.painting(pixels)
        with without_autocast(embedding_BE):
            return (F.normalize(at_least_float32(embedding_BE), dim=1) * music).sum(dim=1, keepdim=True)
