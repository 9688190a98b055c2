"""A campaign's judgments as the builder reads them: streams from the database, by key, byte by byte.

Only what counts: nothing superseded, surplus or withdrawn. Raters appear by their code. Read inside
`selectors.one_moment`, so that all streams speak of the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Collate

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.corpus.models import Track
from annotation_site.preferences.models import PreferenceTask, Vote, VoteState
from annotation_site.scoring.models import Campaign, Rating, RatingState
from annotation_site.snapshots.evidence import evidence_columns
from annotation_site.snapshots.links import links_load
from annotation_site.snapshots.protocols import protocols
from annotation_site.snapshots.selectors import clips_of, one_moment, paintings_of, pairs_that_go
from mpd_builder import records

CHUNK = 1_000
"""Rows fetched at once: a rating's evidence takes some kilobytes while it is read."""


class CampaignSource:
    """A `mpd_builder.judgments.Source` over a campaign's rows."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign

    def catalogue(self) -> records.Catalogue:
        raters = Rater.objects.exclude(state=RaterState.WITHDRAWN)
        links = links_load()
        return records.Catalogue(
            paintings=tuple(_paintings(self.campaign)),
            tracks=tuple(_tracks(self.campaign)),
            clips=tuple(_clips(self.campaign)),
            simulated_raters=frozenset(raters.filter(is_simulated=True).values_list("code", flat=True)),
            same_works=links.same,
            alike=links.alike,
            kept_together=links.kept,
            playback_lufs=self.campaign.loudness_lufs,
            protocols=tuple(protocols()),
            backgrounds=tuple(
                records.Background(*row)
                for row in raters.order_by(bytewise("code")).values_list("code", "role", "discipline", "training_years")
            ),
        )

    def pairs(self) -> Iterator[records.Pair]:
        columns = ("key", "painting__key", "clip__key", "origin")
        rows = pairs_that_go(self.campaign).order_by(bytewise("key"))
        for row in rows.values_list(*columns).iterator(CHUNK):
            yield records.Pair(*row)

    def ratings(self) -> Iterator[records.Rating]:
        counted = Rating.objects.filter(pair__in=pairs_that_go(self.campaign), state=RatingState.COUNTED)
        rows = counted.order_by(bytewise("pair__key"), bytewise("rater__code")).values_list(
            *("pair__key", "rater__code", "value", "played_ms", "active_ms", "input_method", "protocol"),
            *("evidence", "supersedes", "created_at"),
        )
        for *judged, evidence, supersedes, created_at in rows.iterator(CHUNK):
            told = evidence_columns(evidence)
            told |= {"corrected": supersedes is not None, "rated_on": created_at.astimezone(UTC).date()}
            yield records.Rating(*judged, **told)

    def tasks(self) -> Iterator[records.PreferenceTask]:
        columns = ("key", "direction", "pair_a__key", "pair_b__key", "pair_a__clip__key", "pair_a__painting__key")
        rows = _tasks_that_go(self.campaign).order_by(bytewise("key")).values_list(*columns)
        for key, direction, pair_a, pair_b, clip, painting in rows.iterator(CHUNK):
            asked = records.Direction(direction)
            query = clip if asked is records.Direction.MUSIC_TO_PAINTING else painting
            yield records.PreferenceTask(id=key, direction=asked, query_id=query, pair_a=pair_a, pair_b=pair_b)

    def votes(self) -> Iterator[records.Vote]:
        counted = Vote.objects.filter(task__in=_tasks_that_go(self.campaign), state=VoteState.COUNTED)
        rows = counted.order_by(bytewise("task__key"), bytewise("rater__code")).values_list(
            "task__key", "rater__code", "choice", "left"
        )
        for task, rater, choice, left in rows.iterator(CHUNK):
            yield records.Vote(task_id=task, rater_id=rater, choice=records.Choice(choice), left=records.Choice(left))


def judgments_of(*, campaign: Campaign) -> records.Judgments:
    """Everything of a campaign that counts, as one value in memory: for small campaigns and tests."""
    with one_moment():
        source = CampaignSource(campaign)
        known = source.catalogue()
        return records.Judgments(
            **{name: getattr(known, name) for name in records.Catalogue.__dataclass_fields__},
            pairs=tuple(source.pairs()),
            ratings=tuple(source.ratings()),
            tasks=tuple(source.tasks()),
            votes=tuple(source.votes()),
        )


def bytewise(column: str) -> Collate:
    """The column's text compared byte by byte, whatever the database's own language."""
    return Collate(column, "C" if connection.vendor == "postgresql" else "BINARY")


def _tasks_that_go(campaign: Campaign) -> QuerySet[PreferenceTask]:
    pairs = pairs_that_go(campaign).values("pk")
    return PreferenceTask.objects.filter(campaign=campaign, pair_a__in=pairs, pair_b__in=pairs)


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
