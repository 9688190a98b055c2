"""Intraclass correlations: against an analysis of variance by plain loops, on unbalanced data too."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.reliability import unit_alpha, unit_sums
from mpd_builder.statistics.estimates import Estimate, jackknifed, spearman_brown, stepped_up
from mpd_builder.statistics.icc import icc
from mpd_builder.student_t import quantile
from tests.mpd_builder.simulated_ratings import sparse_ratings
from tests.mpd_builder.variance_analysis import one_way, two_way

TABLES = st.lists(st.lists(st.integers(0, 100), max_size=6), min_size=1, max_size=12)


def sums_of(table):
    answers = [(unit, answer / 100) for unit, row in enumerate(table) for answer in row]
    units = np.array([unit for unit, _ in answers], dtype=np.int64)
    return unit_sums(units, np.array([answer for _, answer in answers]), len(table))


def oracle(rows):
    """ICC(1) by loops, None where it is undefined: fewer than two units with two ratings, or no variation."""
    if len(rows) < 2 or len({value for row in rows for value in row}) < 2:
        return None
    return one_way(rows)


@given(TABLES, st.integers(1, 10))
def test_icc_equals_the_analysis_of_variance_by_loops(table, k):
    rows = [[answer / 100 for answer in row] for row in table if len(row) > 1]
    found = icc(sums_of(table), k=k)
    assert (found.n_units, found.n_ratings) == (len(rows), sum(map(len, rows)))
    expected = oracle(rows)
    if expected is None:
        assert (found.single, found.average, found.k0, found.within_sd) == (Estimate(None), Estimate(None), None, None)
        return
    value, k0 = expected
    assert found.single.value == pytest.approx(value, abs=1e-9)
    assert found.k0 == pytest.approx(k0)
    bottom = 1 + (k - 1) * value
    if abs(bottom) > 1e-6:
        assert found.average.value == (pytest.approx(k * value / bottom, abs=1e-6) if bottom > 0 else None)


@given(TABLES)
def test_its_interval_is_the_jackknife_done_the_long_way(table):
    rows = [[answer / 100 for answer in row] for row in table if len(row) > 1]
    found = icc(sums_of(table), k=5).single
    left_out = [oracle(rows[:i] + rows[i + 1 :]) for i in range(len(rows))]
    if found.value is None or None in left_out:
        assert (found.low, found.high) == (None, None)
        return
    replicates = np.array([value for value, _ in left_out])
    n = len(replicates)
    error = math.sqrt((n - 1) / n * ((replicates - replicates.mean()) ** 2).sum())
    assert found.low == pytest.approx(found.value - quantile(0.975, n - 1) * error, abs=1e-6)
    assert found.high == pytest.approx(min(1.0, found.value + quantile(0.975, n - 1) * error), abs=1e-6)


def test_on_balanced_data_it_is_the_shrout_and_fleiss_correlation_and_close_to_alpha():
    rows = np.random.default_rng(3).normal(size=(40, 1)) + np.random.default_rng(4).normal(size=(40, 5))
    sums = unit_sums(np.repeat(np.arange(40), 5), rows.ravel())
    found, expected = icc(sums, k=5), two_way(rows.tolist())
    assert found.single.value == pytest.approx(expected["ICC1"], abs=1e-12)
    assert found.average.value == pytest.approx(expected["ICC1k"], abs=1e-12)
    assert found.k0 == pytest.approx(5.0)
    assert unit_alpha(sums).value == pytest.approx(found.single.value, abs=0.01)


def test_it_recovers_the_planted_variances_of_an_unbalanced_design():
    table = sparse_ratings(4000, unequal=True, signal=0.2, noise=0.1, seed=5).table
    found = icc(unit_sums(table.unit_N, table.value_N), k=5)
    assert found.single.value == pytest.approx(0.8, abs=0.01)
    assert found.within_sd == pytest.approx(0.1, abs=0.002)
    assert found.between_sd == pytest.approx(0.2, abs=0.005)
    assert 3.0 < found.k0 < 4.5
    assert found.single.low < 0.8 < found.single.high


def test_worked_by_hand():
    """Units 1, 3 and 5, 7: means 2 and 6, MSB = 2 (4 + 4) / 1 = 16, MSW = (2 + 2) / 2 = 2, k0 = (4 - 8 / 4) / 1 = 2.

    ICC(1) = (16 - 2) / (16 + 2) = 7/9; ICC(2) = 2 * 7/9 / (1 + 7/9) = 7/8, which is (16 - 2) / 16.
    """
    found = icc(unit_sums(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 5.0, 7.0])), k=2)
    assert found.single.value == pytest.approx(7 / 9)
    assert found.average.value == pytest.approx(7 / 8)
    assert (found.k0, found.within_sd) == (pytest.approx(2.0), pytest.approx(math.sqrt(2)))
    assert found.between_sd == pytest.approx(math.sqrt(7))


def test_a_mean_of_no_ratings_is_refused():
    with pytest.raises(ValueError, match="the mean of 0 ratings"):
        icc(unit_sums(np.array([0, 0]), np.array([0.1, 0.2])), k=0)


def test_an_estimate_is_no_better_than_its_replicates():
    three = np.array([0.4, 0.5, 0.6])  # error: sqrt(2/3 * 0.02), with Student's t of 2 degrees
    margin = quantile(0.975, 2) * math.sqrt(2 / 3 * 0.02)
    found = jackknifed(0.5, three, confidence=0.95)
    assert found == Estimate(0.5, pytest.approx(0.5 - margin), pytest.approx(min(1.0, 0.5 + margin)))
    assert jackknifed(0.5, np.array([0.4, math.nan, 0.6]), confidence=0.95) == Estimate(0.5)
    assert jackknifed(math.nan, three, confidence=0.95) == Estimate(None)


def test_spearman_brown_worked_by_hand_and_where_it_ends():
    assert spearman_brown(0.5, 3) == pytest.approx(0.75)
    assert spearman_brown(0.86, 5) == pytest.approx(4.3 / 4.44)
    assert spearman_brown(None, 5) is None
    assert spearman_brown(-0.25, 5) is None  # 1 + 4 * -0.25 = 0
    assert stepped_up(Estimate(0.5, -0.3, 0.8), 5) == Estimate(pytest.approx(5 / 6), None, pytest.approx(4 / 4.2))
    assert Estimate(0.5, 0.25, 0.75).width == pytest.approx(0.5)
    assert Estimate(0.5, None, 0.75).width is None
