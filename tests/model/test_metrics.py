"""Our metrics against scipy and against cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from model import metrics

scores = st.lists(st.integers(0, 10).map(lambda tenth: tenth / 10), min_size=3, max_size=40)


def arrays(seed: int, n: int = 60, decimals: int = 1) -> tuple[metrics.Floats, metrics.Floats]:
    generator = np.random.default_rng(seed)
    score = generator.random(n).round(decimals)
    return (score + generator.normal(0, 0.3, n)).round(decimals), score


@pytest.mark.parametrize("seed", range(5))
def test_correlations_equal_scipys_with_ties(seed: int) -> None:
    predicted, score = arrays(seed)
    assert metrics.plcc(predicted, score) == pytest.approx(stats.pearsonr(predicted, score).statistic, abs=1e-12)
    assert metrics.srcc(predicted, score) == pytest.approx(stats.spearmanr(predicted, score).statistic, abs=1e-12)


@given(scores)
def test_ranks_equal_scipys(values: list[float]) -> None:
    assert metrics.ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()


@given(scores, st.integers(0, 2**31))
def test_squared_error_is_at_least_the_variance_that_correlation_leaves(values: list[float], seed: int) -> None:
    """MSE >= Var(S) (1 - PLCC^2): no rescaling of a predictor can beat its regression line."""
    score = np.array(values)
    predicted = np.random.default_rng(seed).random(len(score))
    correlation = metrics.plcc(predicted, score)
    error = metrics.rmse(predicted, score)
    assert error is not None
    if correlation is not None:
        assert error**2 >= np.var(score) * (1 - correlation**2) - 1e-12


def test_figures_by_hand() -> None:
    predicted, score = np.array([0.2, 0.5, 0.9, 0.45]), np.array([0.3, 0.4, 0.6, 0.5])
    assert metrics.mae(predicted, score) == pytest.approx((0.1 + 0.1 + 0.3 + 0.05) / 4)
    assert metrics.rmse(predicted, score) == pytest.approx(np.sqrt((0.01 + 0.01 + 0.09 + 0.0025) / 4))
    assert metrics.accuracy(predicted, score) == 0.5
    assert metrics.within_tolerance(np.array([0.35, 0.9]), score[:2]) == 0.5


def test_a_tie_in_a_preference_counts_half() -> None:
    assert metrics.preference_accuracy(np.array([0.6, 0.5, 0.4, 0.9]), np.array([0.5, 0.5, 0.5, 0.1])) == 0.625


def test_what_is_not_defined_is_none() -> None:
    none, one, flat = np.zeros(0), np.array([0.3]), np.full(7, 0.1 + 0.2)
    for metric in metrics.METRICS.values():
        assert metric(none, none) is None
    assert metrics.srcc(one, one) is None
    assert metrics.plcc(flat, np.arange(7.0)) is None
    assert metrics.srcc(np.arange(7.0), flat) is None
    assert metrics.preference_accuracy(none, none) is None


def test_the_bootstrap_is_seeded_and_holds_the_value() -> None:
    predicted, score = arrays(1, n=200, decimals=6)
    first = metrics.estimate("srcc", predicted, score, resamples=300, seed=5)
    assert first == metrics.estimate("srcc", predicted, score, resamples=300, seed=5)
    assert first.value is not None
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high
    fisher = np.tanh(np.arctanh(first.value) + np.array([-1.96, 1.96]) / np.sqrt(len(score) - 3))
    assert [first.low, first.high] == pytest.approx(fisher, abs=0.05)


def test_an_interval_needs_more_than_one_pair() -> None:
    one = np.array([0.4])
    assert metrics.estimate("mae", one, one, resamples=10, seed=0) == metrics.Estimate(0.0)


@pytest.mark.parametrize(("share", "n"), [(0.0, 5), (0.6, 25), (1.0, 12)])
def test_wilsons_interval_equals_scipys(share: float, n: int) -> None:
    expected = stats.binomtest(round(share * n), n).proportion_ci(method="wilson")
    found = metrics.wilson(share, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_mean_over_seeds_resamples_the_pairs_of_all_alike() -> None:
    predicted, score = arrays(2, n=100, decimals=6)
    other = arrays(3, n=100, decimals=6)[0]
    settings = {"resamples": 200, "seed": 1}
    alone = metrics.estimate("mae", predicted, score, **settings)
    twice = metrics.estimate_mean("mae", np.stack([predicted, predicted]), score, **settings)
    assert alone == twice
    mixed = metrics.estimate_mean("mae", np.stack([predicted, other]), score, **settings)
    by_hand = [(metrics.mae(one[rows], score[rows])) for rows in _draws(100, 200, 1) for one in (predicted, other)]
    means = np.array(by_hand, dtype=float).reshape(-1, 2).mean(axis=1)
    assert (mixed.low, mixed.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))


def test_a_difference_is_of_the_same_pairs() -> None:
    """Shifting all predictions by 0.1 upwards of the score costs exactly 0.1 in every resample."""
    score = arrays(4, n=50, decimals=6)[1]
    gain = metrics.difference("mae", score[None] + 0.3, score[None] + 0.2, score, resamples=50, seed=0)
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.1, 0.1, 0.1))
    flat = np.full((1, 50), 0.5)
    assert metrics.difference("srcc", flat, score[None], score, resamples=50, seed=0).value is None


def _draws(n: int, resamples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, n, size=(resamples, n))
