"""Queries and candidates as the pages of the preference report show them: pictures, sound, places on a bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.playing import clip_player
from annotation_site.preferences.models import PreferenceTask
from annotation_site.preferences.report.computing import QueryRow
from annotation_site.preferences.report.query import QueryReport
from annotation_site.preferences.report.words import counted, ranks_words
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder import records
from mpd_builder.preference_statistics import Cycle, Scale

NORMAL_95 = 1.96
CANDIDATES_LISTED = 8
"""So many candidates of a query stand in the list of queries; its own page has all."""
CANDIDATES_CROSSED = 24
"""So many candidates fit into the matrix of comparisons."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A painting or a clip. `thumbnail` and `picture` are addresses, `player` plays a clip; all empty if deleted."""

    key: str
    name: str
    url: str
    is_painting: bool
    thumbnail: str = ""
    picture: str = ""
    player: SafeString | str = ""


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A candidate on its scale. `low`, `at` and `high` are places on a bar in percent; its middle is 0 log odds."""

    rank: int
    shown: Pictured
    ability: float
    error: float
    score: float | None
    low: float
    at: float
    high: float
    likelihood: float | None = None
    likelihood_error: float | None = None


@dataclass(frozen=True, slots=True)
class ScaleShown:
    """One scale. Of its candidates, `n_more` do not fit into `lines`."""

    row: QueryRow
    query: Pictured
    url: str
    lines: tuple[CandidateLine, ...]
    n_more: int
    ranks: str
    has_likelihood: bool = False

    @property
    def words(self) -> str:
        """What the scale rests on."""
        scale = self.row.scale
        return f"{counted(len(scale.items), 'candidate')}, {counted(int(scale.n_votes), 'vote')}"


@dataclass(frozen=True, slots=True)
class CycleShown:
    """A cycle: each candidate was preferred to the next and the last to the first, in the task that stands with it."""

    query: Pictured
    url: str
    steps: tuple[tuple[Pictured, str], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A comparison as the row's candidate sees it; `outcome` is won, lost or open."""

    votes: int
    against: int
    outcome: str
    url: str
    words: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    number: int
    shown: Pictured
    cells: tuple[Cell | None, ...]


Pairs = dict[str, Pair]


def pairs_shown(*, campaign: Campaign, keys: Iterable[str]) -> Pairs:
    """Pairs with their painting and clip, by key."""
    pairs = Pair.objects.filter(campaign=campaign, key__in=set(keys)).select_related("painting", "clip__track")
    return {pair.key: pair for pair in pairs}


def query_url(campaign: Campaign, query_id: str) -> str:
    return f"{reverse('admin:preferences_query')}?{urlencode({'campaign': campaign.slug, 'query': query_id})}"


def task_url(pk: int) -> str:
    return reverse("admin:preferences_preferencetask_change", args=[pk])


def query_of(pair: Pair, direction: records.Direction) -> Pictured:
    """What is asked about."""
    return _clip(pair.clip) if direction is records.Direction.MUSIC_TO_PAINTING else _painting(pair.painting)


def candidate_of(pair: Pair, direction: records.Direction) -> Pictured:
    """What is to be chosen."""
    return _painting(pair.painting) if direction is records.Direction.MUSIC_TO_PAINTING else _clip(pair.clip)


def _painting(painting: Painting) -> Pictured:
    is_there = painting.media_removed_at is None
    return Pictured(
        key=painting.key,
        name=str(painting),
        url=reverse("admin:corpus_painting_change", args=[painting.pk]),
        is_painting=True,
        thumbnail=painting.thumbnail.url if is_there else "",
        picture=painting.display.url if is_there else "",
    )


def _clip(clip: Clip) -> Pictured:
    is_there = clip.track.media_removed_at is None
    return Pictured(
        key=clip.key,
        name=str(clip),
        url=reverse("admin:corpus_track_change", args=[clip.track_id]),
        is_painting=False,
        player=clip_player(clip, label=str(clip)) if is_there else "",
    )


def listed_keys(row: QueryRow) -> list[str]:
    """The pairs of a scale that its entry in the list shows."""
    return [row.scale.items[place] for place in row.by_ability()[:CANDIDATES_LISTED]]


def scale_shown(
    row: QueryRow, *, campaign: Campaign, pairs: Pairs, most: int | None = None, likelihood: Scale | None = None
) -> ScaleShown:
    """A scale with its `most` preferred candidates (None: all), beside that of maximum likelihood if it is given."""
    scale = row.scale
    reach = max(abs(b) + NORMAL_95 * e for b, e in zip(scale.abilities, scale.errors, strict=True)) or 1.0

    def across(value: float) -> float:
        return round(50 + 48 * value / reach, 2)

    order = row.by_ability()
    lines = tuple(
        CandidateLine(
            rank=rank,
            shown=candidate_of(pairs[scale.items[place]], row.direction),
            ability=scale.abilities[place],
            error=scale.errors[place],
            score=row.scores[place],
            low=across(scale.abilities[place] - NORMAL_95 * scale.errors[place]),
            at=across(scale.abilities[place]),
            high=across(scale.abilities[place] + NORMAL_95 * scale.errors[place]),
            likelihood=likelihood.abilities[place] if likelihood else None,
            likelihood_error=likelihood.errors[place] if likelihood else None,
        )
        for rank, place in enumerate(order[:most], start=1)
    )
    return ScaleShown(
        row=row,
        query=query_of(pairs[scale.items[order[0]]], row.direction),
        url=query_url(campaign, row.query_id),
        lines=lines,
        n_more=len(order) - len(lines),
        ranks=ranks_words(row.ranks),
        has_likelihood=likelihood is not None,
    )


def cycles_shown(cycles: Sequence[Cycle], *, campaign: Campaign, pairs: Pairs) -> list[CycleShown]:
    keys = {task for cycle in cycles for task in cycle.tasks}
    pk_of = dict(PreferenceTask.objects.filter(campaign=campaign, key__in=keys).values_list("key", "pk"))
    return [
        CycleShown(
            query=query_of(pairs[cycle.pairs[0]], cycle.direction),
            url=query_url(campaign, cycle.query_id),
            steps=tuple(
                (candidate_of(pairs[pair], cycle.direction), task_url(pk_of[task]))
                for pair, task in zip(cycle.pairs, cycle.tasks, strict=True)
            ),
        )
        for cycle in cycles
    ]


def matrix_shown(report: QueryReport, *, pairs: Pairs) -> list[MatrixRow]:
    """Every comparison of the first candidates, each seen from both."""
    keys = report.candidates()[:CANDIDATES_CROSSED]
    candidates = {key: candidate_of(pairs[key], report.direction) for key in keys}
    names = {key: candidate.name for key, candidate in candidates.items()}
    return [
        MatrixRow(
            number=number,
            shown=candidates[key],
            cells=tuple(_cell(report, names, key, other) for other in keys),
        )
        for number, key in enumerate(keys, start=1)
    ]


def _cell(report: QueryReport, names: dict[str, str], key: str, other: str) -> Cell | None:
    tally = report.tallies.get((key, other))
    if tally is None:
        return None
    outcome = ("won" if tally.votes > tally.against else "lost") if tally.is_decided else "open"
    words = f"{names[key]} {tally.votes}, {names[other]} {tally.against}"
    return Cell(
        votes=tally.votes,
        against=tally.against,
        outcome=outcome,
        url=task_url(report.pk_of[tally.task]),
        words=words if tally.is_decided else f"{words}: not decided",
    )


def points_of(row: QueryRow) -> list[tuple[float, float]]:
    """(trimmed mean, ability) of each candidate of a scale that has a score."""
    return [(score, b) for score, b in zip(row.scores, row.scale.abilities, strict=True) if score is not None]


def points_within(rows: Iterable[QueryRow]) -> list[tuple[float, float]]:
    """The same of many scales, both less their mean on the scale: only what is comparable is compared."""
    found = []
    for row in rows:
        points = points_of(row)
        if len(points) >= 2:
            middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
            found += [(x - middle_x, y - middle_y) for x, y in points]
    return found
