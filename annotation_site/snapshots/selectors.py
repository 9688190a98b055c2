"""Reads of the snapshots room: a campaign's judgments as the builder's records, and what a snapshot's page shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from annotation_site.accounts.models import Rater
from annotation_site.charts.drawings import Bins
from annotation_site.corpus.models import Clip, Painting, PaintingLikeness, Track, TrackLikeness
from annotation_site.jobs.models import JobState
from annotation_site.preferences.models import PreferenceTask, Vote, VoteState
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from annotation_site.snapshots.models import Snapshot
from mpd_builder import records
from mpd_builder.snapshot.tables import SPLITS

CHUNK = 5_000


@contextmanager
def one_moment() -> Iterator[None]:
    """Whatever is read inside is read as of one moment, while raters go on rating."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def judgments_of(*, campaign: Campaign) -> records.Judgments:
    """Everything of a campaign that counts: nothing superseded, surplus or withdrawn. Raters appear by their code."""
    with one_moment():
        return records.Judgments(
            paintings=tuple(_paintings(campaign)),
            tracks=tuple(_tracks(campaign)),
            clips=tuple(_clips(campaign)),
            pairs=tuple(_pairs(campaign)),
            ratings=tuple(_ratings(campaign)),
            tasks=tuple(_tasks(campaign)),
            votes=tuple(_votes(campaign)),
            simulated_raters=frozenset(Rater.objects.filter(is_simulated=True).values_list("code", flat=True)),
            same_works=tuple(_same_works()),
            playback_lufs=campaign.loudness_lufs,
        )


def pairs_that_go(campaign: Campaign) -> QuerySet[Pair]:
    """The campaign's pairs without those of withdrawn items, unless it was decided that an item's pairs stay."""
    pairs = Pair.objects.filter(campaign=campaign)
    for item in ("painting", "clip__track"):
        pairs = pairs.filter(Q(**{f"{item}__withdrawn_at": None}) | Q(**{f"{item}__stays_in_snapshots": True}))
    return pairs


def _tasks_that_go(campaign: Campaign) -> QuerySet[PreferenceTask]:
    pairs = pairs_that_go(campaign).values("pk")
    return PreferenceTask.objects.filter(campaign=campaign, pair_a__in=pairs, pair_b__in=pairs)


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


def _paintings(campaign: Campaign) -> Iterator[records.Painting]:
    for row in paintings_of(campaign).iterator(CHUNK):
        yield records.Painting(
            id=row.key,
            sha256=row.sha256,
            title=row.title,
            artist=row.artist,
            year=row.year,
            style=row.style,
            source=row.source,
            licence=row.licence,
            attribution=row.attribution,
            collection=row.collection,
            may_publish=row.may_publish,
            width=row.width,
            height=row.height,
            is_synthetic=row.is_synthetic,
        )


def _tracks(campaign: Campaign) -> Iterator[records.Track]:
    for row in Track.objects.filter(pk__in=clips_of(campaign).values("track")).iterator(CHUNK):
        yield records.Track(
            id=row.key,
            sha256=row.sha256,
            title=row.title,
            artist=row.artist,
            genre=row.genre,
            source=row.source,
            licence=row.licence,
            attribution=row.attribution,
            collection=row.collection,
            may_publish=row.may_publish,
            valence=row.valence,
            arousal=row.arousal,
            duration_s=row.duration_s,
            sample_rate=row.sample_rate,
            channels=row.channels,
            is_synthetic=row.is_synthetic,
        )


def _clips(campaign: Campaign) -> Iterator[records.Clip]:
    place = ("key", "track__key", "index", "start_frame", "stop_frame", "track__sample_rate")
    for row in clips_of(campaign).values_list(*place, "loudness_lufs", "true_peak_dbtp").iterator(CHUNK):
        yield records.Clip(*row)


def _same_works() -> Iterator[tuple[str, str]]:
    """Every verdict of the corpus: two items of a campaign may be the same work through one that is not in it."""
    for likeness in (PaintingLikeness, TrackLikeness):
        same = likeness.objects.filter(verdict=likeness.Verdict.SAME)
        yield from same.values_list("first__key", "second__key").iterator(CHUNK)


def _pairs(campaign: Campaign) -> Iterator[records.Pair]:
    columns = ("key", "painting__key", "clip__key")
    for row in pairs_that_go(campaign).values_list(*columns).iterator(CHUNK):
        yield records.Pair(*row)


def _ratings(campaign: Campaign) -> Iterator[records.Rating]:
    columns = ("pair__key", "rater__code", "value", "played_ms", "active_ms", "input_method", "protocol")
    counted = Rating.objects.filter(pair__in=pairs_that_go(campaign), state=RatingState.COUNTED)
    for row in counted.values_list(*columns).iterator(CHUNK):
        yield records.Rating(*row)


def _tasks(campaign: Campaign) -> Iterator[records.PreferenceTask]:
    columns = ("key", "direction", "pair_a__key", "pair_b__key", "pair_a__clip__key", "pair_a__painting__key")
    rows = _tasks_that_go(campaign).values_list(*columns)
    for key, direction, pair_a, pair_b, clip, painting in rows.iterator(CHUNK):
        asked = records.Direction(direction)
        query = clip if asked is records.Direction.MUSIC_TO_PAINTING else painting
        yield records.PreferenceTask(id=key, direction=asked, query_id=query, pair_a=pair_a, pair_b=pair_b)


def _votes(campaign: Campaign) -> Iterator[records.Vote]:
    counted = Vote.objects.filter(task__in=_tasks_that_go(campaign), state=VoteState.COUNTED)
    for key, rater, choice, left in counted.values_list("task__key", "rater__code", "choice", "left").iterator(CHUNK):
        yield records.Vote(task_id=key, rater_id=rater, choice=records.Choice(choice), left=records.Choice(left))
