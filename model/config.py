"""A run's config: one frozen value, made of plain numbers and names. Loads no torch.

It travels inside the checkpoint and the run report; its canonical JSON is the same bytes wherever it is written.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import UnionType
from typing import Any, Literal


class ConfigError(ValueError):
    """A setting that does not exist or cannot have the given value; the message names it as `group.name`."""


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ConfigError(message)


@dataclass(frozen=True, slots=True)
class MusicConfig:
    """The music encoder: Conv 4x4 stride 2 blocks, mean over tokens, linear to the painting's width.

    The mel is log10 of power, (bands, frames); the encoder sees `(mel - mel_centre) / mel_scale`, averaged over
    `band_pool` x `frame_pool` neighbours. With `channels` 3 the mel is repeated, as an image of it would be.
    """

    channels: int = 1
    widths: tuple[int, ...] = (64, 128, 256, 512)
    norm: Literal["batch", "group"] = "batch"
    activation: Literal["silu", "relu"] = "silu"
    band_pool: int = 1
    frame_pool: int = 1
    mel_centre: float = -2.0
    mel_scale: float = 4.0

    def __post_init__(self) -> None:
        _require(self.channels in (1, 3), f"music.channels must be 1 or 3, not {self.channels}")
        _require(bool(self.widths), "music.widths must name at least one convolution")
        _require(min(self.widths, default=1) > 0, f"music.widths must be above 0, not {list(self.widths)}")
        if self.norm == "group":
            odd = [width for width in self.widths if width % 8]
            _require(not odd, f"music.widths must be multiples of 8 for group norm; {odd} are not")
        for name in ("band_pool", "frame_pool"):
            _require(getattr(self, name) > 0, f"music.{name} must be above 0, not {getattr(self, name)}")
        _require(self.mel_scale > 0, f"music.mel_scale must be above 0, not {self.mel_scale}")


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
            _require(getattr(self, name) > 0, f"painting.{name} must be above 0, not {getattr(self, name)}")
        step = self.pool * self.patch
        _require(self.size % step == 0, f"painting.size {self.size} must be a multiple of pool x patch = {step}")
        _require(self.width % self.heads == 0, f"painting.width {self.width} must be a multiple of heads {self.heads}")
        _require(min(self.pixel_std) > 0, f"painting.pixel_std must be above 0, not {list(self.pixel_std)}")

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

    `paper`: MAN rewrites the token stream. `preln`: MAN feeds the MLP branch and leaves the stream alone; the pooled
    tokens are normalised before the head. `none` is the painting-only ablation. `released` starts as the authors' code
    does (positions of standard deviation 1, PyTorch's default linear maps); `identity` starts with small positions and
    with gamma around 1, beta around 0.
    """

    kind: Literal["man", "none"] = "man"
    topology: Literal["paper", "preln"] = "preln"
    init: Literal["released", "identity"] = "identity"


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """`sigmoid` keeps the score in [0, 1]; `linear` leaves it free, as the authors' code does."""

    output: Literal["sigmoid", "linear"] = "sigmoid"


@dataclass(frozen=True, slots=True)
class LossConfig:
    """L = regression_weight * MSE + preference_weight * L_DPO (paper, eq. 5-7).

    `on`: the preference loss compares scores (paper) or logits. `normalise` divides L_DPO by beta, so that beta sets
    where the loss bends and not how hard it pulls at the start.
    """

    regression_weight: float = 1.0
    preference_weight: float = 0.5
    beta: float = 5.0
    on: Literal["score", "logit"] = "score"
    normalise: bool = True

    def __post_init__(self) -> None:
        _require(self.regression_weight >= 0, f"loss.regression_weight must not be negative: {self.regression_weight}")
        _require(self.preference_weight >= 0, f"loss.preference_weight must not be negative: {self.preference_weight}")
        _require(self.beta > 0, f"loss.beta must be above 0, not {self.beta}")


@dataclass(frozen=True, slots=True)
class OptimConfig:
    """AdamW on two stages: regression, then regression with preferences. Each has its own warm-up and cosine.

    `warmup` is a share of the stage; `weight_decay` touches matrices only; `ema` 0 turns the weight average off;
    `group` says whether an epoch is shuffled by pair or by clip (fewer clips a batch, each encoded once).
    """

    lr: float = 3e-4
    preference_lr: float = 1e-4
    regression_steps: int = 6400
    preference_steps: int = 1600
    batch: int = 1024
    preference_batch: int = 256
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    warmup: float = 0.05
    clip_norm: float = 1.0
    ema: float = 0.999
    group: Literal["pair", "clip"] = "pair"

    def __post_init__(self) -> None:
        for name in ("lr", "preference_lr", "batch", "preference_batch", "regression_steps", "clip_norm"):
            _require(getattr(self, name) > 0, f"optim.{name} must be above 0, not {getattr(self, name)}")
        _require(self.preference_steps >= 0, f"optim.preference_steps must not be negative: {self.preference_steps}")
        _require(self.weight_decay >= 0, f"optim.weight_decay must not be negative: {self.weight_decay}")
        _require(0 <= self.warmup < 1, f"optim.warmup is a share of the stage, from 0 to below 1, not {self.warmup}")
        _require(0 <= self.ema < 1, f"optim.ema must be from 0 to below 1, not {self.ema}")
        _require(all(0 <= beta < 1 for beta in self.betas), f"optim.betas must be in [0, 1), not {list(self.betas)}")


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
        _require(0 <= self.flip <= 1, f"augment.flip is a chance from 0 to 1, not {self.flip}")
        for name in ("shift", "band_mask", "frame_mask"):
            _require(getattr(self, name) >= 0, f"augment.{name} must not be negative: {getattr(self, name)}")


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
            _require(getattr(self, name) > 0, f"run.{name} must be above 0, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that decides a model and its training, besides the snapshot, the seed and the code."""

    recipe: str = ""
    music: MusicConfig = field(default_factory=MusicConfig)
    painting: PaintingConfig = field(default_factory=PaintingConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def to_dict(self) -> dict[str, Any]:
        """Nested dicts and lists that JSON can carry."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """The inverse of `to_dict`; left-out settings take their defaults. Raises ConfigError in words."""
        config = _coerce(values, cls, "")
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
                raise ConfigError(f"no setting is called {name!r}; {_known(values, group)}")
        return Config.from_dict(values)


def parse_setting(text: str) -> tuple[str, Any]:
    """`optim.lr=1e-3` as a name and a value: JSON where it is JSON, else the text itself."""
    name, equals, raw = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"a setting is written name=value (for example optim.lr=0.001), not {text!r}")
    try:
        return name.strip(), json.loads(raw)
    except json.JSONDecodeError:
        return name.strip(), raw.strip()


def replaced(config: Config, **groups: Mapping[str, Any]) -> Config:
    """A copy with settings replaced group by group: `replaced(config, optim={"lr": 1e-3})`. For recipes."""
    return replace(config, **{name: replace(getattr(config, name), **values) for name, values in groups.items()})


def _known(values: Mapping[str, Any], group: str) -> str:
    if isinstance(values.get(group), dict):
        return f"{group} has {', '.join(f'{group}.{leaf}' for leaf in values[group])}"
    return f"the groups are {', '.join(name for name, value in values.items() if isinstance(value, dict))}"


def _coerce(value: Any, kind: Any, path: str) -> Any:
    """`value` as `kind`, or ConfigError naming `path`. Whole numbers pass as floats; nothing else changes its type."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _coerce_group(value, kind, path)
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        _require(value in options, f"{path} must be one of {', '.join(map(str, options))}, not {value!r}")
        return value
    if origin is tuple:
        _require(isinstance(value, list | tuple), f"{path} must be a list such as [1, 2], not {value!r}")
        if options[-1] is Ellipsis:
            return tuple(_coerce(item, options[0], path) for item in value)
        _require(len(value) == len(options), f"{path} must have {len(options)} values, not {len(value)}")
        return tuple(_coerce(item, option, path) for item, option in zip(value, options, strict=True))
    assert not isinstance(kind, UnionType), f"{path}: settings have one type"
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    finite = not isinstance(value, float) or abs(value) < float("inf")
    _require(fits and finite, f"{path} must be {words.get(kind, kind)}, not {value!r}")
    return value


def _coerce_group(value: Any, kind: type[Any], path: str) -> Any:
    _require(isinstance(value, Mapping), f"{path or 'a config'} must be a group of settings, not {value!r}")
    hints = typing.get_type_hints(kind)
    known = {item.name for item in fields(kind)}
    unknown = sorted(set(value) - known)
    prefix = f"{path}." if path else ""
    _require(not unknown, f"no setting is called {prefix}{unknown[0] if unknown else ''}; known: {sorted(known)}")
    return kind(**{name: _coerce(item, hints[name], f"{prefix}{name}") for name, item in value.items()})
