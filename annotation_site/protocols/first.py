"""The protocol that a new site begins with: its texts lie in this folder, and an admin replaces them by a version 2."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from annotation_site.protocols.digests import content_digest

TEXTS = Path(__file__).parent / "texts"
NUMBER = 1
WRITTEN_AT = datetime(2026, 11, 27, tzinfo=UTC)


def first_fields() -> dict[str, Any]:
    """The columns of version 1. It never changes: what is written differently later is another version."""
    texts = {name: (TEXTS / f"{name}-1.md").read_text(encoding="utf-8") for name in ("consent", "briefing")}
    told = {**texts, "asks_background": True, "practice_attempts": 0, "qualifies_within": None}
    return {
        **told,
        "state": "published",
        "summary": "The texts that the site comes with.",
        "digest": content_digest({**told, "number": NUMBER}, []),
        "created_at": WRITTEN_AT,
        "published_at": WRITTEN_AT,
    }
