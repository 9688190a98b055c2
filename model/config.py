"""A run's config: one frozen value, made of plain numbers and names. Loads no torch.

It travels inside the checkpoint and the run report; its canonical JSON is the same bytes wherever it is written.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from model.architecture import BaselineConfig, FusionConfig, HeadConfig, MusicConfig, PaintingConfig
from model.coercion import ConfigError, coerce, known_settings, parse_setting, require
from model.schedule import AugmentConfig, LossConfig, OptimConfig, RunConfig
from model.settings import group, setting

__all__ = [
    "Architecture", "AugmentConfig", "BaselineConfig", "Config", "ConfigError", "FusionConfig", "HeadConfig",
    "LossConfig", "MusicConfig", "OptimConfig", "PaintingConfig", "RunConfig", "parse_setting", "replaced",
]  # fmt: skip

Architecture = Literal["mpjudge", "l3net", "acpnet", "cdcml-like"]


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that decides a model and its training, besides the snapshot, the seed and the code."""

    recipe: str = setting("", "Recipe", "What the config is called.")
    architecture: Architecture = setting("mpjudge", "Architecture", "MPJudge, or one of the models before it.")
    music: MusicConfig = group(MusicConfig, "Music encoder", "What becomes of a clip's mel spectrogram.")
    painting: PaintingConfig = group(PaintingConfig, "Painting encoder", "What becomes of the picture.")
    fusion: FusionConfig = group(FusionConfig, "Fusion", "How music reaches the painting.")
    baseline: BaselineConfig = group(
        BaselineConfig, "Baselines", "Sizes of the models before MPJudge, which has none of it."
    )
    head: HeadConfig = group(HeadConfig, "Head", "What makes a score of it.")
    loss: LossConfig = group(LossConfig, "Loss", "What training makes small.")
    optim: OptimConfig = group(OptimConfig, "Optimiser", "How fast, how long and in which portions it learns.")
    augment: AugmentConfig = group(
        AugmentConfig,
        "Augmentation",
        "What training does to pictures and sound so that the model does not learn them by heart.",
    )
    run: RunConfig = group(RunConfig, "Pace", "How often a run speaks, validates and saves, and how it counts.")

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
