"""Markdown as admins write it, to HTML as raters read it. Raw HTML stays text, and links lead only where links may."""

from __future__ import annotations

from functools import cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

CODE = "{code}"
"""Stands for the rater's pseudonym."""


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(text: str, *, code: str = "") -> SafeString:
    """`text` as HTML, with `code` for each `{code}`."""
    return mark_safe(_markdown().render(text.replace(CODE, code or CODE)))  # noqa: S308 - html is off
