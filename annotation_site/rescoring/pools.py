"""Which pairs a rescoring scores: drawn at random, all of some styles, or the whole matrix.

Shapes: N pairs; rows are places in the lists of paintings and clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Q, QuerySet
from numpy.typing import NDArray

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.selectors import clips_for_pairs, paintings_for_pairs
from annotation_site.rescoring.errors import RescoringError
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder.pairing import random_pairs

Rows = NDArray[np.int64]

MOST_PAIRS = 500_000
"""More than these are scored as a whole matrix, which takes two bytes a pair and no list of them."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs as rows of the two lists: pair i is `paintings[painting_N[i]]` with `clips[clip_N[i]]`."""

    paintings: Sequence[Painting]
    clips: Sequence[Clip]
    painting_N: Rows
    clip_N: Rows

    def __len__(self) -> int:
        return len(self.painting_N)


def paintings_of(campaign: Campaign) -> QuerySet[Painting]:
    """What the campaign could pair, in the order of the keys."""
    return paintings_for_pairs().filter(is_synthetic=campaign.is_synthetic).order_by("key")


def clips_of(campaign: Campaign) -> QuerySet[Clip]:
    return clips_for_pairs().filter(track__is_synthetic=campaign.is_synthetic).order_by("key")


def styles_of(campaign: Campaign) -> list[tuple[str, int]]:
    """(style, number of paintings) of the campaign's kind, the most frequent first; "" where none is stated."""
    counted = paintings_of(campaign).order_by().values_list("style").annotate(n=Count("pk"))
    return sorted(counted, key=lambda row: (-row[1], row[0]))


def random_pool(*, campaign: Campaign, size: int, seed: int) -> Candidates:
    """`size` random pairs that nobody has begun to rate: the campaign's own open ones first, then new combinations."""
    paintings, clips = list(paintings_of(campaign)), list(clips_of(campaign))
    begun, waiting = _standing_of_pairs(campaign, paintings, clips)
    chosen = sorted(waiting)[:size]
    known = begun | waiting
    room = min(size - len(chosen), len(paintings) * len(clips) - len(known))
    if room > 0:
        chosen += _fresh(paintings, clips, known, count=room, seed=seed)
    return _used(paintings, clips, chosen)


def style_pool(*, campaign: Campaign, styles: Sequence[str]) -> Candidates:
    """Every unrated pair of the paintings of some styles. Raises `RescoringError` where they are too many to list."""
    count = style_pool_size(campaign=campaign, styles=styles)
    if count > MOST_PAIRS:
        raise RescoringError(too_many(count))
    paintings, clips = list(paintings_of(campaign).filter(style__in=styles)), list(clips_of(campaign))
    begun, _ = _standing_of_pairs(campaign, paintings, clips)
    is_open = np.ones((len(paintings), len(clips)), dtype=bool)
    for row in begun:
        is_open[row] = False
    painting_N, clip_N = np.nonzero(is_open)
    return Candidates(paintings, clips, painting_N.astype(np.int64), clip_N.astype(np.int64))


def style_pool_size(*, campaign: Campaign, styles: Sequence[str]) -> int:
    """How many pairs `style_pool` would list, without listing them."""
    paintings, clips = paintings_of(campaign).filter(style__in=styles), clips_of(campaign)
    begun = Pair.objects.filter(campaign=campaign, painting__in=paintings, clip__in=clips).exclude(
        rating_count=0, closed_at=None
    )
    return paintings.count() * clips.count() - begun.count()


def too_many(count: int) -> str:
    return (
        f"That would be {count:,} pairs, and at most {MOST_PAIRS:,} can be listed: choose fewer styles, draw some at "
        "random, or score the whole matrix, which takes no list."
    )


def unrated_cells(*, campaign: Campaign, paintings: Sequence[str], clips: Sequence[str]) -> NDArray[np.bool_]:
    """(P, M): whether a pair of these keys may still be asked for.

    Both items may be paired, nobody has begun to rate it, and no earlier batch has asked for it.
    """
    usable_P = np.isin(paintings, list(paintings_of(campaign).values_list("key", flat=True)))
    usable_M = np.isin(clips, list(clips_of(campaign).values_list("key", flat=True)))
    is_open: NDArray[np.bool_] = np.logical_and.outer(usable_P, usable_M)
    row_p = {key: row for row, key in enumerate(paintings)}
    row_c = {key: row for row, key in enumerate(clips)}
    is_waiting = Q(rating_count=0, closed_at=None, origin=Pair.Origin.RANDOM)
    begun = Pair.objects.filter(campaign=campaign).exclude(is_waiting)
    for painting, clip in begun.values_list("painting__key", "clip__key").iterator():
        if painting in row_p and clip in row_c:
            is_open[row_p[painting], row_c[clip]] = False
    return is_open


def _standing_of_pairs(
    campaign: Campaign, paintings: Sequence[Painting], clips: Sequence[Clip]
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """The campaign's pairs among these items, as rows: begun or closed, and waiting for a first rating."""
    row_p = {painting.pk: row for row, painting in enumerate(paintings)}
    row_c = {clip.pk: row for row, clip in enumerate(clips)}
    begun: set[tuple[int, int]] = set()
    waiting: set[tuple[int, int]] = set()
    columns = ("painting", "clip", "rating_count", "closed_at")
    for painting, clip, count, closed_at in Pair.objects.filter(campaign=campaign).values_list(*columns).iterator():
        if painting in row_p and clip in row_c:
            is_begun = count or closed_at is not None
            (begun if is_begun else waiting).add((row_p[painting], row_c[clip]))
    return begun, waiting


def _fresh(
    paintings: Sequence[Painting], clips: Sequence[Clip], known: set[tuple[int, int]], *, count: int, seed: int
) -> list[tuple[int, int]]:
    row_p = {painting.key: row for row, painting in enumerate(paintings)}
    row_c = {clip.key: row for row, clip in enumerate(clips)}
    taken = {(paintings[p].key, clips[c].key) for p, c in known}
    drawn = random_pairs(list(row_p), list(row_c), count=count, seed=seed, exclude=taken)
    return [(row_p[pair.painting_id], row_c[pair.clip_id]) for pair in drawn]


def _used(paintings: Sequence[Painting], clips: Sequence[Clip], chosen: Sequence[tuple[int, int]]) -> Candidates:
    """Without the items that no pair has: their media need not be gathered."""
    rows_N2 = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    used_p, painting_N = np.unique(rows_N2[:, 0], return_inverse=True)
    used_c, clip_N = np.unique(rows_N2[:, 1], return_inverse=True)
    return Candidates([paintings[row] for row in used_p], [clips[row] for row in used_c], painting_N, clip_N)
