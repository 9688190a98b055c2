"""What this room's services refuse."""

from __future__ import annotations


class RescoringError(Exception):
    """What was asked for cannot be done; the text says why in a person's words."""
