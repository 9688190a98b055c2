"""How the preference report is told to people: shares, intervals and findings in words."""

from __future__ import annotations

from dataclasses import dataclass

from annotation_site.preferences.report.computing import Report
from mpd_builder.preference_statistics import (
    CYCLIC_BY_CHANCE,
    Agreement,
    QueryTransitivity,
    RankAgreement,
    Share,
    SideBias,
    Transitivity,
)
from mpd_builder.preferences import Supply

UNDEFINED = "undefined"
LEAD = "95 % interval "
SINGLY = 6
"""Queries that share up to so many pairs get a bar for each number of them; larger ones one for each doubling."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline: the number and, line by line, what it rests on."""

    label: str
    value: str
    details: tuple[str, ...]


def percent(value: float | None, *, digits: int = 1) -> str:
    return UNDEFINED if value is None else f"{100 * value:.{digits}f} %"


def number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def share_interval(share: Share, *, lead: str = LEAD) -> str:
    """Its 95 % interval, or why there is none."""
    if share.low is None or share.high is None:
        return "nothing to count yet"
    return f"{lead}{100 * share.low:.1f} to {100 * share.high:.1f} %"


def alpha_interval(found: Agreement, *, lead: str = LEAD) -> str:
    """The wider of the two 95 % intervals of alpha, or why there is none.

    Tasks of one query share candidates: an interval over queries is the honest one, unless chance made it the narrower.
    """
    tasks, queries = found.alpha, found.alpha_by_query
    if tasks.value is None:
        return "needs a task with two votes"
    if tasks.low is None or tasks.high is None or queries.low is None or queries.high is None:
        return "too few queries for an interval"
    wider, over = max((queries, "queries"), (tasks, "tasks"), key=lambda one: (one[0].high or 0) - (one[0].low or 0))
    return f"{lead}{wider.low:.3f} to {wider.high:.3f}, over {over}"


def side_words(found: SideBias) -> str:
    """Whether the left candidate is chosen more often than chance allows, as part of a sentence."""
    if found.left.value is None:
        return "no votes yet"
    if not found.is_flagged:
        return "within what chance allows"
    often = "more" if found.left.value > 0.5 else "less"
    return f"chooses left {often} often than chance allows: {percent(found.left.value, digits=0)} of {found.left.n:,}"


def everyone_words(found: SideBias) -> str:
    """The same of all votes together, as a sentence."""
    if found.left.value is None:
        return "There are no votes yet, so nothing is known of sides."
    told = f"{percent(found.left.value)} of {counted(found.left.n, 'vote')} ({share_interval(found.left)})"
    if not found.is_flagged:
        return f"All together chose the left candidate in {told}: within what chance allows."
    often = "more" if found.left.value > 0.5 else "less"
    return f"All together chose left {often} often than chance allows: in {told}."


def cycle_words(found: Transitivity) -> str:
    """How many cycles there are among how many triads, as a sentence."""
    if not found.n_triads:
        return "There is no triad yet: three candidates of a query, each two of which were compared and decided."
    are = "is a cycle" if found.n_cyclic == 1 else "are cycles"
    by_chance = percent(CYCLIC_BY_CHANCE, digits=0)
    return (
        f"Of {counted(found.n_triads, 'triad')}, {found.n_cyclic:,} {are} ({percent(found.share)}). "
        f"Tossing coins gives {by_chance}."
    )


def query_cycle_words(found: QueryTransitivity | None) -> str:
    """The same of one query."""
    if found is None:
        return "No three candidates of this query were all compared with each other and decided."
    are = "is a cycle" if found.n_cyclic == 1 else "are cycles"
    words = f"Of {counted(found.n_triads, 'triad')}, {found.n_cyclic:,} {are}."
    if found.consistence is None:
        return words
    return f"{words} Kendall's coefficient of consistence: {found.consistence:.2f}, where 1 is without a cycle."


def ranks_words(found: RankAgreement) -> str:
    """How abilities agree with scores, as a sentence."""
    if found.kendall is None or found.spearman is None:
        return (
            "Abilities and scores cannot be compared yet: that takes two candidates of one scale that differ in both."
        )
    return (
        f"Kendall's tau-b of abilities and trimmed means is {found.kendall:.2f}, Spearman's rho {found.spearman:.2f} "
        f"({counted(found.n, 'candidate')}, compared within their own scale only)."
    )


def size_rows(found: Supply) -> list[tuple[str, int]]:
    """(how many ambiguous pairs, how many queries share so many), for bars."""
    largest = max((size for size, _ in found.sizes), default=0)
    ends = [*range(1, min(SINGLY, largest) + 1)]
    while ends and ends[-1] < largest:
        ends.append(2 * ends[-1])
    rows = []
    for before, end in zip([0, *ends], ends, strict=False):
        queries = sum(n for size, n in found.sizes if before < size <= end)
        rows.append((counted(end, "pair") if end == before + 1 else f"{before + 1:,} to {end:,} pairs", queries))
    return rows


def figures(report: Report) -> list[Figure]:
    """The headlines of the page."""
    agreement, cycles, ranks = report.agreement, report.transitivity, report.ranks
    by_chance = percent(agreement.unanimous_by_chance)
    return [
        *(_direction_figure(report, place) for place in range(len(report.directions))),
        Figure("Votes", f"{report.n_votes:,}", (f"by {counted(len(report.raters), 'rater')}", _simulated(report))),
        Figure(
            "Unanimous",
            percent(agreement.unanimous.value),
            (
                f"of {counted(agreement.n_judged, 'task')} with {report.votes_needed} votes or more",
                share_interval(agreement.unanimous),
                f"tossing coins gives {by_chance}" if agreement.n_judged else "",
            ),
        ),
        Figure(
            "Krippendorff's alpha",
            number(agreement.alpha.value),
            (alpha_interval(agreement), "nominal; 0 is tossing coins, 1 is unanimous"),
        ),
        Figure(
            "Left chosen",
            percent(report.left.left.value),
            (share_interval(report.left.left), side_words(report.left).split(":", 1)[0]),
        ),
        Figure(
            "Cycles",
            percent(cycles.share),
            (
                f"{cycles.n_cyclic:,} of {counted(cycles.n_triads, 'triad')}",
                f"tossing coins gives {percent(CYCLIC_BY_CHANCE, digits=0)}",
            ),
        ),
        Figure(
            "Agreement with scores",
            number(ranks.kendall),
            (f"Kendall's tau-b of {counted(ranks.n, 'candidate')}", f"Spearman's rho {number(ranks.spearman)}"),
        ),
    ]


def _direction_figure(report: Report, place: int) -> Figure:
    progress = report.directions[place].progress
    return Figure(
        f"{report.directions[place].label}, kept",
        f"{progress.kept:,}",
        (
            f"of {counted(progress.tasks, 'task')}",
            f"{progress.open:,} open, {progress.undecided:,} undecided",
            f"{progress.closed:,} closed" if progress.closed else "",
        ),
    )


def _simulated(report: Report) -> str:
    if report.is_synthetic:
        return "all of them simulated"
    return f"{report.n_simulated:,} of them simulated" if report.n_simulated else ""
