"""The groups of settings that decide what a model is: its encoders, how they meet, its head. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model.coercion import require
from model.settings import check, setting


@dataclass(frozen=True, slots=True)
class MusicConfig:
    """The music encoder: Conv 4x4 stride 2 blocks, mean over tokens, linear to the painting's width.

    The mel is log10 of power, (bands, frames); the encoder sees `(mel - mel_centre) / mel_scale`, averaged over
    `band_pool` x `frame_pool` neighbours.
    """

    channels: int = setting(
        1, "Channels", "1 is the mel itself; 3 repeats it, as an image of it would be.", among=(1, 3)
    )
    widths: tuple[int, ...] = setting(
        (64, 128, 256, 512), "Widths", "Channels of each convolution, one after another.", above=0
    )
    bias: bool = setting(True, "Bias", "Whether the convolutions have one.")
    projection: Literal["pooled", "tokens"] = setting(
        "pooled",
        "Projection",
        "The last linear map takes the mean over tokens (pooled) or each token before it; same result, not same cost.",
    )
    resize: int = setting(
        0,
        "Resized to",
        "Stretches the mel to such a square, as an image loader would; 0 leaves it.",
        least=0,
        unit="pixels",
    )
    norm: Literal["batch", "group"] = setting(
        "batch", "Normalisation", "Group normalisation does not depend on the batch; widths are multiples of 8 then."
    )
    activation: Literal["silu", "relu"] = setting("silu", "Activation", "What stands between the convolutions.")
    band_pool: int = setting(1, "Bands averaged", "So many neighbouring bands of the mel count as one.", above=0)
    frame_pool: int = setting(1, "Frames averaged", "So many neighbouring frames of the mel count as one.", above=0)
    mel_centre: float = setting(-2.0, "Mel centre", "Taken off the mel, in log10 of power.")
    mel_scale: float = setting(4.0, "Mel scale", "Divides what is left of the mel.", above=0)

    def __post_init__(self) -> None:
        require(bool(self.widths), "music.widths must name at least one convolution")
        check(self, "music")
        if self.norm == "group":
            odd = [width for width in self.widths if width % 8]
            require(not odd, f"music.widths must be multiples of 8 for group norm; {odd} are not")


@dataclass(frozen=True, slots=True)
class PaintingConfig:
    """The painting encoder: `size` x `size` RGB in [0, 1], averaged over `pool` x `pool` pixels, cut into patches.

    Widths are channels; `patch` is in pixels after the averaging.
    """

    size: int = setting(256, "Side", "Of the square picture that the model sees.", above=0, unit="pixels")
    pool: int = setting(
        1, "Pixels averaged", "So many pixels along each side count as one: coarser and faster.", above=0
    )
    patch: int = setting(
        16, "Patch side", "A patch of so many pixels, after averaging, is one token.", above=0, unit="pixels"
    )
    width: int = setting(512, "Width", "Channels of each token; a multiple of the heads.", above=0)
    depth: int = setting(12, "Depth", "Blocks, one after another.", above=0, unit="blocks")
    heads: int = setting(8, "Attention heads", above=0)
    mlp_ratio: int = setting(4, "MLP ratio", "How many times wider a block's inner layer is.", above=0)
    pixel_mean: tuple[float, float, float] = setting(
        (0.5, 0.5, 0.5), "Pixel mean", "Taken off red, green and blue, which are from 0 to 1."
    )
    pixel_std: tuple[float, float, float] = setting(
        (0.25, 0.25, 0.25), "Pixel deviation", "Divides what is left of red, green and blue.", above=0
    )

    def __post_init__(self) -> None:
        check(self, "painting")
        step = self.pool * self.patch
        require(self.size % step == 0, f"painting.size {self.size} must be a multiple of pool x patch = {step}")
        require(self.width % self.heads == 0, f"painting.width {self.width} must be a multiple of heads {self.heads}")

    @property
    def grid(self) -> int:
        """Patches along one side."""
        return self.size // (self.pool * self.patch)

    @property
    def tokens(self) -> int:
        return self.grid**2


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """How music reaches the painting's tokens.

    `man`: modality-adaptive normalisation in every block. `cross-attention`: every block's tokens attend to the music's
    tokens. `concat`: the pooled painting and the music's vector meet before the head. `none`: the painting alone.

    `paper`: MAN rewrites the token stream. `preln`: MAN feeds the MLP branch and leaves the stream alone; the pooled
    tokens are normalised before the head. `released` starts as the authors' code does (positions of standard deviation
    1, PyTorch's default linear maps); `identity` starts with small positions and with gamma around 1, beta around 0.
    """

    kind: Literal["man", "concat", "cross-attention", "none"] = setting(
        "man", "Kind", "MAN in every block, one meeting before the head, attention to the music, or the painting alone."
    )
    topology: Literal["paper", "preln"] = setting(
        "preln", "Topology", "MAN rewrites the tokens (paper) or feeds the MLP branch and leaves them alone (preln)."
    )
    init: Literal["released", "identity"] = setting(
        "identity", "Start", "As the authors' code starts (released), or with music at first without effect (identity)."
    )


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """Sizes of a baseline of Table 2 (`model/baselines/`); MPJudge has none of it."""

    side: int = setting(224, "Side", "Of the square cut from the middle of the painting.", above=0, unit="pixels")
    shrink: int = setting(
        1, "Shrink", "Divides every width of the published layout, which is at 1.", among=(1, 2, 4, 8, 16)
    )

    def __post_init__(self) -> None:
        check(self, "baseline")


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """`sigmoid` keeps the score in [0, 1]; `linear` leaves it free, as the authors' code does."""

    output: Literal["sigmoid", "linear"] = setting(
        "sigmoid", "Output", "Sigmoid keeps the score from 0 to 1; linear leaves it free."
    )
