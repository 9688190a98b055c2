"""Settings that are numbers or folders, read from the environment; a wrong one stops the start in words."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured


def whole_number(name: str, default: int, *, least: int = 1) -> int:
    """The environment variable `name` as a whole number of at least `least`."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}; it is {text!r}.")
    return int(text)


def folders(name: str) -> list[str]:
    """Folders separated as in PATH. Relative ones would mean another folder for each process."""
    found = [folder for folder in os.environ.get(name, "").split(os.pathsep) if folder]
    for folder in found:
        if not os.path.isabs(folder):
            raise ImproperlyConfigured(f"{name} holds {folder!r}, which is not a full path.")
    return found
