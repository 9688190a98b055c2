"""What the page of one painting or track shows beside its own row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from annotation_site.corpus.models import Likeness, Origin, Painting, PaintingLikeness, Track, TrackLikeness
from annotation_site.corpus.standing import pairs_of
from annotation_site.scoring.models import Pair

PAIRS_PER_PAGE = 12
EMPTY_VALUE = "—"
"""Stands for an empty text in the address of a filtered list."""


def origins_of(item: Painting | Track) -> QuerySet[Any]:
    """Every place that the item's bytes were found in, the first one first."""
    return item.origins.select_related("job").order_by("created_at", "pk")


def pairs_page(item: Painting | Track, number: str | None) -> Page[Pair]:
    """One page of the item's pairs, those with most ratings first; a number that is none gives the nearest page."""
    pairs = pairs_of(item=item).select_related("campaign", "painting", "clip__track")
    if isinstance(item, Track):
        pairs = pairs.defer("clip__peaks")
    return Paginator(pairs.order_by("-rating_count", "-pk"), PAIRS_PER_PAGE).get_page(number)


@dataclass(frozen=True, slots=True)
class LookAlike:
    """One item that is like another, seen from that one."""

    item: Painting | Track
    likeness: PaintingLikeness | TrackLikeness


def lookalikes_of(item: Painting | Track) -> list[LookAlike]:
    """What was reported as alike, the most similar first, whatever was decided."""
    rows: QuerySet[Any] = PaintingLikeness.objects.all() if isinstance(item, Painting) else TrackLikeness.objects.all()
    found = rows.filter(Q(first=item) | Q(second=item)).select_related("first", "second", "decided_by")
    return [
        LookAlike(one.second if one.first_id == item.pk else one.first, one)
        for one in found.order_by("-similarity", "pk")
    ]


def origin_facts(origin: Origin) -> list[tuple[str, str]]:
    """What a place's metadata said, as pairs of name and text; nothing for what was said nowhere."""
    return [
        (name.replace("_", " "), str(value)) for name, value in origin.details.items() if value not in ("", None, {})
    ]


class LikenessKind(StrEnum):
    PAINTINGS = "paintings"
    TRACKS = "tracks"

    @property
    def model(self) -> type[PaintingLikeness] | type[TrackLikeness]:
        return PaintingLikeness if self is LikenessKind.PAINTINGS else TrackLikeness


def likeness_counts() -> dict[LikenessKind, tuple[int, int]]:
    """How many reports of each kind wait to be decided, and how many there are."""
    is_open = Q(verdict=Likeness.Verdict.OPEN) & _BOTH_IN_USE
    counts = {}
    for kind in LikenessKind:
        found = kind.model._default_manager.aggregate(open=Count("pk", filter=is_open), all=Count("pk"))
        counts[kind] = (found["open"], found["all"])
    return counts


def likeness_next(*, kind: LikenessKind, pk: int | None) -> PaintingLikeness | TrackLikeness | None:
    """The report with this key; without one the most similar that waits. Of withdrawn items none waits."""
    rows: QuerySet[Any] = kind.model._default_manager.select_related("first", "second", "decided_by")
    if pk is not None:
        found: PaintingLikeness | TrackLikeness | None = rows.filter(pk=pk).first()
    else:
        found = rows.filter(_BOTH_IN_USE, verdict=Likeness.Verdict.OPEN).order_by("-similarity", "pk").first()
    return found


def likenesses_decided(*, kind: LikenessKind) -> QuerySet[Any]:
    """What was decided, the latest first."""
    rows: QuerySet[Any] = kind.model._default_manager.select_related("first", "second", "decided_by")
    return rows.exclude(verdict=Likeness.Verdict.OPEN).order_by("-decided_at", "-pk")


_BOTH_IN_USE = Q(first__withdrawn_at=None, second__withdrawn_at=None)
