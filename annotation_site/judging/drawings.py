"""The judge page's drawings as SVG, coloured by its style sheet: a score on its scale, scores along the music, maps."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from io import BytesIO

import numpy as np
from django.utils.html import format_html
from django.utils.safestring import SafeString
from PIL import Image

from annotation_site.judging.showing import Estimate, Layer, Music, Window
from model.drawing import ramp
from mpd_builder.records import CLIP_SECONDS

WIDTH = 1000
CURVE_HEIGHT = 160
WAVE_HEIGHT = 48
_LINES = (0.0, 0.25, 0.5, 0.75, 1.0)


def scale(estimate: Estimate) -> SafeString:
    """A score from 0 to 1: a thin line for where people's score would lie, a bar for the model's own interval."""
    low, high, people_low, people_high, at = (
        round(WIDTH * value, 1)
        for value in (estimate.low, estimate.high, estimate.people_low, estimate.people_high, estimate.score)
    )
    return format_html(
        '<svg class="judge-scale" viewBox="0 0 {} 40" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="axis" d="M0 20H{} M0 12V28 M{} 16V24 M{} 12V28" />'
        '<path class="people" d="M{} 20H{}" /><rect class="model" x="{}" y="12" width="{}" height="16" />'
        '<path class="mark" d="M{} 4V36" /></svg>',
        *(WIDTH, WIDTH, WIDTH / 2, WIDTH),
        *(people_low, people_high, low, max(round(high - low, 1), 1.0), at),
    )


def curve(windows: Sequence[Window], music: Music) -> SafeString:
    """The score of each window as a step with its interval, from 0 at the foot to 1, along the music's seconds."""
    grid = "".join(f"M0 {_height(value)}H{WIDTH}" for value in _LINES)
    bands, steps = [], []
    for window, (left, right) in zip(windows, _places(music), strict=True):
        bands.append(f"M{left} {_height(window.low)}H{right}V{_height(window.high)}H{left}Z")
        steps.append(f"M{left} {_height(window.score)}H{right}")
    return format_html(
        '<svg class="judge-curve" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="grid" d="{}" /><path class="band" d="{}" /><path class="step" d="{}" /></svg>',
        *(WIDTH, CURVE_HEIGHT, grid, "".join(bands), "".join(steps)),
    )


def waveform(music: Music) -> SafeString:
    """The music's waveform on the same seconds; what is silent is empty."""
    strokes: list[str] = []
    for peaks, (left, right) in zip(music.peaks, _places(music), strict=True):
        bins = max(1, len(peaks) // 2)
        for place in range(len(peaks) // 2):
            x = round(left + (place + 0.5) * (right - left) / bins, 2)
            reach = max(peaks[2 * place + 1], -peaks[2 * place], 2) * WAVE_HEIGHT / 256
            strokes.append(f"M{x} {WAVE_HEIGHT / 2 - reach:.1f}V{WAVE_HEIGHT / 2 + reach:.1f}")
    return format_html(
        '<svg class="judge-wave" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="{}" /></svg>',
        *(WIDTH, WAVE_HEIGHT, "".join(strokes)),
    )


def map_address(layer: Layer) -> str:
    """A layer's map as the address of a tiny picture, one pixel a patch; the browser smooths it."""
    side = round(len(layer.values) ** 0.5)
    colours = ramp(np.array(layer.values, dtype=np.float64).reshape(side, side))
    file = BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _height(value: float) -> float:
    return round(CURVE_HEIGHT * (1 - value), 1)


def _places(music: Music) -> Iterator[tuple[float, float]]:
    """Where each window lies, from left to right."""
    unit = WIDTH / (music.stop_s - music.start_s)
    for start_s in music.starts:
        left = (start_s - music.start_s) * unit
        yield round(left, 2), round(left + CLIP_SECONDS * unit, 2)
