"""One query's comparisons in full: its scales with and without a prior, each tally, its cycles."""

from __future__ import annotations

from dataclasses import dataclass

from annotation_site.preferences.report.computing import QueryRow, scales_find
from annotation_site.preferences.report.loading import Loaded, ballots_load
from annotation_site.scoring.models import Campaign
from mpd_builder import records
from mpd_builder.preference_statistics import (
    PRIOR,
    Cycle,
    QueryTransitivity,
    Scale,
    bradley_terry,
    transitivity,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one candidate was preferred to another (`votes`) and the other to it (`against`), in one task.

    `is_decided`: there are enough votes, and no tie.
    """

    task: str
    votes: int
    against: int
    is_decided: bool


@dataclass(frozen=True, slots=True)
class QueryReport:
    """What was asked about one clip or painting, and answered.

    `likelihoods` has for each of `scales` the one of maximum likelihood, None where that is not finite. `unplaced` are
    candidates on no scale: fewer than three of them hang together by votes. `tallies` holds every comparison twice,
    by (pair, other pair). `pk_of` gives the id of a task by its key.
    """

    direction: records.Direction
    query_id: str
    n_votes: int
    scales: tuple[QueryRow, ...]
    likelihoods: tuple[Scale | None, ...]
    unplaced: tuple[str, ...]
    scores: dict[str, float]
    tallies: dict[tuple[str, str], Tally]
    transitivity: QueryTransitivity | None
    cycles: tuple[Cycle, ...]
    pk_of: dict[str, int]

    @property
    def n_tasks(self) -> int:
        return len(self.pk_of)

    def candidates(self) -> list[str]:
        """All candidates: scale by scale from the most to the least preferred, then those on no scale."""
        placed = [row.scale.items[place] for row in self.scales for place in row.by_ability()]
        return [*placed, *self.unplaced]


def query_report(*, campaign: Campaign, query: str) -> QueryReport | None:
    """Computed from the votes as they are now, by the functions of the whole report; None if nothing is asked."""
    loaded = ballots_load(campaign=campaign, query=query)
    if not loaded.given.tasks:
        return None
    needed = campaign.votes_per_task
    rows, _ = scales_find(loaded=loaded, prior=PRIOR)
    tallies = _tallies(loaded, needed)
    found = transitivity(loaded.given, votes_needed=needed)
    placed = {item for row in rows for item in row.scale.items}
    return QueryReport(
        direction=loaded.given.tasks[0].direction,
        query_id=query,
        n_votes=len(loaded.given.task_N),
        scales=tuple(rows),
        likelihoods=tuple(_likelihood(row.scale, tallies) for row in rows),
        unplaced=tuple(sorted({pair for pair, _ in tallies} - placed)),
        scores=loaded.scores,
        tallies=tallies,
        transitivity=next(iter(found.queries), None),
        cycles=found.cycles,
        pk_of=loaded.pk_of,
    )


def _tallies(loaded: Loaded, needed: int) -> dict[tuple[str, str], Tally]:
    given = loaded.given
    found: dict[tuple[str, str], Tally] = {}
    for task, a, b in zip(given.tasks, given.votes_a.tolist(), given.votes_b.tolist(), strict=True):
        is_decided = a != b and a + b >= needed
        found[task.pair_a, task.pair_b] = Tally(task.id, a, b, is_decided)
        found[task.pair_b, task.pair_a] = Tally(task.id, b, a, is_decided)
    return found


def _likelihood(scale: Scale, tallies: dict[tuple[str, str], Tally]) -> Scale | None:
    """The scale of maximum likelihood of the same items, where it is finite."""
    if not scale.is_bounded:
        return None
    items = set(scale.items)
    wins = {pairs: float(tally.votes) for pairs, tally in tallies.items() if items.issuperset(pairs)}
    [found] = bradley_terry(wins)
    return found
