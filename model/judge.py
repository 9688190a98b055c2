"""MPJudge: how well a painting and a piece of music belong together, as a score.

Shapes: B batch, F mel bands, T mel frames, H W pixels, N painting tokens, D width, L blocks.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from model.config import Config
from model.encoders import MusicEncoder, PatchEmbedding
from model.fusion import Block, ModalityAdaptiveNorm, modulation_terms


class MPJudge(nn.Module):
    """Music encoder, painting encoder with MAN in every block, mean over tokens, one linear head.

    Pooling and head run in float32 or better whatever autocast says: in the `paper` topology the painting moves the
    score by less than bfloat16 can tell.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.painting.width
        self.music = MusicEncoder(config.music, width) if config.fusion.kind == "man" else None
        self.patches = PatchEmbedding(config.painting)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.painting.depth))
        self.pooled_norm = nn.LayerNorm(width) if config.fusion.topology == "preln" else nn.Identity()
        self.head = nn.Linear(width, 1)
        self._initialise()

    def encode_music(self, mel_B1FT: Tensor) -> Tensor:
        """One vector a clip, music_BD; zeros where the fusion is `none`."""
        if self.music is None:
            return self.head.weight.new_zeros(mel_B1FT.shape[0], self.config.painting.width)
        music_BD: Tensor = self.music(mel_B1FT)
        return music_BD

    def pooled(self, painting_B3HW: Tensor, music_BD: Tensor) -> Tensor:
        """What the head sees: features_BD in float32 or better."""
        x = self.patches(painting_B3HW)
        for block in self.blocks:
            x = block(x, music_BD)
        with _without_autocast(x):
            mean = x.to(torch.promote_types(x.dtype, torch.float32)).mean(dim=1)
            features: Tensor = self.pooled_norm(mean)
        return features

    def logit(self, features_BD: Tensor) -> Tensor:
        """The head's output before the sigmoid, (B,)."""
        with _without_autocast(features_BD):
            raw: Tensor = self.head(features_BD).squeeze(-1)
        return raw

    def score_of(self, logit_B: Tensor) -> Tensor:
        return torch.sigmoid(logit_B) if self.config.head.output == "sigmoid" else logit_B

    def forward(self, painting_B3HW: Tensor, mel_B1FT: Tensor) -> Tensor:
        """score_B of paintings (floats in [0, 1], or uint8) with mels (log10 power)."""
        return self.score_of(self.logit(self.pooled(painting_B3HW, self.encode_music(mel_B1FT))))

    @torch.no_grad()
    def modulation_maps(self, painting_B3HW: Tensor, mel_B1FT: Tensor, *, p: float = 1) -> Tensor:
        """Terms of the modulation intensity in every block (paper, eq. 4): (L, B, N), absolute."""
        music_BD = self.encode_music(mel_B1FT)
        x = self.patches(painting_B3HW)
        terms = []
        for block in self.blocks:
            assert isinstance(block, Block)
            before = block.attend(x)
            terms.append(modulation_terms(before, block.modulate(before, music_BD), p=p))
            x = block(x, music_BD)
        return torch.stack(terms)

    def _initialise(self) -> None:
        positions = self.patches.positions_1ND
        if self.config.fusion.init == "released":
            nn.init.normal_(positions, std=1.0)
            return
        nn.init.trunc_normal_(positions, std=0.02)
        for module in self.modules():
            if isinstance(module, ModalityAdaptiveNorm):
                _start_as_identity(module)


def build(config: Config) -> MPJudge:
    """The model a config describes, freshly initialised from torch's global generator (seed it first)."""
    return MPJudge(config)


def _without_autocast(tensor: Tensor) -> AbstractContextManager[object]:
    kind = tensor.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()


def _start_as_identity(norm: ModalityAdaptiveNorm) -> None:
    """Gamma around 1 and beta around 0: at the start music nudges the tokens and the painting is still heard."""
    nn.init.ones_(norm.gamma.bias)
    nn.init.zeros_(norm.beta.bias)
