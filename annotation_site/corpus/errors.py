"""What the corpus room refuses, in a person's words."""

from __future__ import annotations


class CorpusError(Exception):
    """An import cannot be started, or failed as a whole; the text tells a person why and what to do."""
