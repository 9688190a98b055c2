"""Scores by a model of the raters: each has a bias and an inconsistency, and who is consistent counts for more.

A rating of unit u by rater r is taken as quality_u + bias_r + inconsistency_r * noise, with normal noise, and all three
are estimated by maximum likelihood (Li, Bampis, Krasula, Janowski and Katsavounidis, A Simple Model for Subject
Behavior in Subjective Experiments, 2020; ITU-T P.910 Annex E and P.913). Given the other two, each of the three has a
closed form, and walking round them (their "alternating projection") ends where all three agree:

    quality_u = mean of (rating - bias) of its raters, weighted by 1 / inconsistency^2
    bias_r = mean of (rating - quality) of their units,   inconsistency_r^2 = variance of what is left

The likelihood has no upper bound: a rater whose every unit is scored by their own rating alone has no error left. With
few ratings a unit the walk could run there, so that no inconsistency may fall below a tenth of the common one, which
no person reaches. Biases are only known up to a constant that the qualities take: they have a mean of zero, over the
raters of each component, where the raters fall apart into groups without a unit in common.

With few ratings a unit the estimates of inconsistency are too small, since each quality leans towards the ratings it
is made of (by sqrt(4 / 5) for five equal raters): `inconsistencies` has that taken out, `likeliest` not.
"""

from __future__ import annotations

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

    `qualities` (U,) and their standard errors `errors` (U,), NaN for units without a rating; `biases` (R,), and the
    inconsistencies (R,) with the lean of few ratings taken out and as the likelihood has them, NaN for raters whom
    nothing can be compared with. `components` counts groups of raters without a unit in common: between them biases
    cannot be compared.
    """

    qualities: Floats
    errors: Floats
    biases: Floats
    inconsistencies: Floats
    likeliest: Floats
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


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Where the walk is: qualities (U,), biases (R,), variances (R,) and what is left of each rating (C,)."""

    quality_U: Floats
    bias_R: Floats
    variance_R: Floats
    left_C: Floats


def rater_model(
    table: RatingTable, *, tolerance: float = TOLERANCE, most_rounds: int = MOST_ROUNDS, floor: float = FLOOR
) -> RaterModel:
    """Fit the model. The walk ends when no quality moves by more than `tolerance` times the spread of the ratings."""
    is_compared_N = (np.bincount(table.unit_N, minlength=table.n_units) > 1)[table.unit_N]
    rater_C = table.rater_N[is_compared_N]
    data = _Data(
        table.unit_N[is_compared_N],
        rater_C,
        table.value_N[is_compared_N],
        table.n_units,
        np.bincount(rater_C, minlength=table.n_raters),
        floor,
    )
    least = tolerance * float(table.value_N.std()) if len(table) else 0.0
    state, rounds, converged = _walk(data, least, most_rounds)
    state, n_components = _centred(data, state)
    variance_R = _corrected(data, state)
    quality_U, error_U = _scores(table, is_compared_N, data, state, variance_R)
    is_known_R = data.n_R > 0
    return RaterModel(
        qualities=quality_U,
        errors=error_U,
        biases=np.where(is_known_R, state.bias_R, np.nan),
        inconsistencies=np.where(is_known_R, np.sqrt(variance_R), np.nan),
        likeliest=np.where(is_known_R, np.sqrt(state.variance_R), np.nan),
        components=n_components,
        rounds=rounds,
        converged=converged,
    )


def _walk(data: _Data, least: float, most_rounds: int) -> tuple[_State, int, bool]:
    quality_U = means(data.unit_C, data.value_C, data.n_units)[1]
    state = _after(data, quality_U)
    for rounds in range(1, most_rounds + 1):
        quality_U = _qualities(data, state)
        moved = float(np.abs(quality_U - state.quality_U).max(initial=0.0))
        state = _after(data, quality_U)
        if moved <= least:
            return state, rounds, True
    return state, most_rounds, False


def _qualities(data: _Data, state: _State) -> Floats:
    weight_C = _weights(state.variance_R)[data.rater_C]
    sum_U = totals(data.unit_C, weight_C * (data.value_C - state.bias_R[data.rater_C]), data.n_units)
    weight_U = totals(data.unit_C, weight_C, data.n_units)
    return sum_U / np.where(weight_U > 0.0, weight_U, 1.0)


def _after(data: _Data, quality_U: Floats) -> _State:
    """Biases and variances that follow from the qualities."""
    above_C = data.value_C - quality_U[data.unit_C]
    bias_R = means(data.rater_C, above_C, len(data.n_R))[1]
    left_C = above_C - bias_R[data.rater_C]
    square_R = totals(data.rater_C, left_C * left_C, len(data.n_R))
    common = float(square_R.sum()) / max(len(left_C), 1)
    return _State(quality_U, bias_R, _floored(data, square_R / np.maximum(data.n_R, 1), common), left_C)


def _floored(data: _Data, variance_R: Floats, common: float) -> Floats:
    own_R = np.where(data.n_R >= LEAST_COMPARED, variance_R, common)
    return np.maximum(own_R, data.floor * data.floor * common)


def _weights(variance_R: Floats) -> Floats:
    """1 / variance; all alike where nobody errs at all."""
    return 1.0 / np.where(variance_R > 0.0, variance_R, 1.0)


def _corrected(data: _Data, state: _State) -> Floats:
    """Variances (R,) by what each rating is free to vary: all of it but its own weight in its unit's quality.

    For equal raters who all rated everything that makes (U - 1) (R - 1) degrees of freedom, as in a two-way analysis of
    variance.
    """
    weight_C = _weights(state.variance_R)[data.rater_C]
    share_C = weight_C / totals(data.unit_C, weight_C, data.n_units)[data.unit_C]
    n_known = max(int(np.count_nonzero(data.n_R)), 1)
    free_R = totals(data.rater_C, 1.0 - share_C, len(data.n_R)) - (data.n_R > 0) * (1.0 - 1.0 / n_known)
    square_R = totals(data.rater_C, state.left_C * state.left_C, len(data.n_R))
    common = float(square_R.sum()) / max(float(free_R.sum()), 1.0)
    return _floored(data, square_R / np.maximum(free_R, 1.0), common)


def _scores(
    table: RatingTable, is_compared_N: Flags, data: _Data, state: _State, variance_R: Floats
) -> tuple[Floats, Floats]:
    """Qualities and their errors (U,): a unit with a single rating has that rating less its rater's bias."""
    precision_U = totals(data.unit_C, _weights(variance_R)[data.rater_C], data.n_units)
    is_modelled_U = precision_U > 0.0
    quality_U = np.where(is_modelled_U, state.quality_U, np.nan)
    error_U = np.where(is_modelled_U, 1.0 / np.sqrt(np.where(is_modelled_U, precision_U, 1.0)), np.nan)
    error_U *= bool(variance_R.any())  # nobody errs at all
    unit_S, rater_S = table.unit_N[~is_compared_N], table.rater_N[~is_compared_N]
    quality_U[unit_S] = table.value_N[~is_compared_N] - state.bias_R[rater_S]
    error_U[unit_S] = np.where(data.n_R[rater_S] > 0, np.sqrt(variance_R[rater_S]), np.nan)
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
