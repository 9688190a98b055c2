"""Intervals and exact tests, against scipy; Holm's correction by hand and by its meaning."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mpd_builder.preference_statistics import clopper_pearson, fair_coin_p, holm, wilson

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_are_scipys(counts: tuple[int, int], confidence: float) -> None:
    test = stats.binomtest(*counts)
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        found, expected = ours(*counts, confidence=confidence), test.proportion_ci(confidence, method)
        assert found.value == counts[0] / counts[1]
        assert (found.low, found.high) == (
            pytest.approx(expected.low, abs=1e-9),
            pytest.approx(expected.high, abs=1e-9),
        )


@given(COUNTS)
def test_the_p_value_is_scipys(counts: tuple[int, int]) -> None:
    assert fair_coin_p(*counts) == pytest.approx(stats.binomtest(*counts).pvalue, rel=1e-9)


@pytest.mark.parametrize("counts", [(15_900, 31_284), (15_500, 31_284), (900, 31_284), (31_284, 31_284), (500, 1000)])
def test_many_votes_lose_no_digits(counts: tuple[int, int]) -> None:
    test = stats.binomtest(*counts)
    assert fair_coin_p(*counts) == pytest.approx(test.pvalue, rel=1e-8)
    found, expected = clopper_pearson(*counts), test.proportion_ci(0.95, "exact")
    assert (found.low, found.high) == (pytest.approx(expected.low, abs=1e-9), pytest.approx(expected.high, abs=1e-9))


@given(COUNTS)
def test_the_exact_interval_leaves_out_one_half_where_the_test_rejects(counts: tuple[int, int]) -> None:
    found = clopper_pearson(*counts)
    assert found.low is not None
    assert found.high is not None
    assert (found.low <= 0.5 <= found.high) == (fair_coin_p(*counts) > 0.05)


def test_no_trials_have_no_share() -> None:
    assert wilson(0, 0) == clopper_pearson(0, 0)
    assert (wilson(0, 0).value, wilson(0, 0).low, fair_coin_p(0, 0)) == (None, None, 1.0)


@pytest.mark.parametrize("wrong", [(3, 2), (-1, 2)])
def test_shares_that_cannot_be_are_refused(wrong: tuple[int, int]) -> None:
    for function in (wilson, clopper_pearson, fair_coin_p):
        with pytest.raises(ValueError, match="no share"):
            function(*wrong)
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, confidence=1.0)


def test_holm_by_hand() -> None:
    # Ascending: 0.01 x 4, 0.02 x 3, 0.03 x 2 (not below the one before), 0.8 x 1.
    assert holm([0.03, 0.01, 0.8, 0.02]) == pytest.approx([0.06, 0.04, 0.8, 0.06])
    assert holm([0.7, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_rejects_what_stepping_down_rejects(p_values: list[float]) -> None:
    rejected = set()
    for place, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[number] * (len(p_values) - place) > 0.05:
            break
        rejected.add(number)
    assert {number for number, p in enumerate(holm(p_values)) if p <= 0.05} == rejected


def test_holm_keeps_chance_findings_in_one_panel_out_of_twenty() -> None:
    chance = random.Random(7)
    panels = [holm([chance.random() for _ in range(35)]) for _ in range(2000)]
    assert sum(min(panel) <= 0.05 for panel in panels) / 2000 == pytest.approx(0.05, abs=0.015)
