"""How a figure reads: three decimals, a sign, a percentage, an interval; and "undefined" in words, never NaN.

A figure of something that is None comes out of a template as "", which is as undefined as None is.
"""

from __future__ import annotations

from typing import Any, Literal

from django import template

from annotation_site.reliability.lights import HasInterval

register = template.Library()

UNDEFINED = "undefined"
DASH = "–"


Figure = float | Literal[""] | None


@register.filter
def figure(value: Figure, decimals: int = 3) -> str:
    return UNDEFINED if value is None or value == "" else _minus(f"{value + 0.0:.{decimals}f}")


@register.filter
def cell(value: Figure, decimals: int = 3) -> str:
    """In a table, where a dash says it as well."""
    return DASH if value is None or value == "" else _minus(f"{value + 0.0:.{decimals}f}")


@register.filter
def signed(value: Figure, decimals: int = 3) -> str:
    return DASH if value is None or value == "" else _minus(f"{value + 0.0:+.{decimals}f}")


@register.filter
def percent(share: Figure, decimals: int = 1) -> str:
    return UNDEFINED if share is None or share == "" else f"{100 * share:.{decimals}f} %"


@register.filter
def percent_cell(share: Figure, decimals: int = 0) -> str:
    return DASH if share is None or share == "" else f"{100 * share:.{decimals}f} %"


@register.filter
def seconds(ms: Figure) -> str:
    return DASH if ms is None or ms == "" else f"{ms / 1000:.1f} s"


@register.filter
def interval(estimate: HasInterval | Literal[""] | None) -> str:
    """From where to where, or why there is no interval."""
    if not estimate or estimate.value is None:
        return UNDEFINED
    if estimate.low is None or estimate.high is None:
        return "too few pairs"
    return _minus(f"{estimate.low + 0.0:.3f} to {estimate.high + 0.0:.3f}")


def _minus(words: str) -> str:
    return words.replace("-", "\u2212")


@register.filter
def plural(count: Any, word: str) -> str:
    """`3|plural:"rater"` is "3 raters"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
