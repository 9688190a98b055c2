"""What this room cannot do, in a person's words."""

from __future__ import annotations


class SnapshotError(Exception):
    """What was asked for cannot be done; the text says why in a person's words."""


class RecipeRefused(SnapshotError):
    """The recipe cannot be followed. `field` is the one that is at fault, "" where it is none alone."""

    def __init__(self, words: str, *, field: str = "") -> None:
        super().__init__(words)
        self.field = field
