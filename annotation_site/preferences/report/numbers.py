"""The preference report as plain values: what is downloaded, printed by the command and sent by the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from annotation_site.preferences.report.computing import DirectionReport, QueryRow, RaterRow, Report
from mpd_builder.preference_statistics import CYCLIC_BY_CHANCE, Agreement, SideBias, Transitivity
from mpd_builder.preferences import Supply


def report_as_dict(*, report: Report) -> dict[str, Any]:
    """The report for JSON. Shares come with their intervals; what is undefined is null."""
    return {
        "campaign": report.campaign,
        "computed_at": report.computed_at.isoformat(),
        "votes_needed": report.votes_needed,
        "tasks": report.n_tasks,
        "votes": report.n_votes,
        "simulated_votes": report.n_simulated,
        "agreement": _agreement(report.agreement),
        "left": _left(report.left),
        "directions": [_direction(row) for row in report.directions],
        "pairs_set_aside": report.n_set_aside,
        "raters": [_rater(row) for row in report.raters],
        "transitivity": _transitivity(report.transitivity),
        "scales": {
            "prior": report.prior,
            "candidates": report.ranks.n,
            "spearman": report.ranks.spearman,
            "kendall": report.ranks.kendall,
            "queries": [query_as_dict(row) for row in report.queries],
        },
    }


def query_as_dict(row: QueryRow) -> dict[str, Any]:
    """One scale, its candidates from the most to the least preferred."""
    scale = row.scale
    return {
        "direction": row.direction.value,
        "query": row.query_id,
        "part": row.part,
        "votes": scale.n_votes,
        "deviance": scale.deviance,
        "degrees": scale.degrees,
        "maximum_likelihood_is_finite": scale.is_bounded,
        "spearman": row.ranks.spearman,
        "kendall": row.ranks.kendall,
        "candidates": [
            {
                "pair": scale.items[place],
                "ability": scale.abilities[place],
                "error": scale.errors[place],
                "score": row.scores[place],
            }
            for place in row.by_ability()
        ],
    }


def _agreement(found: Agreement) -> dict[str, Any]:
    return {
        "judged": found.n_judged,
        "kept": asdict(found.kept),
        "unanimous": asdict(found.unanimous),
        "unanimous_by_chance": found.unanimous_by_chance,
        "alpha_over_tasks": asdict(found.alpha),
        "alpha_over_queries": asdict(found.alpha_by_query),
    }


def _left(found: SideBias) -> dict[str, Any]:
    return {
        **asdict(found.left),
        "p_value": found.p_value,
        "p_adjusted": found.p_adjusted,
        "is_flagged": found.is_flagged,
    }


def _direction(row: DirectionReport) -> dict[str, Any]:
    progress = row.progress
    return {
        "direction": progress.direction.value,
        "tasks": progress.tasks,
        "open": progress.open,
        "kept": progress.kept,
        "undecided": progress.undecided,
        "closed": progress.closed,
        "votes": progress.votes,
        "agreement": _agreement(row.agreement),
        "left": _left(row.left),
        "construction": _supply(row.supply),
    }


def _supply(found: Supply) -> dict[str, Any]:
    return {
        "ambiguous_pairs": found.n_pairs,
        "queries": found.n_queries,
        "queries_with_one_pair": found.n_single,
        "queries_by_pairs": [{"pairs": size, "queries": queries} for size, queries in found.sizes],
        "possible": found.possible,
        "existing": found.existing,
        "left": found.left,
        "outside": found.outside,
        "words": found.words,
    }


def _rater(row: RaterRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "simulated": row.is_simulated,
        "votes": row.votes,
        "agreement": asdict(row.agreement),
        "left": _left(row.left),
    }


def _transitivity(found: Transitivity) -> dict[str, Any]:
    return {
        "triads": found.n_triads,
        "cyclic": found.n_cyclic,
        "share": found.share,
        "by_chance": CYCLIC_BY_CHANCE,
        "queries": [{**asdict(row), "direction": row.direction.value} for row in found.queries],
        "cycles": [
            {
                "direction": cycle.direction.value,
                "query": cycle.query_id,
                "pairs": list(cycle.pairs),
                "tasks": list(cycle.tasks),
            }
            for cycle in found.cycles
        ],
        "cycles_not_listed": found.n_cyclic - len(found.cycles),
    }
