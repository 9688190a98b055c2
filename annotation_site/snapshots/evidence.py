"""What a browser told beside a rating, as columns of a snapshot: counts and times that identify nobody.

A browser may send anything, so what is not a plausible number is left out. The size of the window becomes one of three
kinds: to the pixel it would tell one rater's screen from another's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OF_THE_TRIAL = ("moves", "first_move_ms", "hidden_ms", "idle_ms")
OF_THE_CLIP = ("total_ms", "plays", "replays", "seeks")
SCREENS = ((768, "narrow"), (1200, "medium"))
WIDEST = "wide"
MOST = 2**31 - 1


def evidence_columns(evidence: Any) -> dict[str, Any]:
    """The fields of `records.Rating` that the evidence tells of; None where it does not."""
    told = evidence if isinstance(evidence, Mapping) else {}
    clips = told.get("clips")
    heard = clips.get("clip") if isinstance(clips, Mapping) else None
    listening = heard if isinstance(heard, Mapping) else {}
    return {
        **{name: _count(listening.get(name)) for name in OF_THE_CLIP},
        **{name: _count(told.get(name)) for name in OF_THE_TRIAL},
        "screen": _screen(told.get("viewport_px")),
    }


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if is_number and 0 <= value <= MOST else None


def _screen(viewport: Any) -> str | None:
    width = _count(viewport[0]) if isinstance(viewport, list) and viewport else None
    if width is None:
        return None
    return next((kind for limit, kind in SCREENS if width < limit), WIDEST)
