"""Pairs to look at: those on which raters are furthest apart."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.safestring import SafeString

from annotation_site.corpus.playing import clip_player
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState

WORST = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating on the line from 0 to 1: `at` in percent of its length."""

    value: float
    at: float
    code: str
    rater: int


@dataclass(frozen=True, slots=True)
class WorstPair:
    """A pair with its ratings from the lowest to the highest, and its clip to hear (nothing once it is deleted)."""

    pair: Pair
    marks: tuple[Mark, ...]
    player: SafeString | str
    score_at: float


def marks_of(ratings: list[Rating]) -> tuple[Mark, ...]:
    rows = sorted(ratings, key=lambda rating: rating.value)
    return tuple(Mark(one.value, round(100 * one.value, 2), one.rater.code, one.rater_id) for one in rows)


def pairs_worst(*, campaign: Campaign, most: int = WORST) -> list[WorstPair]:
    """The complete pairs with the largest dispersions, the largest first; none where all ratings of all pairs agree."""
    counted = Rating.objects.filter(state=RatingState.COUNTED).select_related("rater")
    pairs = (
        Pair.objects.filter(campaign=campaign, dispersion__gt=0)
        .select_related("painting", "clip__track")
        .prefetch_related(Prefetch("ratings", counted))
        .order_by("-dispersion", "pk")
    )
    return [
        WorstPair(pair, marks_of(list(pair.ratings.all())), player_of(pair), round(100 * (pair.score or 0.0), 2))
        for pair in pairs[:most]
    ]


def player_of(pair: Pair) -> SafeString | str:
    """The pair's clip to press, or nothing where its files were deleted."""
    if pair.clip.track.media_removed_at is not None:
        return ""
    return clip_player(pair.clip, label=str(pair.clip))
