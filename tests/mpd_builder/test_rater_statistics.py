"""Each rater against the others: worked by hand, and against scipy on random unbalanced data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mpd_builder.rater_statistics import rater_statistics, retest_statistics


def test_bias_is_measured_against_the_others_only() -> None:
    # Unit 1: 0.2, 0.4, 0.6; unit 2: 0.5, 0.9. Rater 7 is 0.2 below (0.4 + 0.6) / 2 and 0.4 below 0.9.
    seven, eight, nine = rater_statistics([1, 1, 1, 2, 2], [7, 8, 9, 7, 9], [0.2, 0.4, 0.6, 0.5, 0.9])
    assert (seven.rater, seven.n_ratings, seven.n_compared) == (7, 2, 2)
    assert seven.bias == pytest.approx((-0.3 - 0.4) / 2)
    assert eight.bias == pytest.approx(0.0)
    assert nine.bias == pytest.approx((0.3 + 0.4) / 2)
    assert nine.mean == pytest.approx(0.75)


def test_a_rater_alone_on_every_unit_is_not_compared() -> None:
    (alone,) = rater_statistics([1, 2, 3, 4], [5, 5, 5, 5], [0.1, 0.2, 0.3, 0.9])
    assert alone.n_ratings == 4
    assert (alone.n_compared, alone.bias, alone.agreement) == (0, None, None)


def test_agreement_needs_three_units_and_some_variation() -> None:
    two_units = rater_statistics([1, 1, 2, 2], [1, 2, 1, 2], [0.1, 0.2, 0.8, 0.9])
    assert [rater.agreement for rater in two_units] == [None, None]
    constant, _ = rater_statistics([1, 1, 2, 2, 3, 3], [1, 2] * 3, [0.5, 0.1, 0.5, 0.4, 0.5, 0.9])
    assert constant.agreement is None


def test_no_ratings_give_no_raters() -> None:
    assert rater_statistics([], [], []) == []


@pytest.mark.parametrize(
    ("units", "raters", "values", "words"),
    [([1, 2], [1], [0.1], "not one a rating"), ([1], [1], [float("nan")], "not a finite number")],
)
def test_what_cannot_be_meant_is_refused(units: list[int], raters: list[int], values: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rater_statistics(units, raters, values)


def test_equal_to_a_plain_loop_and_scipy_on_random_unbalanced_data() -> None:
    random = np.random.default_rng(3)
    cells = [(unit, rater) for unit in range(60) for rater in range(9) if random.random() < 0.5]
    values = [float(random.random()) for _ in cells]
    found = {one.rater: one for one in rater_statistics([u for u, _ in cells], [r for _, r in cells], values)}
    for rater in range(9):
        mine, others = [], []
        for (unit, who), value in zip(cells, values, strict=True):
            rest = [v for (u, w), v in zip(cells, values, strict=True) if u == unit and w != rater]
            if who == rater and rest:
                mine.append(value)
                others.append(np.mean(rest))
        assert found[rater].n_compared == len(mine)
        assert found[rater].bias == pytest.approx(np.mean(np.subtract(mine, others)), abs=1e-12)
        assert found[rater].agreement == pytest.approx(stats.pearsonr(mine, others).statistic, abs=1e-12)


def test_a_retest_is_measured_by_the_distance_of_the_two_ratings() -> None:
    # Rater 4: 0.2 -> 0.3, 0.5 -> 0.4, 0.8 -> 0.9; rater 9: 0.6 -> 0.6.
    four, nine = retest_statistics([4, 9, 4, 4], [0.2, 0.6, 0.5, 0.8], [0.3, 0.6, 0.4, 0.9])
    assert (four.rater, four.n_repeats, nine.rater, nine.n_repeats) == (4, 3, 9, 1)
    assert four.difference == pytest.approx(0.1)
    assert four.shift == pytest.approx(0.1 / 3)
    assert four.correlation == pytest.approx(stats.pearsonr([0.2, 0.5, 0.8], [0.3, 0.4, 0.9]).statistic)
    assert (nine.difference, nine.shift, nine.correlation) == (0.0, 0.0, None)


def test_a_retest_correlation_needs_three_repeats_and_some_variation() -> None:
    assert retest_statistics([1, 1], [0.2, 0.8], [0.2, 0.8])[0].correlation is None
    assert retest_statistics([1, 1, 1], [0.5, 0.5, 0.5], [0.1, 0.2, 0.3])[0].correlation is None
    assert retest_statistics([1, 1, 1], [0.1, 0.2, 0.3], [0.5, 0.5, 0.5])[0].correlation is None
    assert retest_statistics([], [], []) == []


def test_retests_are_equal_to_scipy_s_on_random_data() -> None:
    rng = np.random.default_rng(5)
    raters, firsts = rng.integers(0, 6, 400), rng.random(400)
    seconds = np.clip(firsts + rng.normal(0, 0.1, 400), 0, 1)
    for one in retest_statistics(raters, firsts, seconds):
        mine = raters == one.rater
        assert one.n_repeats == mine.sum()
        assert one.difference == pytest.approx(np.abs(seconds - firsts)[mine].mean())
        assert one.correlation == pytest.approx(stats.pearsonr(firsts[mine], seconds[mine]).statistic)


def test_retests_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="not in pairs"):
        retest_statistics([1, 2], [0.5], [0.5])
    with pytest.raises(ValueError, match="not a finite number"):
        retest_statistics([1], [0.5], [float("nan")])
