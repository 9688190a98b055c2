"""Setting what is known of many items at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

SETTABLE = ("licence", "attribution", "source", "collection", "may_publish")
"""What can be set for many items in one step: what came with a collection, not what tells its items apart."""


@transaction.atomic
def items_describe(*, items: QuerySet[Any], fields: dict[str, Any]) -> int:
    """Set some of `SETTABLE` for all these paintings, or all these tracks; returns how many there are.

    Raises ValueError where nothing is to be set, a name is not one of them, or a text is longer than its column.
    """
    if not fields or not set(fields) <= set(SETTABLE):
        raise ValueError(f"Only {', '.join(SETTABLE)} can be set for many items, not {', '.join(fields) or 'nothing'}.")
    for name, value in fields.items():
        limit = getattr(items.model._meta.get_field(name), "max_length", None)
        if limit and len(value) > limit:
            raise ValueError(f"“{name}” takes {limit} characters, and this has {len(value)}.")
    # By keys: a selection may be ordered, joined or cut, which an UPDATE cannot be.
    found = items.model._default_manager.filter(pk__in=items.order_by().values("pk"))
    return found.update(**fields)
