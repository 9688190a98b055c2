import math
import time
import warnings
from dataclasses import replace

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.reliability import (
    Alpha,
    Level,
    bootstrap_interval,
    krippendorff_alpha,
    unit_alpha,
    unit_sums,
)
from mpd_builder.student_t import quantile

LEVELS = st.sampled_from(list(Level))
# At the ordinal level the jackknife keeps the ranks among all ratings, which an oracle of the whole statistic does not.
JACKKNIFED = st.sampled_from([Level.INTERVAL, Level.NOMINAL])
# Units with 0 to 5 answers each, from a small scale: ties, single answers and constant data all occur.
TABLES = st.lists(st.lists(st.integers(0, 6), max_size=5), min_size=1, max_size=9)
FINE_ANSWER = st.none() | st.integers(0, 100).map(lambda percent: percent / 100)
FINE_TABLES = st.lists(st.lists(FINE_ANSWER, max_size=6), min_size=1, max_size=12)


def long_form(table):
    units = [unit for unit, answers in enumerate(table) for _ in answers]
    return units, [answer for answers in table for answer in answers]


def oracle(table, level):
    """The krippendorff package's alpha, or None where it is undefined: no pairable answers, or all equal."""
    pairable = [answers for answers in table if len(answers) > 1]
    if len({answer for answers in pairable for answer in answers}) < 2:
        return None
    width = max(len(answers) for answers in pairable)
    matrix = [[answers[i] if i < len(answers) else np.nan for answers in pairable] for i in range(width)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(krippendorff.alpha(reliability_data=matrix, level_of_measurement=str(level)))


@given(TABLES, LEVELS)
def test_alpha_equals_the_krippendorff_package(table, level):
    alpha = krippendorff_alpha(*long_form(table), level=level)
    expected = oracle(table, level)
    assert alpha.value == (None if expected is None else pytest.approx(expected, abs=1e-10))
    pairable = [answers for answers in table if len(answers) > 1]
    assert (alpha.n_units, alpha.n_ratings) == (len(pairable), sum(map(len, pairable)))


@given(FINE_TABLES)
def test_alpha_equals_the_krippendorff_package_on_fine_scales_with_missing_answers(table):
    """Answers to 0.01, as a slider gives them; None is an answer that is missing."""
    units, values = long_form(table)
    answered = [[answer for answer in answers if answer is not None] for answers in table]
    expected = oracle([[100 * answer for answer in answers] for answers in answered], Level.INTERVAL)
    alpha = krippendorff_alpha(units, [math.nan if value is None else value for value in values])
    assert alpha.value == (None if expected is None else pytest.approx(expected, abs=1e-10))
    sizes = [len(answers) for answers in answered if len(answers) > 1]
    assert (alpha.n_units, alpha.n_ratings) == (len(sizes), sum(sizes))


@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=16), max_size=6), min_size=1, max_size=7))
def test_alpha_equals_the_krippendorff_package_on_any_scale(table):
    expected = oracle(table, Level.INTERVAL)
    alpha = krippendorff_alpha(*long_form(table))
    assert alpha.value == (None if expected is None else pytest.approx(expected, abs=1e-10))
    units, values = long_form(table)
    from_sums = unit_alpha(unit_sums(np.array(units, dtype=int), np.array(values, dtype=float)))
    assert from_sums.value == (None if alpha.value is None else pytest.approx(alpha.value, abs=1e-10))
    assert replace(from_sums, value=alpha.value) == replace(alpha, low=from_sums.low, high=from_sums.high)


@given(TABLES, st.integers(-1000, 1000), st.integers(1, 1000), st.randoms())
def test_interval_alpha_knows_no_origin_unit_or_order(table, shift, scale, shuffler):
    units, values = long_form(table)
    alpha = krippendorff_alpha(units, values).value
    answers = [(f"unit {unit}", (shift + scale * value) / 100) for unit, value in zip(units, values, strict=True)]
    shuffler.shuffle(answers)
    moved = krippendorff_alpha([unit for unit, _ in answers], [value for _, value in answers]).value
    assert moved == (None if alpha is None else pytest.approx(alpha, abs=1e-10))


@given(TABLES)
def test_nominal_alpha_knows_only_whether_answers_differ(table):
    units, values = long_form(table)
    names = [f"answer {(5 * value) % 7}" for value in values]
    alpha = krippendorff_alpha(units, values, level="nominal")
    assert krippendorff_alpha(units, names, level="nominal") == alpha


@given(TABLES, JACKKNIFED)
def test_the_interval_is_the_jackknife_done_the_long_way(table, level):
    pairable = [answers for answers in table if len(answers) > 1]
    left_out = [oracle(pairable[:i] + pairable[i + 1 :], level) for i in range(len(pairable))]
    alpha = krippendorff_alpha(*long_form(table), level=level)
    if alpha.value is None or None in left_out:
        assert (alpha.low, alpha.high) == (None, None)
        return
    replicates = np.array(left_out)
    n = len(replicates)
    error = math.sqrt((n - 1) / n * ((replicates - replicates.mean()) ** 2).sum())
    margin = quantile(0.975, n - 1) * error
    assert alpha.low == pytest.approx(alpha.value - margin, abs=1e-5)
    assert alpha.high == pytest.approx(min(1.0, alpha.value + margin), abs=1e-5)


@given(TABLES, JACKKNIFED)
def test_clusters_of_one_unit_change_nothing_and_clusters_leave_out_whole_units(table, level):
    units, values = long_form(table)
    alpha = krippendorff_alpha(units, values, level=level)
    alone = krippendorff_alpha(units, values, level=level, clusters=[f"painting {unit}" for unit in units])
    assert alone.value == alpha.value
    assert alone.low == (None if alpha.low is None else pytest.approx(alpha.low, abs=1e-9))
    clustered = krippendorff_alpha(units, values, level=level, clusters=[unit % 3 for unit in units])
    assert clustered.value == (None if alpha.value is None else pytest.approx(alpha.value, abs=1e-12))
    left_out = [oracle([row for unit, row in enumerate(table) if unit % 3 != i], level) for i in present(table)]
    if alpha.value is None or None in left_out:
        assert clustered.low is None
        return
    replicates = np.array(left_out)
    n = len(replicates)
    error = math.sqrt((n - 1) / n * ((replicates - replicates.mean()) ** 2).sum())
    assert clustered.low == pytest.approx(alpha.value - quantile(0.975, n - 1) * error, abs=1e-5)


def present(table):
    return sorted({unit % 3 for unit, row in enumerate(table) if len(row) > 1})


def test_a_missing_answer_is_no_answer():
    nan = float("nan")
    assert krippendorff_alpha([0, 0, 0, 1, 1, 2], [1, 2, nan, 2, 2, nan]) == krippendorff_alpha(
        [0, 0, 1, 1], [1, 2, 2, 2]
    )
    answers = ["a", None, "b", "a", "a", nan]
    expected = krippendorff_alpha([0, 0, 1, 1], ["a", "b", "a", "a"], level="nominal")
    assert krippendorff_alpha([0, 0, 0, 1, 1, 1], answers, level="nominal") == expected


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize(
    ("units", "values"),
    [([], []), ([0, 1, 2], [1, 2, 3]), ([0, 0, 1, 1], [0.7, 0.7, 0.7, 0.7]), ([0, 0, 1], [0.3, 0.3, 0.9])],
    ids=["no ratings", "one rating a unit", "one value only", "one value among the pairable"],
)
def test_undefined_alpha_is_none_and_has_no_interval(units, values, level):
    alpha = krippendorff_alpha(units, values, level=level)
    assert (alpha.value, alpha.low, alpha.high) == (None, None, None)
    assert bootstrap_interval(units, values, level=level, seed=1, resamples=20) == alpha


def test_perfect_agreement_is_one_with_a_narrow_interval():
    alpha = krippendorff_alpha([0, 0, 1, 1, 2, 2], [0.1, 0.1, 0.5, 0.5, 0.9, 0.9])
    assert (alpha.value, alpha.high) == (pytest.approx(1.0, abs=1e-12), 1.0)
    assert alpha.low == pytest.approx(1.0, abs=1e-9)


def test_a_single_unit_has_an_alpha_but_no_interval():
    assert krippendorff_alpha([0, 0, 0], [0.1, 0.5, 0.7]) == Alpha(pytest.approx(0.0, abs=1e-12), None, None, 1, 3)
    assert bootstrap_interval([0, 0, 0], [0.1, 0.5, 0.7], seed=1).low is None


def test_one_unit_that_brings_all_the_variation_leaves_no_interval():
    alpha = krippendorff_alpha([0, 0, 1, 1, 2, 2], [0.3, 0.3, 0.3, 0.3, 0.3, 0.9])
    assert alpha.value is not None
    assert (alpha.low, alpha.high) == (None, None)


def test_a_tiny_spread_on_a_high_offset_costs_no_precision():
    spread = np.array([0, 1, 3, 3, 7, 6, 2, 2]) * 2.0**-20
    units = [0, 0, 1, 1, 2, 2, 3, 3]
    alpha = krippendorff_alpha(units, spread).value
    assert krippendorff_alpha(units, 1e6 + spread).value == pytest.approx(alpha, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"units": [0, 0], "values": [1.0]}, "2 units, 1 values"),
        ({"units": [0, 0], "values": [1.0, math.inf]}, "a value is infinite"),
        (
            {"units": [0, 0], "values": [1.0, 2.0], "level": "ratio"},
            "the level is 'interval', 'nominal' or 'ordinal', not 'ratio'",
        ),
        ({"units": [0, 0], "values": [1.0, 2.0], "confidence": 1.0}, "a confidence lies between 0 and 1"),
        ({"units": [0, 0, 1, 1], "values": [1.0, 2.0, 1.0, 2.0], "clusters": [0, 1, 0, 0]}, "lie in two clusters"),
        ({"units": [[0, 0]], "values": [1.0, 2.0]}, "must be flat lists"),
        ({"units": [0, 0], "values": [[1.0, 2.0]]}, "one flat list"),
    ],
)
def test_wrong_input_is_an_error_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        krippendorff_alpha(**arguments)


def test_a_bootstrap_needs_a_resample():
    with pytest.raises(ValueError, match="at least one resample"):
        bootstrap_interval([0, 0], [1.0, 2.0], resamples=0, seed=1)


def simulated(n_units, *, seed, n_raters=5, signal=0.2, noise=0.1):
    generator = np.random.default_rng(seed)
    units = np.repeat(np.arange(n_units), n_raters)
    truth = generator.normal(0.5, signal, n_units)
    return units, truth[units] + generator.normal(0, noise, len(units))


@pytest.mark.parametrize("level", list(Level))
def test_the_bootstrap_is_seeded_and_agrees_with_the_jackknife(level):
    units, values = simulated(600, seed=1)
    answers = values if level == Level.INTERVAL else np.round(values * 3).astype(int)
    jackknife = krippendorff_alpha(units, answers, level=level)
    bootstrap = bootstrap_interval(units, answers, level=level, seed=3, resamples=400)
    assert bootstrap == bootstrap_interval(units, answers, level=level, seed=3, resamples=400)
    assert bootstrap != bootstrap_interval(units, answers, level=level, seed=4, resamples=400)
    assert bootstrap.value == jackknife.value
    width = jackknife.high - jackknife.low
    assert bootstrap.low == pytest.approx(jackknife.low, abs=0.15 * width)
    assert bootstrap.high == pytest.approx(jackknife.high, abs=0.15 * width)


def test_a_resample_holds_each_unit_as_often_as_it_was_drawn():
    """With two units, a resample is one of 0 0, 0 1, 1 0, 1 1: the bounds are alphas of such samples."""
    units, values = [0, 0, 1, 1, 1], [0.1, 0.2, 0.6, 0.9, 0.7]
    doubled = [
        krippendorff_alpha([0, 0, 9, 9], [0.1, 0.2] * 2),
        krippendorff_alpha([1, 1, 1, 9, 9, 9], [0.6, 0.9, 0.7] * 2),
    ]
    interval = bootstrap_interval(units, values, seed=1, resamples=200)
    assert interval.low == pytest.approx(min(one.value for one in doubled))
    assert interval.high == pytest.approx(krippendorff_alpha(units, values).value)


def test_intervals_over_clusters_are_wider_where_units_share_their_material():
    generator = np.random.default_rng(5)
    clusters = np.repeat(np.arange(60), 10)
    truth = generator.normal(0.5, 0.2, 60)[clusters]
    noise = generator.gamma(1.0, 0.1, 60)[clusters]  # some paintings divide their raters, in all their pairs
    units = np.repeat(np.arange(600), 5)
    values = truth[units] + generator.normal(0, 1, 3000) * noise[units]
    by_unit = krippendorff_alpha(units, values)
    by_cluster = krippendorff_alpha(units, values, clusters=clusters[units])
    assert by_cluster.value == pytest.approx(by_unit.value)
    assert by_cluster.high - by_cluster.low > 1.5 * (by_unit.high - by_unit.low)


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """The alpha of normal data is signal / (signal + noise), in variances: 0.8. 95 % of 400 intervals: 367 to 393."""
    covered = 0
    for seed in range(400):
        alpha = krippendorff_alpha(*simulated(30, seed=seed))
        covered += alpha.low <= 0.8 <= alpha.high
    assert 360 <= covered <= 395


def test_the_papers_size_takes_little_time():
    units, values = simulated(50_000, seed=1)
    started = time.process_time()
    alpha = krippendorff_alpha(units, np.round(values, 2))
    assert time.process_time() - started < 0.5
    assert bootstrap_interval(units, np.round(values, 2), seed=1).low == pytest.approx(alpha.low, abs=2e-4)
    assert time.process_time() - started < 4
    assert alpha.value == pytest.approx(0.8, abs=0.01)
    assert alpha.low < 0.8 < alpha.high
