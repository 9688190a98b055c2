"""Filters of the corpus lists: one value of a column out of those that occur, with how often; and a few yes or no."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from annotation_site.corpus.item_selectors import EMPTY_VALUE


class ValueFilter(DropdownFilter):
    """A searchable list of the values of one column. Values are read once a page, by one grouped query."""

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        values = model_admin.model._default_manager.order_by(self.column).values_list(self.column)
        counted = values.annotate(n=Count("pk"))
        return [(value or EMPTY_VALUE, f"{value or 'Not stated'} ({n:,})") for value, n in counted]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(**{self.column: "" if value == EMPTY_VALUE else value})


def value_filter(column: str, title: str = "") -> type[ValueFilter]:
    """A `ValueFilter` of a column, which may be one of a related table. Its parameter is the column's own name."""
    name = column.rsplit("__", 1)[-1]
    fields = {"column": column, "parameter_name": name, "title": title or name}
    return type(f"{name.title()}Filter", (ValueFilter,), fields)


class FlagFilter(DropdownFilter):
    """One of a few conditions: `flags` maps what stands in an address to its words and its condition."""

    flags: ClassVar[dict[str, tuple[str, Q]]]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(value, words) for value, (words, _) in self.flags.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.flags.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class PublishFilter(FlagFilter):
    title = "rights"
    parameter_name = "rights"
    flags = {
        "publish": ("May be published", Q(may_publish=True) & ~Q(licence="")),
        "unstated": ("No licence stated", Q(licence="")),
        "annotate": ("May be annotated only", Q(may_publish=False)),
    }


class KindFilter(FlagFilter):
    title = "kind"
    parameter_name = "kind"
    flags = {"real": ("Real", Q(is_synthetic=False)), "synthetic": ("Synthetic", Q(is_synthetic=True))}


class UseFilter(FlagFilter):
    title = "use"
    parameter_name = "use"
    flags = {
        "in": ("In use", Q(withdrawn_at=None)),
        "out": ("Withdrawn", Q(withdrawn_at__isnull=False)),
        "gone": ("Withdrawn, files deleted", Q(media_removed_at__isnull=False)),
    }


class ClipKindFilter(FlagFilter):
    title = "kind"
    parameter_name = "kind"
    flags = {"real": ("Real", Q(track__is_synthetic=False)), "synthetic": ("Synthetic", Q(track__is_synthetic=True))}


class SoundFilter(FlagFilter):
    title = "sound"
    parameter_name = "sound"
    flags = {"heard": ("With sound", Q(is_silent=False)), "silent": ("Silent", Q(is_silent=True))}
