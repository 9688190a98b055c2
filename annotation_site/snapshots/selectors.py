"""Reads of the snapshots room: a campaign's judgments as the builder's records, and what a snapshot's page shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from annotation_site.charts.drawings import Bins
from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.models import JobState
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.snapshots.models import Snapshot
from mpd_builder.snapshot.tables import SPLITS

CHUNK = 5_000


@contextmanager
def one_moment() -> Iterator[None]:
    """Whatever is read inside is read as of one moment, while raters go on rating. Nothing may be written inside.

    PostgreSQL: a read-only transaction on one snapshot of the data. SQLite: a transaction that takes no lock for
    writing, unlike all others here, and sees the write-ahead log as it was at its first read.
    """
    if connection.in_atomic_block:  # somebody else's moment
        yield
        return
    with _deferred(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _deferred() -> Iterator[None]:
    """On SQLite, transactions that begin inside do so without the lock for writing."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    sqlite: Any = connection  # this attribute is that of its wrapper alone
    mode = sqlite.transaction_mode
    sqlite.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        sqlite.transaction_mode = mode


def pairs_that_go(campaign: Campaign) -> QuerySet[Pair]:
    """The campaign's pairs without those of withdrawn items, unless it was decided that an item's pairs stay."""
    pairs = Pair.objects.filter(campaign=campaign)
    for item in ("painting", "clip__track"):
        pairs = pairs.filter(Q(**{f"{item}__withdrawn_at": None}) | Q(**{f"{item}__stays_in_snapshots": True}))
    return pairs


def paintings_of(campaign: Campaign) -> QuerySet[Painting]:
    return Painting.objects.filter(pk__in=Pair.objects.filter(campaign=campaign).values("painting"))


def clips_of(campaign: Campaign) -> QuerySet[Clip]:
    return Clip.objects.filter(pk__in=Pair.objects.filter(campaign=campaign).values("clip"))


def snapshot_facts(snapshot: Snapshot) -> dict[str, Any]:
    """What the page of a sealed snapshot shows; empty while there is nothing to show."""
    if snapshot.state != JobState.DONE:
        return {}
    facts = snapshot.facts
    counts = facts["score_histogram"]
    n_pairs = sum(facts["pairs"].values())
    restricted = facts.get("restricted", {})  # snapshots from before the rights have none of these
    return {
        "restricted": {items: sum(by_licence.values()) for items, by_licence in restricted.items()},
        "is_restricted": any(restricted.values()),
        "has_public_form": has_public_form(snapshot),
        "playback_lufs": facts.get("playback_lufs"),
        "n_pairs": n_pairs,
        "splits": [
            {"name": name, "pairs": facts["pairs"][name], "percent": 100 * facts["pairs"][name] / n_pairs}
            for name in SPLITS
        ],
        "preferences": [{"direction": name, **fact} for name, fact in sorted(facts["preferences"].items())],
        "n_preferences": sum(fact["kept"] for fact in facts["preferences"].values()),
        "n_tasks": sum(fact["tasks"] for fact in facts["preferences"].values()),
        "licences": [
            {
                "items": items,
                "licence": licence,
                "count": count,
                "restricted": restricted.get(items, {}).get(licence, 0),
            }
            for items, by_licence in sorted(facts["licences"].items())
            for licence, count in sorted(by_licence.items())
        ],
        "scores": Bins(tuple(edge / len(counts) for edge in range(len(counts) + 1)), tuple(counts)),
        "band": tuple(snapshot.recipe["band"]),
        "short_digest": snapshot.digest[:12],
        "is_synthetic": bool(facts["synthetic_paintings"] or facts["synthetic_tracks"] or facts["simulated_raters"]),
    }


def has_public_form(snapshot: Snapshot) -> bool:
    """Whether a sealed snapshot holds model inputs of items that may not be passed on."""
    return bool(snapshot.recipe["arrays"]) and any(snapshot.facts.get("restricted", {}).values())
