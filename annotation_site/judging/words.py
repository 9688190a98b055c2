"""Scores, lengths and figures in words."""

from __future__ import annotations

from typing import Final

FITS: Final = (
    (0.02, "does not fit at all"),
    (0.15, "fits very badly"),
    (0.3, "fits badly"),
    (0.45, "fits rather badly"),
    (0.55, "is in the middle"),
    (0.7, "fits rather well"),
    (0.85, "fits well"),
    (0.98, "fits very well"),
)
"""Up to which score what is said; the raters' own scale speaks so (`static/js/scale.js`)."""


def fit_in_words(score: float) -> str:
    return next((words for limit, words in FITS if score <= limit), "fits completely")


def clock(seconds: float) -> str:
    """Seconds as 3:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
