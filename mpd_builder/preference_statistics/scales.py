"""Bradley-Terry scales: abilities behind paired comparisons, with their standard errors.

Item i is preferred to item j with probability 1 / (1 + exp(b_j - b_i)) (Bradley and Terry 1952). The abilities b are in
log odds and centred: those of a scale have the mean 0. A tie is half a win for each. With w_ij wins of i over j,

    maximise  sum over i, j of w_ij log P(i over j)  -  sum over i of b_i^2 / (2 s^2)

where the second term is a Gaussian prior of standard deviation s. Without it (`prior` None) this is maximum likelihood,
which is finite exactly where a path of wins leads from each item to each other one (Ford 1957). With it the scale is
always finite; with few votes it shrinks the abilities towards 0.

Both are concave. Newton's steps are damped by log(1 + d) / d, where d is the step's range: the third derivatives of
this function are bounded by its second ones times the range, and such steps then reach the maximum from anywhere,
without a line search (Sun and Tran-Dinh, Generalized self-concordant functions, 2019). Scales of equally many items
are worked out together, since a site has thousands of small ones.

The standard error of an ability is that of its distance from the scale's mean: the root of the diagonal of the inverse
Hessian among vectors of sum 0 (for maximum likelihood the pseudo-inverse of the Fisher information). It takes votes for
independent. Errors of two abilities are correlated, so that the error of a difference is not their sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.preference_statistics.comparisons import are_strong, components

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRIOR = 1.0
"""Before any vote, one candidate beats another with odds between 1:16 and 16:1, with probability 0.95."""
_STEPS = 500
_CLOSE = 1e-8  # steps converge quadratically: after one so small, what is left is near 1e-16


class Unbounded(ValueError):
    """Maximum likelihood has no finite answer: some items were never beaten by the others of their scale."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The abilities of items that hang together by comparisons.

    `items` are in their own order (ids ascending), `abilities` and `errors` beside them: log odds, mean 0. `n_votes` is
    the number of comparisons. `deviance` is twice the log-likelihood that a free probability for each compared pair of
    items gains over this scale, and `degrees` the number of probabilities that it has more: where every pair was
    compared often, a deviance far above its degrees says that one scale does not explain the preferences.
    `is_bounded`: maximum likelihood without a prior is finite here. `prior` is the one that was used.
    """

    items: tuple[str, ...]
    abilities: tuple[float, ...]
    errors: tuple[float, ...]
    n_votes: float
    deviance: float
    degrees: int
    is_bounded: bool
    prior: float | None

    def worths(self) -> tuple[float, ...]:
        """Abilities as shares that add up to 1: exp(b) over the sum of all of them."""
        powers = np.exp(np.array(self.abilities) - max(self.abilities))
        return tuple((powers / powers.sum()).tolist())

    def against(self, item: str) -> dict[str, float]:
        """By item: its ability less that of `item`. Raises ValueError for an item that is not on the scale."""
        zero = self.abilities[self.items.index(item)]
        return {name: ability - zero for name, ability in zip(self.items, self.abilities, strict=True)}


def bradley_terry(wins: Mapping[tuple[str, str], float], *, prior: float | None = None) -> list[Scale]:
    """One scale for each set of items that hang together, ordered by their first items.

    `wins` says how often the first of two items was preferred to the second: (winner, loser) -> count, halves for
    ties. Raises ValueError for an item against itself, a count that is negative or not finite, or a prior that is not
    positive; `Unbounded` where `prior` is None and maximum likelihood has no finite answer. O(comparisons) and O(k^3)
    a Newton step for a set of k items, of which there are 5 to 10 as a rule.
    """
    counts = {pair: float(count) for pair, count in wins.items() if count != 0}
    names = sorted({name for pair in counts for name in pair})
    for (winner, loser), count in counts.items():
        if winner == loser:
            raise ValueError(f"{winner} was compared with itself")
        if not 0 < count < float("inf"):
            raise ValueError(f"{winner} cannot have won {count} times over {loser}")
    place = {name: number for number, name in enumerate(names)}
    winner_E = np.array([place[winner] for winner, _ in counts], dtype=np.int64)
    loser_E = np.array([place[loser] for _, loser in counts], dtype=np.int64)
    wins_E = np.array(list(counts.values()), dtype=np.float64)
    return [scale for _, scale in scales_of(names, winner_E, loser_E, wins_E, prior=prior)]


# Shapes: E (winner, loser) entries, B scales of equally many items, K items of a scale.
def scales_of(
    names: Sequence[str], winner_E: Ints, loser_E: Ints, wins_E: Floats, *, prior: float | None, least: int = 2
) -> list[tuple[int, Scale]]:
    """`bradley_terry` on numbered items, for sets of at least `least` of them. All counts are positive.

    Each scale comes with the number of its first item. `names[i]` is what item i is called on its scale.
    """
    if prior is not None and not 0 < prior < float("inf"):
        raise ValueError(f"a prior's standard deviation is positive, unlike {prior}")
    groups = [group for group in components(len(names), winner_E, loser_E) if len(group) >= least]
    group_of, place_of = np.full(len(names), -1, dtype=np.int64), np.zeros(len(names), dtype=np.int64)
    by_size: defaultdict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        group_of[group], place_of[group] = number, np.arange(len(group))
        by_size[len(group)].append(number)
    found: dict[int, Scale] = {}
    for size, numbers in by_size.items():
        batch_of = np.full(len(groups) + 1, -1, dtype=np.int64)  # the last one: of items on no scale, called -1
        batch_of[numbers] = np.arange(len(numbers))
        batch_E = batch_of[group_of[winner_E]]
        is_here_E = batch_E >= 0
        wins_BKK = np.zeros((len(numbers), size, size))
        cells = (batch_E[is_here_E], place_of[winner_E[is_here_E]], place_of[loser_E[is_here_E]])
        np.add.at(wins_BKK, cells, wins_E[is_here_E])
        members = [tuple(names[item] for item in groups[number].tolist()) for number in numbers]
        found.update(zip(numbers, _fit(members, wins_BKK, prior), strict=True))
    return [(int(group[0]), found[number]) for number, group in enumerate(groups)]


def _fit(members: list[tuple[str, ...]], wins_BKK: Floats, prior: float | None) -> list[Scale]:
    """The scales of sets of equally many items."""
    bounded = are_strong(wins_BKK).tolist()
    if prior is None and not all(bounded):
        items = members[bounded.index(False)]
        raise Unbounded(
            f"some of {', '.join(items[:8])}{' ...' * (len(items) > 8)} won every comparison with the rest of them: "
            "maximum likelihood puts them infinitely far apart, a prior does not"
        )
    ridge = 0.0 if prior is None else 1.0 / prior**2
    ability_BK = _newton(wins_BKK, ridge)
    error_BK = _errors(wins_BKK, ability_BK, ridge)
    deviance_B, degrees_B = _deviances(wins_BKK, ability_BK)
    votes_B = wins_BKK.sum(axis=(1, 2))
    return [
        Scale(items, tuple(abilities), tuple(errors), votes, deviance, degrees, is_bounded, prior)
        for items, abilities, errors, votes, deviance, degrees, is_bounded in zip(
            members,
            ability_BK.tolist(),
            error_BK.tolist(),
            votes_B.tolist(),
            deviance_B.tolist(),
            degrees_B.tolist(),
            bounded,
            strict=True,
        )
    ]


def _newton(wins_BKK: Floats, ridge: float) -> Floats:
    """The abilities (B, K) at the maximum, each row of mean 0."""
    wins_BK = wins_BKK.sum(axis=2)
    games_BKK = wins_BKK + wins_BKK.transpose(0, 2, 1)
    ability_BK: Floats = np.zeros_like(wins_BK)
    for _ in range(_STEPS):
        chance_BKK = _chances(ability_BK)
        expected_BK = (games_BKK * chance_BKK).sum(axis=2)
        gradient_BK1 = (wins_BK - expected_BK - ridge * ability_BK)[:, :, None]
        step_BK = np.linalg.solve(_hessians(games_BKK, chance_BKK, ridge), gradient_BK1)[:, :, 0]
        range_B1 = np.ptp(step_BK, axis=1, keepdims=True)
        damping_B1 = np.log1p(range_B1) / np.where(range_B1 > 0, range_B1, 1.0)
        ability_BK = ability_BK + np.where(range_B1 > 0, damping_B1, 1.0) * step_BK
        ability_BK -= ability_BK.mean(axis=1, keepdims=True)
        if range_B1.max(initial=0.0) < _CLOSE:
            return ability_BK
    raise ArithmeticError(f"the abilities did not settle within {_STEPS} steps")  # wins far beyond any vote count


def _chances(ability_BK: Floats) -> Floats:
    """P(i over j) of all items, shape (B, K, K)."""
    return np.asarray(1.0 / (1.0 + np.exp(ability_BK[:, None, :] - ability_BK[:, :, None])))


def _hessians(games_BKK: Floats, chance_BKK: Floats, ridge: float) -> Floats:
    """The negative Hessian, with 1/K added everywhere: so it has an inverse, and steps of sum 0 are as they were."""
    size = games_BKK.shape[1]
    weight_BKK = games_BKK * chance_BKK * (1.0 - chance_BKK)
    hessian_BKK: Floats = 1.0 / size - weight_BKK
    diagonal = np.arange(size)
    hessian_BKK[:, diagonal, diagonal] += weight_BKK.sum(axis=2) + ridge
    return hessian_BKK


def _errors(wins_BKK: Floats, ability_BK: Floats, ridge: float) -> Floats:
    """Standard errors (B, K). Constant vectors are an eigenvector of the Hessian, here of the value 1 + ridge: what it
    adds to the inverse is taken off again."""
    size = ability_BK.shape[1]
    inverse_BKK = np.linalg.inv(_hessians(wins_BKK + wins_BKK.transpose(0, 2, 1), _chances(ability_BK), ridge))
    variance_BK = np.diagonal(inverse_BKK, axis1=1, axis2=2) - 1.0 / (size * (1.0 + ridge))
    return np.asarray(np.sqrt(np.maximum(variance_BK, 0.0)))


def _deviances(wins_BKK: Floats, ability_BK: Floats) -> tuple[Floats, Ints]:
    """Deviances and their degrees of freedom, both (B,)."""
    size = ability_BK.shape[1]
    games_BKK = wins_BKK + wins_BKK.transpose(0, 2, 1)
    expected_BKK = games_BKK * _chances(ability_BK)
    has_won = wins_BKK > 0
    ratio_BKK = np.divide(wins_BKK, expected_BKK, out=np.ones_like(wins_BKK), where=has_won)
    deviance_B = 2.0 * (wins_BKK * np.log(ratio_BKK)).sum(axis=(1, 2))
    compared_B = (games_BKK > 0).sum(axis=(1, 2)) // 2
    return np.maximum(deviance_B, 0.0), (compared_B - (size - 1)).astype(np.int64)
