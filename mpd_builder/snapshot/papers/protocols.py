"""`protocols/`: what raters had read before their first pair, one Markdown file a version."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

FOLDER = "protocols"
_SAFE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


def protocol_path(label: str) -> str:
    """Where a version's texts lie. A label that is no plain file name keeps what is, and gets a short digest."""
    if _SAFE.fullmatch(label):
        return f"{FOLDER}/{label}.md"
    kept = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:40] or "version"
    return f"{FOLDER}/{kept}-{hashlib.sha256(label.encode()).hexdigest()[:8]}.md"


def render(protocols: Mapping[str, str]) -> dict[str, str]:
    """The texts by path, as they were given, each ending with one line break."""
    return {protocol_path(label): text.rstrip("\n") + "\n" for label, text in sorted(protocols.items())}
