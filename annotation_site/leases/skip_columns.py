"""What raters skipped, in the admin panel's lists: how often, why, and their own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from annotation_site.leases.skips import FORMER, SkipReason, reason_words

ANY = "any"


class Skip(Protocol):
    """A row of `bars`."""

    reason: str
    note: str
    rater: Any


class SkippedFilter(admin.SimpleListFilter):
    """Of a list of subjects (pairs, tasks) those that somebody skipped, or skipped for one reason."""

    title = "skipped"
    parameter_name = "skipped"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(ANY, "For any reason"), *((value, str(words)) for value, words in SkipReason.choices), *FORMER.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        reason = self.value()
        if not reason:
            return queryset
        skipped = queryset.model._default_manager.filter(bars__isnull=False)
        if reason != ANY:
            skipped = skipped.filter(bars__reason=reason)
        return queryset.filter(pk__in=skipped.values("pk"))


def with_skips(subjects: QuerySet[Any]) -> QuerySet[Any]:
    """The subjects with `n_skips`, and with their `bars` fetched ahead."""
    relation: Any = subjects.model._meta.get_field("bars")
    bars = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")}).order_by()
    counted = bars.values(relation.field.name).annotate(n=Count("pk")).values("n")
    return subjects.annotate(n_skips=Coalesce(Subquery(counted), 0)).prefetch_related("bars__rater")


def skips_in_short(bars: Iterable[Skip]) -> str:
    """As "2 x The music does not play as it should", the commonest reason first; nothing for no skip."""
    reasons = Counter(reason_words(bar.reason) for bar in bars)
    return ", ".join(f"{count} \N{MULTIPLICATION SIGN} {words}" for words, count in reasons.most_common())


def skips_in_full(bars: Iterable[Skip]) -> SafeString | str:
    """One line a skip: who, why, and what they wrote."""
    lines = ((bar.rater, reason_words(bar.reason), f": {bar.note}" if bar.note else "") for bar in bars)
    return format_html_join("\n", "<p>{} · {}{}</p>", lines) or "Nobody skipped it."
