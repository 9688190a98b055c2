"""The texts of a snapshot (card, data sheet, licences) as HTML: raw HTML stays text, front matter is not shown."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection
from functools import cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

Place = Callable[[str], str]
"""The address of a file of the snapshot, by its name."""

_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
_ELSEWHERE = re.compile(r"\A(?:https?:|mailto:|#)", re.IGNORECASE)
_TARGETS = {"a": "href", "img": "src"}


def document_html(text: str, *, files: Collection[str], address: Place) -> SafeString:
    """A Markdown text of a snapshot. Links to its own files lead to `address`; other relative ones lead nowhere."""
    tokens = _markdown().parse(_FRONT_MATTER.sub("", text))
    for token in _all(tokens):
        if token.type == "table_open":
            token.attrSet("tabindex", "0")  # wide ones scroll by themselves, with the keyboard too
        if target := _TARGETS.get(token.tag):
            _lead(token, target, files=files, address=address)
    renderer = _markdown()
    return mark_safe(renderer.renderer.render(tokens, renderer.options, {}))  # noqa: S308 - html is off


def _all(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *(token.children or ()))]


def _lead(token: Token, target: str, *, files: Collection[str], address: Place) -> None:
    """Turn a relative place into the address of that file; pictures come from the snapshot only."""
    given = token.attrGet(target)
    if not isinstance(given, str):
        return
    if _ELSEWHERE.match(given) and token.tag == "a":
        token.attrSet("rel", "noopener noreferrer")
        return
    name = posixpath.normpath(given.split("#")[0])
    token.attrSet(target, address(name) if name in files else "")


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")
