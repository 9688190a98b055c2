"""What the desks of both rooms are told: when music counts as heard, when a break is due, why one may skip."""

from __future__ import annotations

from typing import Any

from annotation_site.leases.gate import HEARD_SHARE
from annotation_site.leases.skips import SkipReason

BREAK_MINUTES = 20
"""Of work, before a page suggests a break; 0 for never."""


def desk_context() -> dict[str, Any]:
    return {
        "heard_share": HEARD_SHARE,
        "break_minutes": BREAK_MINUTES,
        "skip_reasons": SkipReason.choices,
    }
