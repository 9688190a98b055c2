"""A setting of a config: its default, what it is called, what it does and which values it may have. Loads no torch.

Bounds are written once, where the setting is: `check` holds a config to them, `model.fields` tells a form of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from model.coercion import ConfigError

T = TypeVar("T")

_ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number may be; of a list, every number in it. An end that does not count is itself not allowed."""

    low: float | None = None
    high: float | None = None
    low_counts: bool = True
    high_counts: bool = True
    among: tuple[int, ...] = ()

    def holds(self, value: float) -> bool:
        if self.among and value not in self.among:
            return False
        above = self.low is None or value > self.low or (self.low_counts and value == self.low)
        below = self.high is None or value < self.high or (self.high_counts and value == self.high)
        return above and below

    @property
    def words(self) -> str:
        """What follows "must be": `above 0`, `0 or more`, `from 0 to below 1`, `1 or 3`; empty without bounds."""
        if self.among:
            *others, last = map(str, self.among)
            return f"{', '.join(others)} or {last}"
        if self.low is None:
            return ""
        if self.high is None:
            return f"{self.low:g} or more" if self.low_counts else f"above {self.low:g}"
        to = "" if self.high_counts else "below "
        return (
            f"from {self.low:g} to {to}{self.high:g}"
            if self.low_counts
            else f"above {self.low:g}, to {to}{self.high:g}"
        )


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a setting, or of a group of settings, to people."""

    title: str
    help: str
    unit: str = ""
    bounds: Bounds = Bounds()


def setting(
    default: T,
    title: str,
    help: str = "",
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    among: Sequence[int] = (),
    unit: str = "",
) -> T:
    """A field of a config's group. `least` and `most` may be reached, `above` and `below` may not."""
    bounds = Bounds(
        low=above if least is None else least,
        high=below if most is None else most,
        low_counts=above is None,
        high_counts=below is None,
        among=tuple(among),
    )
    found: T = dataclasses.field(default=default, metadata={_ABOUT: About(title, help, unit, bounds)})
    return found


def group(kind: type[T], title: str, help: str) -> T:
    """A field of the config that is a group of settings, each at its default."""
    found: T = dataclasses.field(default_factory=kind, metadata={_ABOUT: About(title, help)})
    return found


def about(field: dataclasses.Field[Any]) -> About:
    """What was said of a field where it was defined. Raises KeyError for one of which nothing was."""
    metadata: Mapping[str, Any] = field.metadata
    found: About = metadata[_ABOUT]
    return found


def check(group: Any, name: str) -> None:
    """Raise ConfigError naming `name.SETTING` for the first setting that is out of its bounds."""
    for field in dataclasses.fields(group):
        bounds, value = about(field).bounds, getattr(group, field.name)
        numbers = value if isinstance(value, tuple) else (value,)
        if bounds.words and not all(bounds.holds(number) for number in numbers):
            shown = list(value) if isinstance(value, tuple) else value
            raise ConfigError(f"{name}.{field.name} must be {bounds.words}, not {shown}")
