"""One number for all that raters are told and asked under a protocol version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

TOLD = ("number", "consent", "briefing", "asks_background", "practice_attempts", "qualifies_within")
"""The columns of a version that raters notice."""


def content_digest(told: Mapping[str, Any], examples: Sequence[Sequence[Any]]) -> str:
    """SHA-256 of the columns `TOLD` and of the examples in their order, whatever the database's own numbers are."""
    content = {**{name: told[name] for name in TOLD}, "examples": [list(example) for example in examples]}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
