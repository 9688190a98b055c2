"""Alpha week by week, the interval of a mean, and one unit's quality by a fitted model."""

import math
from datetime import UTC, datetime, timedelta
from statistics import mean, stdev

import numpy as np
import pytest
import scipy.stats

from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.statistics.figures import mean_estimate
from mpd_builder.statistics.history import alpha_by_week
from mpd_builder.statistics.model import quality_of, rater_model
from mpd_builder.statistics.ratings import rating_table

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def table_of_weeks(weeks):
    """Five pairs, each rated once in each of these weeks, by another rater each time."""
    rng = np.random.default_rng(7)
    rows = [
        (pair, turn, round(float(rng.random()), 2), (MONDAY + timedelta(weeks=week, hours=pair)).timestamp())
        for turn, week in enumerate(weeks)
        for pair in range(5)
    ]
    units, raters, values, times = zip(*rows, strict=True)
    return rating_table(units, raters, values, times=times)


def test_each_week_has_the_alpha_of_all_ratings_up_to_its_end():
    table = table_of_weeks([0, 2, 2, 5])
    found = alpha_by_week(table)
    assert [week.label for week in found] == ["2026-W45", "2026-W47", "2026-W50"]
    assert [week.n_ratings for week in found] == [5, 15, 20]
    assert found[0].alpha.value is None  # one rating a pair: nothing can agree yet
    so_far = table.kept(table.time_N < (MONDAY + timedelta(weeks=3)).timestamp())
    assert found[1].alpha == krippendorff_alpha(so_far.unit_N, so_far.value_N)
    assert found[2].alpha == krippendorff_alpha(table.unit_N, table.value_N)


def test_without_times_there_is_no_history():
    assert alpha_by_week(rating_table([1, 1], [1, 2], [0.2, 0.4])) == ()


def test_the_interval_of_a_mean_is_students():
    values = [0.02, 0.05, 0.09, 0.13, 0.04, 0.3]
    found = mean_estimate(np.array(values))
    margin = scipy.stats.t.ppf(0.975, 5) * stdev(values) / math.sqrt(6)
    assert found.value == pytest.approx(mean(values))
    assert (found.low, found.high) == (
        pytest.approx(mean(values) - margin, abs=1e-9),
        pytest.approx(mean(values) + margin, abs=1e-9),
    )


def test_one_value_has_a_mean_without_an_interval_and_none_has_neither():
    one, none = mean_estimate(np.array([0.1])), mean_estimate(np.array([]))
    assert (one.value, one.low, one.high) == (0.1, None, None)
    assert (none.value, none.low) == (None, None)


def test_one_units_quality_is_the_models():
    rng = np.random.default_rng(3)
    units, raters = np.repeat(np.arange(60), 4), np.concatenate([rng.permutation(7)[:4] for _ in range(60)])
    values = rng.random(60)[units] * 0.6 + rng.normal(0, 0.05, 7)[raters] + 0.05 * rng.standard_normal(240)
    table = rating_table(units, raters, values)
    model = rater_model(table)
    for unit in (0, 31, 59):
        rows = np.flatnonzero(table.unit_N == unit)
        biases, inconsistencies = model.biases[table.rater_N[rows]], model.inconsistencies[table.rater_N[rows]]
        found = quality_of(
            table.value_N[rows].tolist(), biases=biases.tolist(), inconsistencies=inconsistencies.tolist()
        )
        assert found == (pytest.approx(model.qualities[unit], abs=1e-7), pytest.approx(model.errors[unit], abs=1e-7))


def test_a_unit_without_ratings_has_no_quality():
    with pytest.raises(ValueError, match="without a rating"):
        quality_of([], biases=[], inconsistencies=[])
