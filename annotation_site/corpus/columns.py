"""Texts and the columns that hold them."""

from __future__ import annotations

from django.db import models


def fitted(model: type[models.Model], **texts: str) -> dict[str, str]:
    """Texts that fit their columns: longer ones end with an ellipsis."""
    cut = {}
    for name, text in texts.items():
        limit: int = getattr(model._meta.get_field(name), "max_length")  # noqa: B009 - not known to be a column
        cut[name] = text if len(text) <= limit else text[: limit - 1] + "…"
    return cut
