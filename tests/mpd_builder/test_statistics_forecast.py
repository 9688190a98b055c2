"""What the forecast says of other numbers of raters, beside campaigns that really have so many."""

from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest

from mpd_builder.reliability import Alpha, unit_alpha, unit_sums
from mpd_builder.statistics.estimates import Estimate, spearman_brown, stepped_up
from mpd_builder.statistics.forecast import RATERS, forecast
from mpd_builder.statistics.icc import icc
from tests.mpd_builder.simulated_ratings import sparse_ratings


def measured(per_unit, seed, *, unequal=False):
    planted = sparse_ratings(1500, per_unit=per_unit, signal=0.2, noise=0.12, bias=0.03, seed=seed, unequal=unequal)
    units = unit_sums(planted.table.unit_N, planted.table.value_N)
    return planted, unit_alpha(units), icc(units, k=5)


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("raters", [3, 4, 7, 10])
def test_the_forecast_meets_campaigns_with_so_many_raters(raters, unequal):
    """Five raters a pair (or fewer, unequally) now; the true reliability of one is 0.04 / (0.04 + 0.0144) = 0.735."""
    forecasts, found = [], []
    for seed in range(12):
        _, alpha, correlation = measured(5, seed, unequal=unequal)
        forecasts.append(forecast(alpha, correlation, raters=[raters])[0])
        _, later, _ = measured(raters, 100 + seed)
        found.append(stepped_up(Estimate(later.value, later.low, later.high), raters))
    assert [one.raters for one in forecasts] == [raters] * 12
    truth = spearman_brown(0.04 / (0.04 + 0.0144), raters)
    assert fmean(one.alpha_of_mean.value for one in forecasts) == pytest.approx(truth, abs=0.005)
    assert fmean(one.value for one in found) == pytest.approx(truth, abs=0.005)
    expected_width = fmean(one.width for one in found)
    assert fmean(one.alpha_of_mean.width for one in forecasts) == pytest.approx(expected_width, rel=0.1)


@pytest.mark.parametrize("raters", [3, 10])
def test_the_score_s_interval_holds_as_many_truths_as_it_says(raters):
    _, alpha, correlation = measured(5, 1)
    half = forecast(alpha, correlation, raters=[raters])[0].score_width / 2
    planted, _, _ = measured(raters, 7)
    table = planted.table
    means = np.bincount(table.unit_N, table.value_N) / raters - 0.03  # everybody's bias moves all scores alike
    assert (np.abs(means - planted.truth) < half).mean() == pytest.approx(0.95, abs=0.015)


def test_at_the_present_number_of_raters_it_is_what_was_measured():
    _, alpha, correlation = measured(5, 3)
    now = forecast(alpha, correlation, raters=[5])[0].alpha_of_mean
    expected = stepped_up(Estimate(alpha.value, alpha.low, alpha.high), 5)
    assert (now.value, now.low, now.high) == tuple(map(pytest.approx, (expected.value, expected.low, expected.high)))


def test_more_raters_are_more_reliable_and_their_scores_surer():
    _, alpha, correlation = measured(5, 2)
    rows = forecast(alpha, correlation)
    assert [row.raters for row in rows] == list(RATERS) == [3, 4, 5, 7, 10]
    for fewer, more in pairwise(rows):
        assert fewer.alpha_of_mean.value < more.alpha_of_mean.value
        assert fewer.alpha_of_mean.width > more.alpha_of_mean.width
        assert fewer.score_width > more.score_width


def test_without_an_alpha_there_is_no_forecast_and_without_an_interval_no_width():
    nothing = icc(unit_sums(np.array([0, 1]), np.array([0.5, 0.5])), k=5)
    row = forecast(Alpha(None, None, None, 0, 0), nothing, raters=[5])[0]
    assert (row.alpha_of_mean, row.score_width) == (Estimate(None), None)
    single = unit_sums(np.array([0, 0, 0]), np.array([0.1, 0.5, 0.7]))
    row = forecast(unit_alpha(single), icc(single, k=5), raters=[5])[0]
    assert row.alpha_of_mean.value == pytest.approx(0.0)
    assert row.alpha_of_mean.width is None


def test_perfect_agreement_is_forecast_to_stay():
    units = unit_sums(np.array([0, 0, 1, 1, 2, 2]), np.array([0.1, 0.1, 0.5, 0.5, 0.9, 0.9]))
    row = forecast(unit_alpha(units), icc(units, k=2), raters=[10])[0]
    assert row.alpha_of_mean.value == pytest.approx(1.0)
    assert (row.alpha_of_mean.high, row.score_width) == (pytest.approx(1.0), pytest.approx(0.0))
