"""Settings from the outside: text and plain values into typed frozen groups, or an error in words. Loads no torch."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal


class ConfigError(ValueError):
    """A setting that does not exist or cannot have the given value; the message names it as `group.name`."""


def require(holds: bool, message: str) -> None:
    """Raise ConfigError with `message` unless it holds."""
    if not holds:
        raise ConfigError(message)


def parse_setting(text: str) -> tuple[str, Any]:
    """`optim.lr=1e-3` as a name and a value: JSON where it is JSON, else the text itself."""
    name, equals, raw = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"a setting is written name=value (for example optim.lr=0.001), not {text!r}")
    try:
        return name.strip(), json.loads(raw)
    except json.JSONDecodeError:
        return name.strip(), raw.strip()


def known_settings(values: Mapping[str, Any], group: str) -> str:
    """What there is beside a name that does not exist, as part of a sentence."""
    if isinstance(values.get(group), dict):
        return f"{group} has {', '.join(f'{group}.{leaf}' for leaf in values[group])}"
    return f"the groups are {', '.join(name for name, value in values.items() if isinstance(value, dict))}"


def coerce(value: Any, kind: Any, path: str) -> Any:
    """`value` as `kind`, or ConfigError naming `path`. Whole numbers pass as floats; nothing else changes its type."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _coerce_group(value, kind, path)
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        require(value in options, f"{path} must be one of {', '.join(map(str, options))}, not {value!r}")
        return value
    if origin is tuple:
        require(isinstance(value, list | tuple), f"{path} must be a list such as [1, 2], not {value!r}")
        if options[-1] is Ellipsis:
            return tuple(coerce(item, options[0], path) for item in value)
        require(len(value) == len(options), f"{path} must have {len(options)} values, not {len(value)}")
        return tuple(coerce(item, option, path) for item, option in zip(value, options, strict=True))
    assert not isinstance(kind, UnionType), f"{path}: settings have one type"
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    finite = not isinstance(value, float) or abs(value) < float("inf")
    require(fits and finite, f"{path} must be {words.get(kind, kind)}, not {value!r}")
    return value


def _coerce_group(value: Any, kind: type[Any], path: str) -> Any:
    require(isinstance(value, Mapping), f"{path or 'a config'} must be a group of settings, not {value!r}")
    hints = typing.get_type_hints(kind)
    known = {item.name for item in fields(kind)}
    unknown = sorted(set(value) - known)
    prefix = f"{path}." if path else ""
    require(not unknown, f"no setting is called {prefix}{unknown[0] if unknown else ''}; known: {sorted(known)}")
    return kind(**{name: coerce(item, hints[name], f"{prefix}{name}") for name, item in value.items()})
