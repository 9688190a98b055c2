"""The settings of a config as data, for forms: what there is, what it may be, what it does. Loads no torch.

Types and choices come from the annotations of the frozen dataclasses, everything else from `model.settings`.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from model import settings
from model.coercion import ConfigError, coerce
from model.config import Config
from model.settings import Bounds


class Kind(StrEnum):
    """What kind of value a setting takes."""

    WHOLE = "whole"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `name` is dotted (`optim.lr`), `default` is the config's own value, `choices` are of a choice."""

    name: str
    title: str
    help: str
    kind: Kind
    default: Any
    choices: tuple[str, ...]
    bounds: Bounds
    unit: str

    @property
    def shown(self) -> str:
        """The default as a person would type it."""
        return typed(self.default)


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, in the order of the config."""

    name: str
    title: str
    help: str
    fields: tuple[Setting, ...]


_KINDS = {int: Kind.WHOLE, float: Kind.NUMBER, bool: Kind.SWITCH}
_NOT_SET_BY_HAND = ("recipe",)


def settings_of(config: Config) -> list[Group]:
    """All settings that may differ from the recipe, group by group; settings of no group come first, as `design`."""
    hints = typing.get_type_hints(Config)
    loose, groups = [], []
    for field in dataclasses.fields(Config):
        if not dataclasses.is_dataclass(hints[field.name]):
            loose.append(field)
            continue
        said, value = settings.about(field), getattr(config, field.name)
        inner = typing.get_type_hints(hints[field.name])
        members = [_setting(each, inner[each.name], value, f"{field.name}.") for each in dataclasses.fields(value)]
        groups.append(Group(field.name, said.title, said.help, tuple(members)))
    members = [_setting(each, hints[each.name], config, "") for each in loose if each.name not in _NOT_SET_BY_HAND]
    return [Group("design", "Design", "Which model it is.", tuple(members)), *groups]


def _setting(field: dataclasses.Field[Any], hint: Any, owner: Any, prefix: str) -> Setting:
    said = settings.about(field)
    choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
    kind = Kind.CHOICE if choices else _KINDS.get(hint, Kind.NUMBERS)
    default = getattr(owner, field.name)
    return Setting(prefix + field.name, said.title, said.help, kind, default, choices, said.bounds, said.unit)


def typed(value: Any) -> str:
    """A value as it is typed into a form: `0.0003`, `64, 128`, `true`, `man`."""
    if isinstance(value, tuple | list):
        return ", ".join(typed(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def read(setting: Setting, text: str) -> Any:
    """What was typed, as a value that JSON can carry (a list for several). Raises ConfigError without the name."""
    if setting.kind is Kind.CHOICE:
        if text not in setting.choices:
            raise ConfigError(f"Choose one of {', '.join(setting.choices)}.")
        return text
    if setting.kind is Kind.SWITCH:
        if text not in ("true", "false"):
            raise ConfigError("Choose true or false.")
        return text == "true"
    if setting.kind is Kind.NUMBERS:
        return [_number(part, setting, _whole_items(setting)) for part in text.strip(" []()").split(",")]
    return _number(text, setting, setting.kind is Kind.WHOLE)


def _whole_items(setting: Setting) -> bool:
    return all(isinstance(item, int) for item in setting.default)


def _number(text: str, setting: Setting, is_whole: bool) -> int | float:
    try:
        value = json.loads(text.strip())
        number: int | float = coerce(value, int if is_whole else float, "it")
    except ValueError:
        kind = "a whole number" if is_whole else "a number"
        raise ConfigError(f"{text.strip() or 'Nothing'} is not {kind}.") from None
    if not setting.bounds.holds(number):
        raise ConfigError(f"This must be {setting.bounds.words}, not {text.strip()}.")
    return number


def changes(config: Config, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of values by dotted name those that differ from the config: what a run stores beside its recipe."""
    defaults = {each.name: each.default for group in settings_of(config) for each in group.fields}
    return {name: value for name, value in values.items() if _plain(defaults[name]) != _plain(value)}


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value


def at_fault(error: ConfigError) -> str:
    """The setting that an error speaks of: its message begins with the name. Empty where it does not."""
    name = str(error).partition(" ")[0]
    known = {each.name for group in settings_of(Config()) for each in group.fields}
    return name if name in known else ""
