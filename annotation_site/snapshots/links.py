"""What the corpus room knows of likeness, as the links by which the builder keeps items on one side of a split.

A verdict "different" makes two works of two items. It parts their sides too, as long as nobody had rated any item that
hangs together with them: nothing of them can have been in a snapshot. Later it does not, so that no item goes back to
training from a side on which a snapshot has shown it (`docs/decisions/0018-sides-only-move-away-from-train.md`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min

from annotation_site.corpus.models import Likeness, PaintingLikeness, TrackLikeness
from annotation_site.scoring.models import Rating
from mpd_builder.splits import Links, works

CHUNK = 5_000
_PAIR_OF: dict[type[PaintingLikeness] | type[TrackLikeness], str] = {
    PaintingLikeness: "pair__painting",
    TrackLikeness: "pair__clip__track",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Two items by their keys, and what was said of them when; `decided_at` is None while the verdict is open."""

    first: str
    second: str
    verdict: str
    decided_at: datetime | None = None


def links_load() -> Links:
    """The links of the whole corpus: two items of a campaign may hang together through one that is not in it."""
    reports = [report for model in _PAIR_OF for report in _reports(model)]
    return links_of_reports(reports, rated_since=dict(_first_ratings()))


def links_of_reports(reports: Iterable[Report], *, rated_since: Mapping[str, datetime]) -> Links:
    """The links that reports make. `rated_since`: by item, when its first rating came; unrated items are not in it."""
    found = sorted(reports, key=lambda report: (report.first, report.second))
    group_of = works((report.first, report.second) for report in found)
    since: dict[str, datetime] = {}
    for item, moment in rated_since.items():
        group = group_of.get(item, item)
        since[group] = min(moment, since.get(group, moment))
    links: dict[str, list[tuple[str, str]]] = {"same": [], "alike": [], "kept": []}
    for report in found:
        link = report.first, report.second
        if report.verdict == Likeness.Verdict.SAME:
            links["same"].append(link)
        elif report.verdict == Likeness.Verdict.OPEN:
            links["alike"].append(link)
        elif _may_have_been_seen(report, since.get(group_of[report.first])):
            links["kept"].append(link)
    return Links(**{name: tuple(each) for name, each in links.items()})


def _may_have_been_seen(report: Report, since: datetime | None) -> bool:
    """Whether a snapshot can have kept the two together before the verdict."""
    return since is not None and (report.decided_at is None or since <= report.decided_at)


def _reports(model: type[PaintingLikeness] | type[TrackLikeness]) -> Iterator[Report]:
    rows: Any = model._default_manager
    for row in rows.values_list("first__key", "second__key", "verdict", "decided_at").iterator(CHUNK):
        yield Report(*row)


def _first_ratings() -> Iterator[tuple[str, datetime]]:
    """Of items that a report names: when they were first rated, whatever became of the rating."""
    for model, item in _PAIR_OF.items():
        rows: Any = model._default_manager
        for end in ("first", "second"):
            named = Rating.objects.filter(**{f"{item}__in": rows.values(end)})
            yield from named.values_list(f"{item}__key").annotate(since=Min("created_at")).iterator(CHUNK)
