"""MPJudge: how well a painting and a piece of music belong together, as a score.

Shapes: B batch, F mel bands, T mel frames, H W pixels, N painting tokens, M music tokens, D width, L blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from model.baselines import BASELINES
from model.config import Config
from model.encoders import MusicEncoder, PatchEmbedding
from model.fusion import Concatenation, ManBlock, ModalityAdaptiveNorm, block_of
from model.interface import Judge, at_least_float32, without_autocast


class MPJudge(Judge):
    """Music encoder, painting encoder with the fusion in every block, mean over tokens, one linear head.

    Pooling and head run in float32 or better whatever autocast says: in the `paper` topology the painting moves the
    score by less than bfloat16 can tell.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        width = config.painting.width
        self.music = None if config.fusion.kind == "none" else MusicEncoder(config.music, width)
        self.patches = PatchEmbedding(config.painting)
        self.blocks = nn.ModuleList(block_of(config) for _ in range(config.painting.depth))
        self.pooled_norm = nn.LayerNorm(width) if config.fusion.topology == "preln" else nn.Identity()
        self.concatenation = Concatenation(width) if config.fusion.kind == "concat" else None
        self.head = nn.Linear(width, 1)
        self._initialise()

    def encode_music(self, mel_B1FT: Tensor) -> Tensor:
        """One vector a clip, music_BD; for cross-attention its tokens, music_BMD; zeros where the fusion is `none`."""
        if not isinstance(self.music, MusicEncoder):
            return self.head.weight.new_zeros(mel_B1FT.shape[0], self.config.painting.width)
        if self.config.fusion.kind == "cross-attention":
            return self.music.tokens(mel_B1FT)
        music_BD: Tensor = self.music(mel_B1FT)
        return music_BD

    def pooled(self, painting_B3HW: Tensor, music: Tensor) -> Tensor:
        """What the head sees: features_BD in float32 or better."""
        x = self.patches(painting_B3HW)
        for block in self.blocks:
            x = block(x, music)
        with without_autocast(x):
            features: Tensor = self.pooled_norm(at_least_float32(x).mean(dim=1))
            if self.concatenation is not None:
                features = self.concatenation(features, music)
        return features

    def modulations(self, painting_B3HW: Tensor, music_BD: Tensor) -> Iterator[tuple[ManBlock, Tensor, Tensor]]:
        """Each block with its tokens before and after MAN, (B, N, D). Raises ValueError for another fusion than MAN."""
        if self.config.fusion.kind != "man":
            raise ValueError(f"only MAN modulates tokens; this model's fusion is {self.config.fusion.kind}")
        x = self.patches(painting_B3HW)
        for block in self.blocks:
            assert isinstance(block, ManBlock)
            before = block.attend(x)
            stream, modulated = block.meet(before, music_BD)
            yield block, before, modulated
            x = stream + block.feed_forward(modulated)

    def _initialise(self) -> None:
        positions = self.patches.positions_1ND
        if self.config.fusion.init == "released":
            nn.init.normal_(positions, std=1.0)
            return
        nn.init.trunc_normal_(positions, std=0.02)
        for module in self.modules():
            if isinstance(module, ModalityAdaptiveNorm):
                _start_as_identity(module)


def build(config: Config) -> Judge:
    """The model a config describes, freshly initialised from torch's global generator (seed it first)."""
    if config.architecture == "mpjudge":
        return MPJudge(config)
    return BASELINES[config.architecture](config)


def _start_as_identity(norm: ModalityAdaptiveNorm) -> None:
    """Gamma around 1 and beta around 0: at the start music nudges the tokens and the painting is still heard."""
    nn.init.ones_(norm.gamma.bias)
    nn.init.zeros_(norm.beta.bias)
