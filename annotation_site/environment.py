"""Settings that are numbers, choices, rates or folders, from the environment; a wrong one stops the start in words."""

from __future__ import annotations

import os
import re

from django.core.exceptions import ImproperlyConfigured


def whole_number(name: str, default: int, *, least: int = 1) -> int:
    """The environment variable `name` as a whole number of at least `least`."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}; it is {text!r}.")
    return int(text)


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """The environment variable `name` as one of the choices; without it the first."""
    text = os.environ.get(name, "").strip() or choices[0]
    if text not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}; it is {text!r}.")
    return text


def rate(name: str, default: str) -> str:
    """The environment variable `name` as so many a second, minute, hour or day: `30/hour`."""
    text = os.environ.get(name, "").strip() or default
    if not re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", text):
        raise ImproperlyConfigured(
            f"{name} must be a number a second, minute, hour or day, like 30/hour, not {text!r}."
        )
    return text


def folders(name: str) -> list[str]:
    """Folders separated as in PATH. Relative ones would mean another folder for each process."""
    found = [folder for folder in os.environ.get(name, "").split(os.pathsep) if folder]
    for folder in found:
        if not os.path.isabs(folder):
            raise ImproperlyConfigured(f"{name} holds {folder!r}, which is not a full path.")
    return found
