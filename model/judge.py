"""MPJudge: how well a painting and a piece of music belong together, as a score.

Shapes: B batch, F mel bands, T mel frames, H W pixels, N painting tokens, M music tokens, D width, L blocks.
"""

from __future__ import annotations

from collections.abc import Generator

from torch import Tensor, nn

from model.baselines import BASELINES
from model.config import Config
from model.encoders import MusicEncoder, PatchEmbedding
from model.fusion import Block, Concatenation, ManBlock, ModalityAdaptiveNorm, block_of
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
        return self._pooled_tokens(x, music)

    def look(self, painting_B3HW: Tensor) -> tuple[Tensor, ...]:
        """Up to where the music first comes in; without music in the blocks all of them, and the pooling."""
        x = self.patches(painting_B3HW)
        if self._is_heard_in_blocks:
            return self._block(0).unheard(self._block(0).attend(x))
        for block in self.blocks:
            x = block(x, x)
        with without_autocast(x):
            return (self.pooled_norm(at_least_float32(x).mean(dim=1)),)

    def hear(self, music: Tensor) -> tuple[Tensor, ...]:
        """Two tensors a block: gamma and beta of MAN, keys and values of cross-attention."""
        if not self._is_heard_in_blocks:
            return (music,)
        return tuple(part for index in range(len(self.blocks)) for part in self._block(index).heard(music))

    def join(self, seen: tuple[Tensor, ...], heard: tuple[Tensor, ...]) -> Tensor:
        """Every block from where `look` left off; of the last MLP only what its mean over the tokens takes."""
        if not self._is_heard_in_blocks:
            (features,), (music,) = seen, heard
            with without_autocast(features):
                return self._mixed(features, music.expand(len(features), -1))
        last = len(self.blocks) - 1
        for index in range(last):
            stream, modulated = self._block(index).modulated(seen, heard[2 * index : 2 * index + 2])
            x = stream + self._block(index).feed_forward(modulated)
            following = self._block(index + 1)
            seen = following.unheard(following.attend(x))
        stream, modulated = self._block(last).modulated(seen, heard[2 * last :])
        mean_BD = self._block(last).feed_forward.mean(modulated)
        with without_autocast(mean_BD):
            pooled: Tensor = self.pooled_norm(at_least_float32(stream).mean(dim=1) + mean_BD)
        return pooled

    def modulations(
        self, painting_B3HW: Tensor, music_BD: Tensor
    ) -> Generator[tuple[ManBlock, Tensor, Tensor], None, Tensor]:
        """Each block with its tokens before and after MAN, (B, N, D); returns what `pooled` does, of the same pass.

        Raises ValueError for another fusion than MAN.
        """
        if self.config.fusion.kind != "man":
            raise ValueError(f"only MAN modulates tokens; this model's fusion is {self.config.fusion.kind}")
        x = self.patches(painting_B3HW)
        for block in self.blocks:
            assert isinstance(block, ManBlock)
            before = block.attend(x)
            stream, modulated = block.meet(before, music_BD)
            yield block, before, modulated
            x = stream + block.feed_forward(modulated)
        return self._pooled_tokens(x, music_BD)

    @property
    def _is_heard_in_blocks(self) -> bool:
        return self.config.fusion.kind in ("man", "cross-attention")

    def _block(self, index: int) -> Block:
        block = self.blocks[index]
        assert isinstance(block, Block)
        return block

    def _pooled_tokens(self, x_BND: Tensor, music: Tensor) -> Tensor:
        with without_autocast(x_BND):
            features: Tensor = self.pooled_norm(at_least_float32(x_BND).mean(dim=1))
            return self._mixed(features, music)

    def _mixed(self, features_BD: Tensor, music_BD: Tensor) -> Tensor:
        """Late fusion, where there is one."""
        if self.concatenation is None:
            return features_BD
        mixed: Tensor = self.concatenation(features_BD, music_BD)
        return mixed

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
