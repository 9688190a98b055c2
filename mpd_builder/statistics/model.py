"""Scores by a model of the raters: each has a bias and an inconsistency, and who is consistent counts for more.

A rating of unit u by rater r is taken as quality_u + bias_r + inconsistency_r * noise, with normal noise, and all three
are estimated by maximum likelihood (Li, Bampis, Krasula, Janowski and Katsavounidis, A Simple Model for Subject
Behavior in Subjective Experiments, 2020; ITU-T P.910 Annex E and P.913). Given the other two, each of the three has a
closed form, and walking round them (their "alternating projection") ends where all three agree:

    quality_u = mean of (rating - bias) of its raters, weighted by 1 / inconsistency^2
    bias_r = mean of (rating - quality) of their units,   inconsistency_r^2 = variance of what is left

That is the likelihood as the Recommendations have it (`restricted=False`). It is made for panels in which everybody
rates everything. With five of thirty-five raters a unit it fails: each quality leans towards the ratings that it is
made of, so that inconsistencies come out too small, most for the most consistent rater, who then weighs more, and leans
more, until their word is law: the likelihood has no upper bound there. So the default counts, for each rating, only
what it is free to vary, which is all of it but its own weight in its unit's quality:

    inconsistency_r^2 = sum of squares of what is left / sum of (1 - weight in the quality)

This is the restricted likelihood's estimate, to which a weight of its own never adds: planted inconsistencies come back
from sparse ratings, and with many ratings a unit both are the same. In either case no inconsistency may fall below a
tenth of the common one. Biases are only known up to a constant that the qualities take: they have a mean of zero, over
the raters of each component, where the raters fall apart into groups without a unit in common.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mpd_builder.codes import Flags, Floats, Ints, totals
from mpd_builder.statistics.grouped import means
from mpd_builder.statistics.ratings import RatingTable

TOLERANCE = 1e-9
MOST_ROUNDS = 1000
LEAST_COMPARED = 5
"""A rater with fewer compared ratings has the common inconsistency: their own cannot be told from chance."""
FLOOR = 0.1
"""No inconsistency is taken for less than this share of the common one."""


# Shapes: N ratings, C those of units with at least two, U units, R raters.
@dataclass(frozen=True, slots=True, eq=False)
class RaterModel:
    """The model's estimates.

    `qualities` (U,) and their standard errors `errors` (U,), NaN for units without a rating; `biases` and
    `inconsistencies` (R,), NaN for raters whom nothing can be compared with. `components` counts groups of raters
    without a unit in common: between them biases cannot be compared.
    """

    qualities: Floats
    errors: Floats
    biases: Floats
    inconsistencies: Floats
    components: int
    rounds: int
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """The comparable ratings (C,), and how many each rater has (R,)."""

    unit_C: Ints
    rater_C: Ints
    value_C: Floats
    n_units: int
    n_R: Ints
    floor: float
    restricted: bool


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Where the walk is: qualities (U,), biases (R,) and variances (R,)."""

    quality_U: Floats
    bias_R: Floats
    variance_R: Floats


def rater_model(
    table: RatingTable,
    *,
    restricted: bool = True,
    tolerance: float = TOLERANCE,
    most_rounds: int = MOST_ROUNDS,
    floor: float = FLOOR,
) -> RaterModel:
    """Fit the model. The walk ends when no quality moves by more than `tolerance` times the spread of the ratings.

    `restricted` and `floor` (a share of the common inconsistency, above 0) are said above.
    """
    is_compared_N = (np.bincount(table.unit_N, minlength=table.n_units) > 1)[table.unit_N]
    rater_C = table.rater_N[is_compared_N]
    data = _Data(
        table.unit_N[is_compared_N],
        rater_C,
        table.value_N[is_compared_N],
        table.n_units,
        np.bincount(rater_C, minlength=table.n_raters),
        floor,
        restricted,
    )
    least = tolerance * float(table.value_N.std()) if len(table) else 0.0
    state, rounds, converged = _walk(data, least, most_rounds)
    state, n_components = _centred(data, state)
    quality_U, error_U = _scores(table, is_compared_N, data, state)
    is_known_R = data.n_R > 0
    return RaterModel(
        qualities=quality_U,
        errors=error_U,
        biases=np.where(is_known_R, state.bias_R, np.nan),
        inconsistencies=np.where(is_known_R, np.sqrt(state.variance_R), np.nan),
        components=n_components,
        rounds=rounds,
        converged=converged,
    )


def quality_of(
    values: Sequence[float], *, biases: Sequence[float], inconsistencies: Sequence[float]
) -> tuple[float, float]:
    """One unit's quality and its standard error by a fitted model: the ratings, and its raters' figures, in one order.

    What `rater_model` has for a unit of at least two ratings. Raises ValueError for none, or for unequal lengths.
    """
    if not values:
        raise ValueError("a unit without a rating has no quality")
    rows = list(zip(values, biases, inconsistencies, strict=True))
    weight_M = _weights(np.array([inconsistency**2 for _, _, inconsistency in rows]))
    freed_M = np.array([value - bias for value, bias, _ in rows])
    nobody_errs = not any(inconsistency for _, _, inconsistency in rows)
    total = float(weight_M.sum())
    return float((weight_M * freed_M).sum()) / total, 0.0 if nobody_errs else 1.0 / math.sqrt(total)


def _walk(data: _Data, least: float, most_rounds: int) -> tuple[_State, int, bool]:
    state = _after(data, means(data.unit_C, data.value_C, data.n_units)[1], np.ones(len(data.n_R)))
    for rounds in range(1, most_rounds + 1):
        quality_U = _qualities(data, state)
        moved = float(np.abs(quality_U - state.quality_U).max(initial=0.0))
        state = _after(data, quality_U, state.variance_R)
        if moved <= least:
            return state, rounds, True
    return state, most_rounds, False


def _qualities(data: _Data, state: _State) -> Floats:
    weight_C = _weights(state.variance_R)[data.rater_C]
    sum_U = totals(data.unit_C, weight_C * (data.value_C - state.bias_R[data.rater_C]), data.n_units)
    weight_U = totals(data.unit_C, weight_C, data.n_units)
    return sum_U / np.where(weight_U > 0.0, weight_U, 1.0)


def _after(data: _Data, quality_U: Floats, variance_R: Floats) -> _State:
    """Biases and variances that follow from the qualities, which were made with weights by `variance_R`."""
    above_C = data.value_C - quality_U[data.unit_C]
    bias_R = means(data.rater_C, above_C, len(data.n_R))[1]
    left_C = above_C - bias_R[data.rater_C]
    square_R = totals(data.rater_C, left_C * left_C, len(data.n_R))
    free_R = _freedom(data, variance_R) if data.restricted else data.n_R.astype(np.float64)
    common = float(square_R.sum()) / max(float(free_R.sum()), 1.0)
    return _State(quality_U, bias_R, _floored(data, square_R / np.maximum(free_R, 1.0), common))


def _freedom(data: _Data, variance_R: Floats) -> Floats:
    """How many of each rater's ratings are free to vary, (R,): all but their weights in the qualities, and the bias.

    For equal raters who all rated everything it makes (U - 1) (R - 1) in all, as in a two-way analysis of variance.
    """
    weight_C = _weights(variance_R)[data.rater_C]
    share_C = weight_C / totals(data.unit_C, weight_C, data.n_units)[data.unit_C]
    n_known = max(int(np.count_nonzero(data.n_R)), 1)
    return totals(data.rater_C, 1.0 - share_C, len(data.n_R)) - (data.n_R > 0) * (1.0 - 1.0 / n_known)


def _floored(data: _Data, variance_R: Floats, common: float) -> Floats:
    own_R = np.where(data.n_R >= LEAST_COMPARED, variance_R, common)
    return np.maximum(own_R, data.floor * data.floor * common)


def _weights(variance_R: Floats) -> Floats:
    """1 / variance; all alike where nobody errs at all."""
    return 1.0 / np.where(variance_R > 0.0, variance_R, 1.0)


def _scores(table: RatingTable, is_compared_N: Flags, data: _Data, state: _State) -> tuple[Floats, Floats]:
    """Qualities and their errors (U,): a unit with a single rating has that rating less its rater's bias."""
    precision_U = totals(data.unit_C, _weights(state.variance_R)[data.rater_C], data.n_units)
    is_modelled_U = precision_U > 0.0
    quality_U = np.where(is_modelled_U, state.quality_U, np.nan)
    error_U = np.where(is_modelled_U, 1.0 / np.sqrt(np.where(is_modelled_U, precision_U, 1.0)), np.nan)
    error_U *= bool(state.variance_R.any())  # nobody errs at all
    unit_S, rater_S = table.unit_N[~is_compared_N], table.rater_N[~is_compared_N]
    quality_U[unit_S] = table.value_N[~is_compared_N] - state.bias_R[rater_S]
    error_U[unit_S] = np.where(data.n_R[rater_S] > 0, np.sqrt(state.variance_R[rater_S]), np.nan)
    return quality_U, error_U


def _centred(data: _Data, state: _State) -> tuple[_State, int]:
    """The same model with a mean bias of zero in each component, and how many components there are."""
    component_R = _components(data)
    known = np.flatnonzero(data.n_R)
    if not len(known):
        return state, 0
    mean_K = means(component_R[known], state.bias_R[known], len(data.n_R))[1]
    shift_R = np.where(data.n_R > 0, mean_K[component_R], 0.0)
    shift_U = np.zeros(data.n_units)
    shift_U[data.unit_C] = shift_R[data.rater_C]
    centred = replace(state, quality_U=state.quality_U + shift_U, bias_R=state.bias_R - shift_R)
    return centred, len(np.unique(component_R[known]))


def _components(data: _Data) -> Ints:
    """The component of each rater (R,), named by one of its raters: who shares a unit with whom, however indirectly."""
    n_raters = len(data.n_R)
    order = np.argsort(data.unit_C, kind="stable")
    unit_C, rater_C = data.unit_C[order], data.rater_C[order]
    is_linked = unit_C[1:] == unit_C[:-1]
    links = np.unique(rater_C[:-1][is_linked] * n_raters + rater_C[1:][is_linked])
    parent = list(range(n_raters))

    def root(rater: int) -> int:
        while parent[rater] != rater:
            parent[rater] = parent[parent[rater]]
            rater = parent[rater]
        return rater

    for link in links.tolist():
        first, second = divmod(link, n_raters)
        parent[root(first)] = root(second)
    return np.array([root(rater) for rater in range(n_raters)], dtype=np.int64)
