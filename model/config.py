"""A run's config: one frozen value, made of plain numbers and names. Loads no torch.

It travels inside the checkpoint and the run report; its canonical JSON is the same bytes wherever it is written.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from model.coercion import ConfigError, coerce, known_settings, parse_setting, require

__all__ = [
    "Architecture", "AugmentConfig", "BaselineConfig", "Config", "ConfigError", "FusionConfig", "HeadConfig",
    "LossConfig", "MusicConfig", "OptimConfig", "PaintingConfig", "RunConfig", "parse_setting", "replaced",
]  # fmt: skip

Architecture = Literal["mpjudge", "l3net", "acpnet", "cdcml-like"]


@dataclass(frozen=True, slots=True)
class MusicConfig:
    """The music encoder: Conv 4x4 stride 2 blocks, mean over tokens, linear to the painting's width.

    The mel is log10 of power, (bands, frames); the encoder sees `(mel - mel_centre) / mel_scale`, averaged over
    `band_pool` x `frame_pool` neighbours. With `channels` 3 the mel is repeated, as an image of it would be; `resize`
    above 0 stretches it to a square of so many pixels, as an image loader would. `projection` says what the linear map
    takes: the mean (`pooled`) or each token before the mean (`tokens`); the vector is the same, the cost is not.
    """

    channels: int = 1
    widths: tuple[int, ...] = (64, 128, 256, 512)
    bias: bool = True
    projection: Literal["pooled", "tokens"] = "pooled"
    resize: int = 0
    norm: Literal["batch", "group"] = "batch"
    activation: Literal["silu", "relu"] = "silu"
    band_pool: int = 1
    frame_pool: int = 1
    mel_centre: float = -2.0
    mel_scale: float = 4.0

    def __post_init__(self) -> None:
        require(self.channels in (1, 3), f"music.channels must be 1 or 3, not {self.channels}")
        require(bool(self.widths), "music.widths must name at least one convolution")
        require(min(self.widths, default=1) > 0, f"music.widths must be above 0, not {list(self.widths)}")
        if self.norm == "group":
            odd = [width for width in self.widths if width % 8]
            require(not odd, f"music.widths must be multiples of 8 for group norm; {odd} are not")
        for name in ("band_pool", "frame_pool"):
            require(getattr(self, name) > 0, f"music.{name} must be above 0, not {getattr(self, name)}")
        require(self.resize >= 0, f"music.resize must not be negative: {self.resize}")
        require(self.mel_scale > 0, f"music.mel_scale must be above 0, not {self.mel_scale}")


@dataclass(frozen=True, slots=True)
class PaintingConfig:
    """The painting encoder: `size` x `size` RGB in [0, 1], averaged over `pool` x `pool` pixels, cut into patches.

    Widths are channels; `patch` is in pixels after the averaging.
    """

    size: int = 256
    pool: int = 1
    patch: int = 16
    width: int = 512
    depth: int = 12
    heads: int = 8
    mlp_ratio: int = 4
    pixel_mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    pixel_std: tuple[float, float, float] = (0.25, 0.25, 0.25)

    def __post_init__(self) -> None:
        for name in ("size", "pool", "patch", "width", "depth", "heads", "mlp_ratio"):
            require(getattr(self, name) > 0, f"painting.{name} must be above 0, not {getattr(self, name)}")
        step = self.pool * self.patch
        require(self.size % step == 0, f"painting.size {self.size} must be a multiple of pool x patch = {step}")
        require(self.width % self.heads == 0, f"painting.width {self.width} must be a multiple of heads {self.heads}")
        require(min(self.pixel_std) > 0, f"painting.pixel_std must be above 0, not {list(self.pixel_std)}")

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

    kind: Literal["man", "concat", "cross-attention", "none"] = "man"
    topology: Literal["paper", "preln"] = "preln"
    init: Literal["released", "identity"] = "identity"


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """Sizes of a baseline of Table 2 (`model/baselines/`); MPJudge has none of it.

    `side`: pixels of the square cut from the middle of the (averaged) painting. `shrink` divides every width of the
    published layout, which is at 1.
    """

    side: int = 224
    shrink: int = 1

    def __post_init__(self) -> None:
        require(self.side > 0, f"baseline.side must be above 0, not {self.side}")
        require(self.shrink in (1, 2, 4, 8, 16), f"baseline.shrink must be 1, 2, 4, 8 or 16, not {self.shrink}")


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """`sigmoid` keeps the score in [0, 1]; `linear` leaves it free, as the authors' code does."""

    output: Literal["sigmoid", "linear"] = "sigmoid"


@dataclass(frozen=True, slots=True)
class LossConfig:
    """L = regression_weight * MSE + preference_weight * L_DPO (paper, eq. 5-7), and its variants.

    `regression`: squared or absolute error; `label_step` above 0 rounds the scores learned from to its multiples.
    `preference`: eq. 6 against the frozen reference, Bradley-Terry (the same without a reference), or IPO (a squared
    distance to a fixed margin). `smoothing`: how likely a preference is taken to be the wrong way round. `on`: the
    preference loss compares scores (paper) or logits. `normalise` makes it pull with 1/2 at the reference whatever
    beta is, so that beta sets where the loss bends and not how hard it pulls at the start.
    """

    regression: Literal["mse", "l1"] = "mse"
    label_step: float = 0.0
    regression_weight: float = 1.0
    preference: Literal["dpo", "bradley-terry", "ipo"] = "dpo"
    preference_weight: float = 0.5
    smoothing: float = 0.0
    beta: float = 5.0
    on: Literal["score", "logit"] = "score"
    normalise: bool = True

    def __post_init__(self) -> None:
        require(self.regression_weight >= 0, f"loss.regression_weight must not be negative: {self.regression_weight}")
        require(self.preference_weight >= 0, f"loss.preference_weight must not be negative: {self.preference_weight}")
        require(0 <= self.label_step <= 1, f"loss.label_step is from 0 to 1, not {self.label_step}")
        require(0 <= self.smoothing < 0.5, f"loss.smoothing is from 0 to below 0.5, not {self.smoothing}")
        require(self.beta > 0, f"loss.beta must be above 0, not {self.beta}")


@dataclass(frozen=True, slots=True)
class OptimConfig:
    """Adam on two stages: regression, then regression with preferences. Each has its own warm-up and cosine.

    `decay`: weight decay beside the gradient (`decoupled`, AdamW) or inside it (`l2`, Adam to the letter); it touches
    matrices only, and at `weight_decay` 0 the two are one. `warmup` is a share of the stage; `clip_norm` 0 clips
    nothing; `ema` 0 turns the weight average off; `group` says whether an epoch is shuffled by pair or by clip (fewer
    clips a batch, each encoded once).
    """

    lr: float = 3e-4
    preference_lr: float = 1e-4
    regression_steps: int = 6400
    preference_steps: int = 1600
    batch: int = 1024
    preference_batch: int = 256
    weight_decay: float = 0.05
    decay: Literal["decoupled", "l2"] = "decoupled"
    betas: tuple[float, float] = (0.9, 0.999)
    warmup: float = 0.05
    clip_norm: float = 1.0
    ema: float = 0.999
    group: Literal["pair", "clip"] = "pair"

    def __post_init__(self) -> None:
        for name in ("lr", "preference_lr", "batch", "preference_batch", "regression_steps"):
            require(getattr(self, name) > 0, f"optim.{name} must be above 0, not {getattr(self, name)}")
        require(self.preference_steps >= 0, f"optim.preference_steps must not be negative: {self.preference_steps}")
        require(self.clip_norm >= 0, f"optim.clip_norm must not be negative: {self.clip_norm}")
        require(self.weight_decay >= 0, f"optim.weight_decay must not be negative: {self.weight_decay}")
        require(0 <= self.warmup < 1, f"optim.warmup is a share of the stage, from 0 to below 1, not {self.warmup}")
        require(0 <= self.ema < 1, f"optim.ema must be from 0 to below 1, not {self.ema}")
        require(all(0 <= beta < 1 for beta in self.betas), f"optim.betas must be in [0, 1), not {list(self.betas)}")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """What training does to a batch. Colour and loudness are meant by the painter and the composer: they stay.

    `flip`: chance of a mirrored painting. `shift`: up to so many pixels (after averaging) in both directions. `roll`:
    the clip starts anywhere in its circle. `band_mask`, `frame_mask`: widest stripe of the mel set to its mean.
    """

    flip: float = 0.5
    shift: int = 0
    roll: bool = False
    band_mask: int = 0
    frame_mask: int = 0

    def __post_init__(self) -> None:
        require(0 <= self.flip <= 1, f"augment.flip is a chance from 0 to 1, not {self.flip}")
        for name in ("shift", "band_mask", "frame_mask"):
            require(getattr(self, name) >= 0, f"augment.{name} must not be negative: {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """How often a run speaks and saves (in steps), and how it counts: bfloat16 applies to a GPU only."""

    log_every: int = 10
    validate_every: int = 200
    checkpoint_every: int = 500
    evaluation_batch: int = 256
    bootstrap: int = 1000
    precision: Literal["float32", "bfloat16"] = "bfloat16"

    def __post_init__(self) -> None:
        for name in ("log_every", "validate_every", "checkpoint_every", "evaluation_batch", "bootstrap"):
            require(getattr(self, name) > 0, f"run.{name} must be above 0, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that decides a model and its training, besides the snapshot, the seed and the code."""

    recipe: str = ""
    architecture: Architecture = "mpjudge"
    music: MusicConfig = field(default_factory=MusicConfig)
    painting: PaintingConfig = field(default_factory=PaintingConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    baseline: BaselineConfig = field(default_factory=BaselineConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        pixels = self.painting.size // self.painting.pool
        fits = self.architecture == "mpjudge" or self.baseline.side <= pixels
        require(fits, f"baseline.side {self.baseline.side} is more than the painting's {pixels} pixels")

    def to_dict(self) -> dict[str, Any]:
        """Nested dicts and lists that JSON can carry."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """The inverse of `to_dict`; left-out settings take their defaults. Raises ConfigError in words."""
        config = coerce(values, cls, "")
        assert isinstance(config, cls)
        return config

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    def with_overrides(self, overrides: Mapping[str, Any]) -> Config:
        """A copy with settings replaced by dotted name: `{"optim.lr": 1e-3}`. Raises ConfigError in words.

        All are put in place before any is checked, so that settings that depend on each other can change together.
        """
        values = self.to_dict()
        for name, value in overrides.items():
            group, _, leaf = name.partition(".")
            if leaf and isinstance(values.get(group), dict) and leaf in values[group]:
                values[group][leaf] = value
            elif not leaf and group in values and not isinstance(values[group], dict):
                values[group] = value
            else:
                raise ConfigError(f"no setting is called {name!r}; {known_settings(values, group)}")
        return Config.from_dict(values)


def replaced(config: Config, **groups: Mapping[str, Any]) -> Config:
    """A copy with settings replaced group by group: `replaced(config, optim={"lr": 1e-3})`. For recipes."""
    return replace(config, **{name: replace(getattr(config, name), **values) for name, values in groups.items()})
