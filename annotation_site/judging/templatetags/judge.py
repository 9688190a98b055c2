"""The judge page's drawings and figures for its templates."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.utils.safestring import SafeString

from annotation_site.judging import drawings, words
from annotation_site.judging.showing import Estimate, Layer, Music, Shown

register = template.Library()


@register.simple_tag
def judge_scale(estimate: Estimate) -> SafeString:
    return drawings.scale(estimate)


@register.simple_tag
def judge_curve(painting: Shown, music: Music) -> SafeString:
    return drawings.curve(painting.windows, music)


@register.simple_tag
def judge_wave(music: Music) -> SafeString:
    return drawings.waveform(music)


@register.simple_tag
def judge_map(layer: Layer) -> str:
    return drawings.map_address(layer)


@register.filter
def two(value: float) -> str:
    """A score with two decimals."""
    return f"{value:.2f}"


@register.filter
def signed(value: float) -> str:
    """A difference of scores with its sign."""
    return f"{value:+.2f}".replace("-", "\u2212")


@register.filter
def clock(seconds: float) -> str:
    return words.clock(seconds)


@register.filter
def as_json(value: Any) -> str:
    """For an attribute that a script reads; the template escapes it."""
    return json.dumps(value)


@register.filter
def three(value: float) -> str:
    """A number with three significant digits."""
    return f"{value:.3g}"
