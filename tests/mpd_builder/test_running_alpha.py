"""Alpha kept up to date rating by rating is the alpha of all ratings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.reliability import (
    Totals,
    centred_sums,
    krippendorff_alpha,
    totals_of,
    unit_alpha,
    unit_sums_of,
)


def long_form(table):
    units = [unit for unit, answers in enumerate(table) for _ in answers]
    return units, [answer for answers in table for answer in answers]


@given(st.lists(st.lists(st.integers(0, 100), max_size=6), min_size=1, max_size=12), st.randoms())
def test_alpha_kept_up_to_date_rating_by_rating_is_the_same(table, shuffler):
    """Ratings come in any order; each replaces its unit's totals. Then one comes back out."""
    answers = [(unit, answer / 100) for unit, row in enumerate(table) for answer in row]
    shuffler.shuffle(answers)
    rows: dict[int, list[float]] = {}
    totals = Totals()
    for unit, answer in answers:
        before = rows.get(unit, [])
        rows[unit] = [*before, answer]
        totals = totals - totals_of(before) + totals_of(rows[unit])
    assert_alpha_of(totals, rows)
    for unit, row in list(rows.items())[:1]:
        totals = totals - totals_of(row) + totals_of(row[1:])
        rows[unit] = row[1:]
    assert_alpha_of(totals, rows)


def assert_alpha_of(totals, rows):
    alpha = krippendorff_alpha(*long_form(rows.values()))
    assert totals.alpha == (None if alpha.value is None else pytest.approx(alpha.value, abs=1e-10))
    assert (totals.n_units, totals.n_ratings) == (alpha.n_units, alpha.n_ratings)


def test_running_totals_stay_exact_over_many_changes():
    generator = np.random.default_rng(2)
    values = np.round(generator.random((2000, 5)), 2)
    totals, per_unit = Totals(), [Totals()] * 2000
    for turn in range(10):  # 20,000 units are replaced
        for unit in range(2000):
            row = values[unit] if turn == 9 else np.round(generator.random(5), 2)
            new = totals_of(row.tolist())
            totals, per_unit[unit] = totals - per_unit[unit] + new, new
    expected = krippendorff_alpha(np.repeat(np.arange(2000), 5), values.ravel()).value
    assert totals.alpha == pytest.approx(expected, abs=1e-10)


@given(st.lists(st.lists(st.integers(0, 100), max_size=7), min_size=1, max_size=12))
def test_sums_that_rows_kept_give_the_alpha_and_the_interval_of_the_ratings(table):
    rows = [[answer / 100 for answer in row] for row in table]
    sums = np.array([centred_sums(row) for row in rows])
    kept = unit_alpha(unit_sums_of(np.array([len(row) for row in rows]), sums[:, 0], sums[:, 1]))
    assert_same(kept, krippendorff_alpha(*long_form(rows)))


@pytest.mark.parametrize("value", [0.0, 0.1, 0.3, 0.7, 1 / 3, 1.0])
def test_sums_of_constant_ratings_leave_alpha_undefined(value):
    rows = [[value] * 5, [value] * 3, [value]]
    sums = np.array([centred_sums(row) for row in rows])
    assert unit_alpha(unit_sums_of(np.array([5, 3, 1]), sums[:, 0], sums[:, 1])).value is None


def assert_same(alpha, expected):
    for name in ("value", "low", "high", "n_units", "n_ratings"):
        told = getattr(expected, name)
        assert getattr(alpha, name) == (told if told is None else pytest.approx(told, abs=1e-9)), name
