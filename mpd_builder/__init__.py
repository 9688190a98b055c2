"""Dataset building: pure functions over frozen records. No Django, no torch, no network."""

__version__ = "0.1.0"
