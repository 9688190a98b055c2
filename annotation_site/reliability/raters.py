"""Reads about one rater in one campaign, beyond what the report has."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from annotation_site.accounts.models import Rater
from annotation_site.reliability.loading import table_load
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from mpd_builder.statistics.peers import compared

EXTREMES = 5


@dataclass(frozen=True, slots=True)
class Again:
    """A pair that came back: the first mark, and the one that the rater gave when they were asked again."""

    pair: Pair
    first: float
    second: float

    @property
    def moved(self) -> float:
        return self.second - self.first


def own_against_others(*, campaign: Campaign, rater: Rater) -> list[tuple[float, float]]:
    """(mean of the others' marks, own mark) of each of the rater's pairs that somebody else rated too."""
    own = Rating.objects.filter(rater=rater, pair__campaign=campaign, state=RatingState.COUNTED).order_by()
    table = table_load(campaign=campaign, only=Q(pair__in=own.values("pair")))
    peers = compared(table.unit_N, table.rater_N, table.value_N)
    is_own = table.raters_R[peers.rater] == rater.pk
    return list(zip(peers.others[is_own].tolist(), peers.mine[is_own].tolist(), strict=True))


def extremes(*, campaign: Campaign, rater: Rater) -> tuple[list[Rating], list[Rating]]:
    """Their fastest ratings and their slowest ones, by active time; none of a rater whose time nobody measured."""
    timed = _of(campaign, rater).filter(state=RatingState.COUNTED, active_ms__gt=0)
    return list(timed.order_by("active_ms", "pk")[:EXTREMES]), list(timed.order_by("-active_ms", "pk")[:EXTREMES])


def repeats_of(*, campaign: Campaign, rater: Rater) -> list[Again]:
    """Their hidden repeats in the order of giving."""
    answers = _of(campaign, rater).filter(state=RatingState.REPEAT).select_related("repeat__first").order_by("pk")
    return [Again(one.pair, one.repeat.first.value, one.value) for one in answers if one.repeat is not None]


def _of(campaign: Campaign, rater: Rater) -> QuerySet[Rating]:
    mine = Rating.objects.filter(rater=rater, pair__campaign=campaign)
    return mine.select_related("pair__painting", "pair__clip__track")
