import random
import time
from fractions import Fraction
from statistics import fmean, median, pstdev, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpd_builder.aggregation import aggregate, dispersion_summary, is_ambiguous, trimmed_mean
from mpd_builder.records import Rating
from mpd_builder.rules import Aggregator

THOUSANDTHS = st.integers(0, 1000)


def rated(pair_id, values):
    return [Rating(pair_id, f"r{i:02d}", value) for i, value in enumerate(values)]


@given(st.lists(st.floats(-1000, 1000), min_size=3, max_size=40), st.data())
def test_the_trimmed_mean_is_the_mean_of_the_middle(values, data):
    trim = data.draw(st.integers(0, (len(values) - 1) // 2))
    kept = sorted(values)[trim : len(values) - trim]
    assert trimmed_mean(values, trim=trim) == pytest.approx(fmean(kept), abs=1e-9)


@given(st.lists(st.floats(-1e300, 1e300), min_size=3, max_size=9), st.randoms())
def test_the_order_of_the_values_changes_no_bit_of_the_trimmed_mean(values, shuffler):
    shuffled = list(values)
    shuffler.shuffle(shuffled)
    assert trimmed_mean(values) == trimmed_mean(shuffled)


def test_large_values_are_not_rounded():
    assert trimmed_mean([1e300, 1e300, 1e300]) == 1e300
    assert trimmed_mean([1e6 + 0.1, 1e6 + 0.1, 1e6 + 0.1]) == 1e6 + 0.1


@pytest.mark.parametrize(
    ("values", "trim", "words"),
    [
        ([0.1, 0.2], 1, "trimming 1 at each end of 2 values leaves none"),
        ([], 0, "leaves none"),
        ([0.1, float("nan"), 0.3], 1, "not a finite number"),
        ([0.1, float("inf"), 0.3], 1, "not a finite number"),
        ([0.1], -1, "cannot be negative"),
        ([[0.1, 0.2, 0.3]], 1, "one flat list"),
    ],
)
def test_what_has_no_trimmed_mean_is_an_error_in_words(values, trim, words):
    with pytest.raises(ValueError, match=words):
        trimmed_mean(values, trim=trim)


@given(st.lists(THOUSANDTHS, min_size=2, max_size=9))
def test_mean_and_median_are_those_of_the_standard_library(thousandths):
    values = [n / 1000 for n in thousandths]
    for aggregator, average in ((Aggregator.MEAN, fmean), (Aggregator.MEDIAN, median)):
        [consensus] = aggregate(rated("x", values), raters_per_pair=2, aggregator=aggregator)
        assert consensus.score == pytest.approx(average(values), abs=1e-12)
        assert consensus.dispersion == pytest.approx(pstdev(values), abs=1e-12)


def test_the_rater_model_is_no_aggregator_of_a_pairs_own_ratings():
    with pytest.raises(ValueError, match="no average of a pair's own ratings"):
        aggregate(rated("x", [0.1, 0.2]), raters_per_pair=2, aggregator=Aggregator.RATER_MODEL)


@given(st.lists(THOUSANDTHS, min_size=5, max_size=9), st.integers(0, 2))
def test_scores_on_a_grid_meet_the_band_exactly(thousandths, trim):
    kept = sorted(thousandths)[trim : len(thousandths) - trim]
    exact = Fraction(sum(kept), 1000 * len(kept))
    [consensus] = aggregate(rated("x", [n / 1000 for n in thousandths]), raters_per_pair=5, trim=trim)
    assert consensus.ambiguous == (Fraction(4, 10) <= exact <= Fraction(6, 10))
    assert consensus.ambiguous == (0.4 <= consensus.score <= 0.6)
    assert consensus.ambiguous == is_ambiguous(consensus.score)
    assert consensus.score == pytest.approx(float(exact), abs=1e-12)


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=3), st.lists(st.floats(0, 1), max_size=8), max_size=6), st.randoms())
def test_each_pair_gets_its_own_statistics_whatever_the_order(values_of, shuffler):
    ratings = [rating for pair_id, values in values_of.items() for rating in rated(pair_id, values)]
    shuffler.shuffle(ratings)
    result = aggregate(ratings, raters_per_pair=5)
    assert [row.pair_id for row in result] == sorted(key for key, values in values_of.items() if len(values) >= 5)
    for row in result:
        values = values_of[row.pair_id]
        assert row.n_ratings == len(values)
        assert row.score == trimmed_mean(values)
        assert row.dispersion == pytest.approx(pstdev(values), abs=1e-9)
        assert row.sample_dispersion == pytest.approx(stdev(values), abs=1e-9)


def test_the_band_is_a_setting():
    ratings = rated("x", [0.7] * 5)
    assert not aggregate(ratings, raters_per_pair=5)[0].ambiguous
    assert aggregate(ratings, raters_per_pair=5, band=(0.7, 0.7))[0].ambiguous
    assert aggregate(ratings, raters_per_pair=5, band=(0.1 + 0.2, 0.1 * 7))[0].ambiguous


def test_raters_who_agree_have_no_dispersion():
    [consensus] = aggregate(rated("x", [0.1] * 5), raters_per_pair=5)
    assert (consensus.score, consensus.dispersion, consensus.sample_dispersion) == (0.1, 0.0, 0.0)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"raters_per_pair": 2}, "trimming 1 at each end of 2 ratings a pair leaves none"),
        ({"raters_per_pair": 1, "trim": 0}, "at least two raters"),
        ({"raters_per_pair": 5, "trim": -1}, "cannot be negative"),
        ({"raters_per_pair": 5, "band": (0.6, 0.4)}, "from its lower to its upper end"),
    ],
)
def test_settings_that_leave_nothing_are_an_error(choices, words):
    with pytest.raises(ValueError, match=words):
        aggregate([], **choices)


@pytest.mark.parametrize("value", [1.01, -0.01, float("nan"), float("inf")])
def test_a_score_outside_the_scale_names_its_rater_and_pair(value):
    with pytest.raises(ValueError, match=r"rater r03 gave pair x the score .* not in 0\.\.1"):
        aggregate(rated("x", [0.5, 0.5, 0.5, value, 0.5]), raters_per_pair=5)


def test_a_rater_who_counts_twice_in_a_pair_is_an_error():
    ratings = [*rated("x", [0.5] * 5), *rated("y", [0.5] * 5), Rating("x", "r02", 0.6)]
    with pytest.raises(ValueError, match="rater r02 rated pair x more than once"):
        aggregate(ratings, raters_per_pair=5)


def test_the_summary_counts_what_lies_below_the_papers_lines():
    ratings = [
        *rated("x", [0.5] * 5),
        *rated("y", [0.3, 0.4, 0.5, 0.6, 0.7]),
        *rated("z", [0.4, 0.4, 0.5, 0.6, 0.65]),
    ]
    consensus = aggregate(ratings, raters_per_pair=5)
    spreads = [row.dispersion for row in consensus]
    summary = dispersion_summary(consensus)
    assert 0.09 < spreads[2] < 0.11 < spreads[1]
    assert summary.n_pairs == 3
    assert summary.mean == pytest.approx(fmean(spreads))
    assert summary.sample_mean == pytest.approx(fmean(row.sample_dispersion for row in consensus))
    assert (summary.share_below_09, summary.share_below_11) == (1 / 3, 2 / 3)


def test_a_summary_of_nothing_is_undefined_and_not_zero():
    summary = dispersion_summary([])
    assert (summary.n_pairs, summary.mean, summary.share_below_09, summary.sample_mean) == (0, None, None, None)


def test_the_papers_250000_ratings_take_little_time():
    chance = random.Random(1)
    ratings = [Rating(f"x{i // 5:05d}", f"r{i % 5}", chance.randrange(101) / 100) for i in range(250_000)]
    started = time.process_time()
    assert len(aggregate(ratings, raters_per_pair=5)) == 50_000
    assert time.process_time() - started < 5
