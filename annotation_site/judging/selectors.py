"""Reads of the judge page: own judgings, how good a version is, what of the corpus may be chosen."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Max, Min, Q, QuerySet

from annotation_site.accounts.models import User
from annotation_site.corpus.models import Painting, Track
from annotation_site.jobs.models import ENDED, JobState
from annotation_site.judging.models import Judging
from annotation_site.training.models import ModelVersion

MOST_FOUND = 12
PATIENCE = timedelta(seconds=30)
"""After so long without anybody at work on a judging a person wants to know."""
NOBODY = "Nobody has taken this up yet. The judge's worker may not be running: please tell whoever keeps this site."

Item = TypeVar("Item", Painting, Track)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure on test pairs with its interval."""

    name: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How good a version was on pairs that it had never seen: so many, its figures, and what it was compared with."""

    n_pairs: int
    what: str
    figures: tuple[Figure, ...]


WHAT = {
    "unseen-both": "new paintings with new music",
    "unseen-painting": "new paintings",
    "unseen-track": "new music",
    "pair": "new pairs of known paintings and music",
}
FIGURES = {"srcc": "Rank correlation with people (SRCC)", "mae": "Mean distance from people's score (MAE)"}


def judging_of(*, user: User | None, key: UUID) -> Judging | None:
    """Somebody's own judging; a guest's is for whoever has its key, which nobody can guess."""
    mine = Q(created_by=user) if user is not None else Q(pk=None)
    return Judging.objects.select_related("version").filter(mine | Q(created_by=None), key=key).first()


def n_before(judging: Judging) -> int:
    """How many others a worker takes first; 0 once this one is at work or over."""
    if judging.state != JobState.QUEUED:
        return 0
    return Judging.objects.filter(pk__lt=judging.pk).exclude(state__in=ENDED).count()


def words_of(judging: Judging, *, now: datetime) -> str:
    """What is being done with it, and how many come first; or that nobody is at work on any, where it looks so."""
    alone = judging.state == JobState.QUEUED and now - judging.created_at > PATIENCE
    if alone and not Judging.objects.filter(Q(state=JobState.RUNNING) | Q(heartbeat_at__gt=now - PATIENCE)).exists():
        return NOBODY
    before = n_before(judging)
    return f"{judging.words}, {before} before this one" if before else judging.words


def standing_of(version: ModelVersion) -> Standing | None:
    """The version's test figures under the regime that it was trained for; None where there are none."""
    report: dict[str, Any] = version.metrics
    regime = report.get("trained_under", "unseen-both")
    found = report.get("protocols", {}).get(regime)
    if not found:
        return None
    figures = [
        Figure(name, cell["value"], cell.get("low"), cell.get("high"))
        for field, name in FIGURES.items()
        if (cell := found.get(field) or {}).get("value") is not None
    ]
    return Standing(int(found["n"]), WHAT.get(regime, regime), tuple(figures))


def paintings_found(*, words: str, seed: int | None = None) -> list[Painting]:
    """Paintings whose title, artist, style or key holds all the words; with a seed, some at random."""
    return _found(Painting.objects.filter(media_removed_at=None), words, ("title", "artist", "style", "key"), seed)


def tracks_found(*, words: str, seed: int | None = None) -> list[Track]:
    """Tracks likewise, by title, artist, genre or key."""
    return _found(Track.objects.filter(media_removed_at=None), words, ("title", "artist", "genre", "key"), seed)


def chosen(items: QuerySet[Item], keys: Collection[str]) -> list[Item]:
    """The items of these keys whose files are there, in the order of the keys."""
    found = {item.key: item for item in items.filter(key__in=list(keys)[:100], media_removed_at=None)}
    return [found[key] for key in keys if key in found]


def _found(items: QuerySet[Item], words: str, columns: tuple[str, ...], seed: int | None) -> list[Item]:
    for word in words.split()[:8]:
        where = Q()
        for column in columns:
            where |= Q(**{f"{column}__icontains": word})
        items = items.filter(where)
    if seed is None:
        return list(items.order_by("title", "pk")[:MOST_FOUND])
    return _some(items, seed)


def _some(items: QuerySet[Item], seed: int) -> list[Item]:
    """A few at random: each is the next one after a random place among the rows' ids."""
    ends = items.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return []
    draws = random.Random(seed)  # noqa: S311 - nothing hangs on it
    found: dict[int, Item] = {}
    for _ in range(3 * MOST_FOUND):
        item = items.filter(pk__gte=draws.randint(ends["first"], ends["last"])).order_by("pk").first()
        if item is not None:
            found[item.pk] = item
        if len(found) == MOST_FOUND:
            break
    return list(found.values())
