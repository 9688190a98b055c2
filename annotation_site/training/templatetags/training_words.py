"""What the pages of runs say in words: `{% load training_words %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from model.fields import typed

register = template.Library()


@register.filter
def about(seconds: float | None) -> str:
    """A duration as people say it: `under a minute`, `4 min`, `2 h 10 min`; a dash while it is not known."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if seconds < 60:
        return "under a minute"
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{round(hours / 24)} days"
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


@register.filter
def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


@register.filter
def as_typed(value: Any) -> str:
    """A setting's value as it is typed into the form."""
    return typed(value)


@register.filter
def drawn(svg: str) -> SafeString:
    """A drawing of `model.report`, which escapes every word that it was given."""
    return mark_safe(svg)  # noqa: S308
