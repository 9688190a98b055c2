"""A clip's waveform as a small SVG."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

BARS = 100


def waveform(peaks: Sequence[int], *, bars: int = BARS) -> SafeString:
    """Draw minimum and maximum of each bin (`peaks`, in turn, -128 to 127) as `bars` upright strokes."""
    bins = len(peaks) // 2
    strokes = []
    for bar in range(min(bars, bins)):
        first, last = bar * bins // bars, max((bar + 1) * bins // bars, bar * bins // bars + 1)
        low, high = min(peaks[2 * first : 2 * last : 2]), max(peaks[2 * first + 1 : 2 * last : 2])
        strokes.append(f"M{bar + 0.5} {128 - max(high, low + 2)}V{128 - low}")
    return format_html(
        '<svg class="corpus-waveform" viewBox="0 0 {} 256" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="{}" /></svg>',
        bars,
        "".join(strokes),
    )
