"""The corpus in numbers: what its statistics page draws, after the paper's figures 2a and 3b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Q, QuerySet, Sum

from annotation_site.charts.drawings import Bins
from annotation_site.corpus.models import Clip, Painting, Track

MOST_BARS = 20
BINS = 24
NOT_STATED = "Not stated"


@dataclass(frozen=True, slots=True)
class Rights:
    """What may be published of one kind of items. `publish` have a stated licence too."""

    items: int
    publish: int
    unstated: int
    annotate_only: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many items have each value, the most frequent first; `n_others` items have one of `others` more values."""

    rows: list[tuple[str, int]]
    others: int = 0
    n_others: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """Withdrawn items are in none of it but `withdrawn`. Points are (valence, arousal) of tracks, 1 to 9."""

    paintings: int
    tracks: int
    clips: int
    silent_clips: int
    withdrawn: int
    hours: float
    synthetic: int
    styles: Counted
    genres: Counted
    collections: Counted
    painting_licences: Counted
    track_licences: Counted
    painting_rights: Rights
    track_rights: Rights
    moods: list[tuple[float, float]]
    loudness: Bins
    unmeasured: int
    durations: Bins
    long_sides: Bins

    @property
    def is_empty(self) -> bool:
        return not (self.paintings or self.tracks)


def corpus_statistics() -> Statistics:
    """Count it all, by a fixed number of queries over columns that are small."""
    paintings, tracks = Painting.objects.filter(withdrawn_at=None), Track.objects.filter(withdrawn_at=None)
    clips = Clip.objects.filter(track__withdrawn_at=None)
    sums = tracks.aggregate(
        n=Count("pk"), seconds=Sum("duration_s"), synthetic=Count("pk", filter=Q(is_synthetic=True))
    )
    of_clips = clips.aggregate(n=Count("pk"), silent=Count("pk", filter=Q(is_silent=True)))
    loudness = _numbers(clips.filter(loudness_lufs__isnull=False), "loudness_lufs")
    sizes = np.array(list(paintings.values_list("width", "height")), dtype=float).reshape(-1, 2)
    rights = {model: _rights(found) for model, found in ((Painting, paintings), (Track, tracks))}
    return Statistics(
        paintings=rights[Painting].items,
        tracks=sums["n"],
        clips=of_clips["n"],
        silent_clips=of_clips["silent"],
        withdrawn=sum(model._default_manager.exclude(withdrawn_at=None).count() for model in (Painting, Track)),
        hours=(sums["seconds"] or 0.0) / 3600,
        synthetic=paintings.filter(is_synthetic=True).count() + sums["synthetic"],
        styles=_counts(paintings, column="style"),
        genres=_counts(tracks, column="genre"),
        collections=_counts(paintings, tracks, column="collection"),
        painting_licences=_counts(paintings, column="licence"),
        track_licences=_counts(tracks, column="licence"),
        painting_rights=rights[Painting],
        track_rights=rights[Track],
        moods=[
            (valence, arousal)
            for valence, arousal in tracks.order_by("pk").values_list("valence", "arousal")
            if valence is not None and arousal is not None
        ],
        loudness=_bins(loudness, width=2.0),
        unmeasured=of_clips["n"]
        - of_clips["silent"]
        - clips.filter(is_silent=False, loudness_lufs__isnull=False).count(),
        durations=_bins(_numbers(tracks, "duration_s"), width=None),
        long_sides=_bins(sizes.max(axis=1), width=None) if len(sizes) else Bins((0.0, 1.0), (0,)),
    )


def _rights(items: QuerySet[Any]) -> Rights:
    found = items.aggregate(
        items=Count("pk"),
        publish=Count("pk", filter=Q(may_publish=True) & ~Q(licence="")),
        unstated=Count("pk", filter=Q(may_publish=True, licence="")),
        annotate_only=Count("pk", filter=Q(may_publish=False)),
    )
    return Rights(**found)


def _counts(*tables: QuerySet[Any], column: str) -> Counted:
    """The values of a column that all these tables have."""
    total: dict[str, int] = {}
    for items in tables:
        for value, n in items.order_by().values_list(column).annotate(n=Count("pk")):
            total[value or NOT_STATED] = total.get(value or NOT_STATED, 0) + n
    rows = sorted(total.items(), key=lambda row: (-row[1], row[0]))
    rest = rows[MOST_BARS:]
    return Counted(rows[:MOST_BARS], others=len(rest), n_others=sum(n for _, n in rest))


def _numbers(rows: QuerySet[Any], column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(list(rows.order_by().values_list(column, flat=True)), dtype=float)


def _bins(values: np.ndarray[Any, np.dtype[np.float64]], *, width: float | None) -> Bins:
    """Counts in equal bins, `width` wide or about `BINS` of them; what exceeds the 99th percentile is in the last."""
    if not len(values):
        return Bins((0.0, 1.0), (0,))
    low, high = float(values.min()), float(np.percentile(values, 99))
    step = width or _round_width(max(high - low, 1.0) / BINS)
    first, last = np.floor(low / step), max(np.ceil(high / step), np.floor(low / step) + 1)
    edges = [float(step * index) for index in range(int(first), int(last) + 1)]
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=np.array(edges))
    return Bins(tuple(edges), tuple(int(count) for count in counts))


def _round_width(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.9999))
