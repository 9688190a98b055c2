"""Bradley-Terry scales against choix, the bare likelihood, closed forms and a planted truth."""

from __future__ import annotations

import math

import choix
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from mpd_builder.preference_statistics import Scale, Unbounded, ballots, bradley_terry, query_scales
from tests.mpd_builder.preference_statistics.small_votes import M2P, P2M, asked, box, random_votes, together

Wins = dict[tuple[str, str], float]
NAMES = "abcdef"
CELLS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1]),
    st.one_of(st.integers(1, 9).map(float), st.just(0.5)),
    min_size=1,
    max_size=24,
)
PRIORS = st.sampled_from([0.3, 1.0, 4.0])


def matrix(wins: Wins, items: tuple[str, ...]) -> npt.NDArray[np.float64]:
    table = np.zeros((len(items), len(items)))
    for (winner, loser), count in wins.items():
        if winner in items:
            table[items.index(winner), items.index(loser)] = count
    return table


def likelihood(abilities: npt.NDArray[np.float64], table: npt.NDArray[np.float64], prior: float | None) -> float:
    """The logarithm of what is maximised, written down without a thought for speed."""
    total = 0.0
    for i in range(len(table)):
        for j in range(len(table)):
            total -= table[i, j] * math.log1p(math.exp(abilities[j] - abilities[i]))
    return total - (0.0 if prior is None else sum(b * b for b in abilities.tolist()) / (2 * prior**2))


def errors_by_differences(
    abilities: npt.NDArray[np.float64], table: npt.NDArray[np.float64], prior: float | None
) -> npt.NDArray[np.float64]:
    """Standard errors from a numeric Hessian, among vectors of sum 0."""
    size, h = len(abilities), 1e-3
    hessian = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = abilities.copy()
                moved[i] += s * h
                moved[j] += t * h
                hessian[i, j] -= s * t * likelihood(moved, table, prior) / (4 * h * h)
    centring = np.eye(size) - 1 / size
    return np.sqrt(np.diag(np.linalg.pinv(centring @ hessian @ centring, rcond=1e-6)))


@given(CELLS, PRIORS)
def test_a_scale_with_a_prior_is_choix_s(wins: Wins, prior: float) -> None:
    data = {pair: round(count) + 1.0 for pair, count in wins.items()}  # whole comparisons, as choix takes them
    for scale in bradley_terry(data, prior=prior):
        place = {item: n for n, item in enumerate(scale.items)}
        votes = [(place[w], place[x]) for (w, x), count in data.items() if w in place for _ in range(int(count))]
        expected = choix.opt_pairwise(len(place), votes, alpha=1 / (2 * prior**2), method="Newton-CG", tol=1e-10)
        assert scale.abilities == pytest.approx(expected.tolist(), abs=1e-5)
        assert (scale.prior, scale.n_votes) == (prior, len(votes))


@given(CELLS)
def test_maximum_likelihood_is_choix_s_where_it_is_finite(wins: Wins) -> None:
    ring = {(item, NAMES[n - 1]): 0.5 for n, item in enumerate(NAMES)}  # so that a path of wins leads everywhere
    wins = ring | wins
    for scale in bradley_terry(wins):
        expected = choix.ilsr_pairwise_dense(matrix(wins, scale.items), max_iter=10_000, tol=1e-12)
        assert scale.abilities == pytest.approx(expected.tolist(), abs=1e-6)
        assert scale.is_bounded


@given(CELLS, st.one_of(st.none(), PRIORS), st.integers(0, 99))
def test_no_other_abilities_are_likelier_and_errors_are_the_curvature(
    wins: Wins, prior: float | None, seed: int
) -> None:
    try:
        scales = bradley_terry(wins, prior=prior)
    except Unbounded:
        assert prior is None
        return
    random = np.random.default_rng(seed)
    for scale in scales:
        table, best = matrix(wins, scale.items), np.array(scale.abilities)
        assert sum(scale.abilities) == pytest.approx(0, abs=1e-9)
        highest = likelihood(best, table, prior)
        for size in (1e-3, 0.1, 2.0):
            assert likelihood(best + size * random.normal(size=len(best)), table, prior) <= highest + 1e-12
        assert scale.errors == pytest.approx(errors_by_differences(best, table, prior).tolist(), rel=1e-3, abs=1e-6)


def test_the_bare_likelihood_climbed_without_derivatives_ends_at_the_same_place() -> None:
    wins = {("a", "b"): 3.0, ("b", "a"): 1.0, ("b", "c"): 2.5, ("c", "b"): 1.5, ("c", "a"): 1.0, ("a", "c"): 4.0}
    [scale] = bradley_terry(wins)
    table = matrix(wins, scale.items)
    found = optimize.minimize(
        lambda two: -likelihood(np.array([*two, -sum(two)]), table, None),
        [0.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 5_000},
    )
    assert scale.abilities == pytest.approx([*found.x, -sum(found.x)], abs=1e-5)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_two_items_by_hand(won: int, lost: int) -> None:
    """Their distance is the log odds, of variance 1/won + 1/lost; each lies half of it from the middle."""
    [scale] = bradley_terry({("x", "y"): won, ("y", "x"): lost})
    assert scale.abilities == pytest.approx([math.log(won / lost) / 2, -math.log(won / lost) / 2], abs=1e-9)
    assert scale.errors == pytest.approx([math.sqrt(1 / won + 1 / lost) / 2] * 2)
    assert (scale.deviance, scale.degrees) == (pytest.approx(0, abs=1e-6), 0)
    assert scale.worths() == pytest.approx([won / (won + lost), lost / (won + lost)])
    assert scale.against("y")["x"] == pytest.approx(math.log(won / lost), abs=1e-9)


def test_lopsided_counts_settle_too() -> None:
    wins = {("a", "b"): 1e6, ("b", "a"): 1.0, ("b", "c"): 1e6, ("c", "b"): 1.0, ("c", "d"): 1e5, ("d", "c"): 0.5}
    [scale] = bradley_terry(wins)
    chain = [0.0, math.log(1e6), 2 * math.log(1e6), 2 * math.log(1e6) + math.log(2e5)]
    assert scale.abilities == pytest.approx([np.mean(chain) - step for step in chain], rel=1e-9)


def test_what_no_comparison_links_has_scales_of_its_own() -> None:
    first, second = bradley_terry({("a", "c"): 2, ("c", "a"): 1, ("b", "d"): 1, ("d", "b"): 1})
    assert (first.items, second.items) == (("a", "c"), ("b", "d"))
    assert second.abilities == pytest.approx([0, 0])
    assert bradley_terry({}) == bradley_terry({("a", "b"): 0.0}) == []


def test_what_is_never_beaten_has_a_finite_ability_only_with_a_prior() -> None:
    wins = {("a", "b"): 3, ("b", "c"): 2, ("c", "b"): 1}
    with pytest.raises(Unbounded, match="some of a, b, c won every comparison with the rest"):
        bradley_terry(wins)
    [scale] = bradley_terry(wins, prior=1.0)
    assert not scale.is_bounded
    assert scale.abilities[0] > scale.abilities[1] > scale.abilities[2]
    [ring] = bradley_terry({("a", "b"): 1, ("b", "c"): 1, ("c", "a"): 1})
    assert ring.is_bounded
    assert ring.abilities == pytest.approx([0, 0, 0])


@pytest.mark.parametrize(
    ("wins", "prior", "words"),
    [
        ({("a", "a"): 1.0}, None, "a was compared with itself"),
        ({("a", "b"): -1.0}, None, "a cannot have won"),
        ({("a", "b"): math.inf}, None, "a cannot have won"),
        ({("a", "b"): math.nan}, None, "a cannot have won"),
        ({("a", "b"): 1.0}, 0.0, "a prior's standard deviation is positive"),
    ],
)
def test_what_makes_no_sense_is_refused(wins: Wins, prior: float | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bradley_terry(wins, prior=prior)


def test_errors_cover_a_planted_truth_as_often_as_they_say() -> None:
    """Abilities of six items, drawn from the prior that is assumed: 95 % intervals hold the truth in 95 % of cases."""
    random = np.random.default_rng(3)
    inside = total = 0
    for _ in range(150):
        truth = random.normal(0, 1, 6)
        wins: Wins = {}
        for i in range(6):
            for j in range(i):
                won = int(random.binomial(3, 1 / (1 + math.exp(truth[j] - truth[i]))))
                wins |= {(NAMES[i], NAMES[j]): won, (NAMES[j], NAMES[i]): 3 - won}
        [scale] = bradley_terry(wins, prior=1.0)
        off = np.abs(np.array(scale.abilities) - (truth - truth.mean()))
        inside += int((off < 1.96 * np.array(scale.errors)).sum())
        total += 6
    assert inside / total == pytest.approx(0.95, abs=0.025)


def test_each_query_and_direction_has_its_own_scale_of_three_or_more() -> None:
    triangle, two = {"xy": "aab", "yz": "aab", "xz": "aaa"}, {"vw": "aab"}
    parts = [
        asked("q", triangle | two),
        asked("p", two),
        asked("q", triangle, P2M),
        asked("r", {**triangle, "yw": "."}),
    ]
    given_votes = together(*parts)
    found = query_scales(given_votes)
    assert [(each.direction, each.query_id, each.scale.items) for each in found] == [
        (M2P, "q", ("x", "y", "z")),
        (M2P, "r", ("x", "y", "z")),
        (P2M, "q", ("x", "y", "z")),
    ]
    assert found[0].scale == found[1].scale == found[2].scale
    assert [len(each.scale.items) for each in query_scales(given_votes, least_candidates=2)] == [2, 2, 3, 3, 3]
    assert query_scales(ballots([], [])) == []
    with pytest.raises(ValueError, match="at least two candidates"):
        query_scales(given_votes, least_candidates=1)


def test_a_query_s_scale_is_that_of_its_wins_alone() -> None:
    tasks, votes = random_votes(queries=30, candidates=5, votes=3, raters=7, seed=6, share=0.6)
    given_votes = ballots(tasks, votes)
    of_query: dict[str, Wins] = {}
    for task, a, b in zip(given_votes.tasks, given_votes.votes_a.tolist(), given_votes.votes_b.tolist(), strict=True):
        of_query.setdefault(task.query_id, {}).update({(task.pair_a, task.pair_b): a, (task.pair_b, task.pair_a): b})
    expected: list[tuple[str, Scale]] = [
        (query, scale)
        for query, wins in sorted(of_query.items())
        for scale in bradley_terry(wins, prior=1.0)
        if len(scale.items) >= 3
    ]
    found = query_scales(given_votes)
    assert len({len(each.scale.items) for each in found}) > 1
    assert [(each.query_id, each.scale.items) for each in found] == [(q, scale.items) for q, scale in expected]
    for each, (_, scale) in zip(found, expected, strict=True):
        assert each.scale.abilities == pytest.approx(scale.abilities, abs=1e-9)
        assert each.scale.errors == pytest.approx(scale.errors, abs=1e-9)
        assert (each.scale.degrees, each.scale.is_bounded) == (scale.degrees, scale.is_bounded)


def test_maximum_likelihood_of_unanimous_queries_says_that_it_has_no_answer() -> None:
    with pytest.raises(Unbounded):
        query_scales(box("q", {"xy": "aaa", "yz": "aaa"}), prior=None)
