"""A slice says of its ratings what the plain functions say of them alone."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import fmean, median, pstdev, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.aggregation import aggregate, dispersion_summary, score_units, trimmed_mean
from mpd_builder.records import Rating
from mpd_builder.reliability import bootstrap_interval, krippendorff_alpha
from mpd_builder.statistics.figures import DISPERSION_BINS, SCORE_BINS, Settings, histogram
from mpd_builder.statistics.groupings import NONE, by_score, by_week, grouping
from mpd_builder.statistics.ratings import rating_table
from mpd_builder.statistics.slices import all_figures, campaign_figures, slice_figures
from tests.mpd_builder.simulated_ratings import sparse_ratings

QUICK = Settings(raters_per_pair=3, resamples=0)
CELLS = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 5)),  # unit, rater
    st.tuples(st.integers(0, 100), st.sampled_from("xyz")),  # value, group
    min_size=1,
    max_size=40,
)


def table_of(cells):
    units, raters = zip(*cells, strict=True)
    values = [value / 100 for value, _ in cells.values()]
    return rating_table(units, raters, values), [group for _, group in cells.values()]


def assert_figures_of(found, rows, settings):
    """`rows` are (unit, rater, value): the figures by functions that know nothing of slices."""
    units, raters, values = zip(*rows, strict=True)
    ratings = [Rating(str(unit), str(rater), value) for unit, rater, value in rows]
    consensus = aggregate(ratings, raters_per_pair=settings.raters_per_pair)
    assert (found.n_ratings, found.n_raters) == (len(rows), len(set(raters)))
    assert (found.n_pairs, found.n_complete) == (len(set(units)), len(consensus))
    assert found.n_ambiguous == sum(one.ambiguous for one in consensus)
    alpha = krippendorff_alpha(units, values)
    assert (found.alpha.n_units, found.alpha.n_ratings) == (alpha.n_units, alpha.n_ratings)
    for name in ("value", "low", "high"):
        expected = getattr(alpha, name)
        assert getattr(found.alpha, name) == (None if expected is None else pytest.approx(expected, abs=1e-9))
    if not consensus:
        assert (found.scores, found.dispersion, found.sample_dispersion) == (None, None, None)
        assert (found.score_histogram, found.dispersion_histogram) == ((), ())
        return
    summary = dispersion_summary(consensus)
    assert found.dispersion.mean == pytest.approx(summary.mean, abs=1e-12)
    assert found.dispersion.share_below_09 == pytest.approx(summary.share_below_09)
    assert found.dispersion.share_below_11 == pytest.approx(summary.share_below_11)
    assert found.sample_dispersion.mean == pytest.approx(summary.sample_mean, abs=1e-12)
    assert found.scores.trimmed_mean == pytest.approx(fmean(one.score for one in consensus))
    assert sum(found.score_histogram) == sum(found.dispersion_histogram) == len(consensus)


@given(CELLS)
def test_the_campaign_s_figures_are_those_of_the_plain_functions(cells):
    table, _ = table_of(cells)
    rows = [(unit, rater, value / 100) for (unit, rater), (value, _) in cells.items()]
    assert_figures_of(campaign_figures(table, settings=QUICK), rows, QUICK)


@given(CELLS)
def test_groups_that_part_a_pair_s_ratings_have_the_figures_of_their_own_ratings(cells):
    table, groups = table_of(cells)
    found = slice_figures(table, grouping("letter", groups), settings=QUICK)
    assert [one.label for one in found.slices] == sorted(set(groups))
    for one in found.slices:
        rows = [(unit, rater, value / 100) for (unit, rater), (value, group) in cells.items() if group == one.label]
        assert_figures_of(one.figures, rows, QUICK)


@given(CELLS)
def test_groups_of_whole_pairs_have_the_figures_of_their_own_ratings(cells):
    table, _ = table_of(cells)
    styles = ["odd" if unit % 2 else None if unit == 4 else "even" for unit, _ in cells]
    found = slice_figures(table, grouping("style", styles), settings=QUICK)
    assert [one.label for one in found.slices] == sorted(set(styles) - {None})
    for one in found.slices:
        named = zip(cells.items(), styles, strict=True)
        rows = [(unit, rater, value / 100) for ((unit, rater), (value, _)), style in named if style == one.label]
        assert_figures_of(one.figures, rows, QUICK)


@given(CELLS, st.integers(1, 2))
def test_every_score_of_a_unit_is_the_plain_one(cells, trim):
    table, _ = table_of(cells)
    rows = defaultdict(list)
    for (unit, _), (value, _) in cells.items():
        rows[unit].append(value / 100)
    found = score_units(table.unit_N, table.value_N, least=2 * trim + 1, trim=trim)
    whole = {unit: row for unit, row in sorted(rows.items()) if len(row) > 2 * trim}
    assert table.units_U[found.units].tolist() == list(whole)
    assert found.size.tolist() == [len(row) for row in whole.values()]
    assert found.trimmed.tolist() == [trimmed_mean(row, trim=trim) for row in whole.values()]
    assert found.mean == pytest.approx([fmean(row) for row in whole.values()], abs=1e-11)
    assert found.median == pytest.approx([median(row) for row in whole.values()], abs=1e-11)
    assert found.dispersion == pytest.approx([pstdev(row) for row in whole.values()], abs=1e-11)
    assert found.sample_dispersion == pytest.approx([stdev(row) for row in whole.values()], abs=1e-11)


def test_slices_of_a_bootstrap_agree_with_a_bootstrap_of_their_own():
    table = sparse_ratings(900, seed=3, scale=[0.0] * 35).table
    settings = Settings(scale=(-2.0, 3.0), resamples=600, seed=5)
    styles = grouping("style", [f"style {unit % 3}" for unit in table.unit_N])
    parts = grouping("half", [f"half {rater % 2}" for rater in table.rater_N])
    overall, tables = all_figures(table, [styles, parts], settings=settings)
    assert overall.bootstrap == campaign_figures(table, settings=settings).bootstrap
    own = bootstrap_interval(table.unit_N, table.value_N, seed=5, resamples=600)
    assert overall.bootstrap.low == pytest.approx(own.low)  # the same draws
    for which, found in ((styles, tables[0]), (parts, tables[1])):
        for code, one in enumerate(found.slices):
            is_in = which.code_N == code
            own = bootstrap_interval(table.unit_N[is_in], table.value_N[is_in], seed=9, resamples=600)
            interval = one.figures.bootstrap
            assert interval.value == pytest.approx(own.value) == pytest.approx(one.figures.alpha.value)
            width = own.high - own.low
            assert interval.low == pytest.approx(own.low, abs=0.15 * width)
            assert interval.high == pytest.approx(own.high, abs=0.15 * width)


def test_the_same_seed_gives_the_same_intervals_and_another_does_not():
    table = sparse_ratings(200, seed=3).table
    settings = [Settings(scale=(-2.0, 3.0), resamples=50, seed=seed) for seed in (1, 1, 2)]
    first, again, other = (campaign_figures(table, settings=each).bootstrap for each in settings)
    assert first == again != other


def test_without_resamples_there_is_no_bootstrap():
    assert campaign_figures(sparse_ratings(20).table, settings=Settings(scale=(-2, 3), resamples=0)).bootstrap is None


def test_no_ratings_are_a_campaign_of_nothing():
    found = campaign_figures(rating_table([], [], []), settings=Settings())
    assert (found.n_ratings, found.n_pairs, found.n_complete, found.n_raters) == (0, 0, 0, 0)
    assert (found.alpha.value, found.icc.single.value, found.scores, found.dispersion) == (None, None, None, None)
    assert slice_figures(rating_table([], [], []), grouping("style", []), settings=Settings()).slices == ()


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 0.5)],
        [(0, 0, 0.5), (1, 0, 0.7)],
        [(0, 0, 0.5), (0, 1, 0.5), (0, 2, 0.5), (1, 0, 0.5), (1, 1, 0.5), (1, 2, 0.5)],
    ],
    ids=["one rating", "one rating a pair", "one value only"],
)
def test_what_is_undefined_is_none_and_never_a_nan(rows):
    units, raters, values = zip(*rows, strict=True)
    table = rating_table(units, raters, values)
    for settings in (QUICK, Settings(raters_per_pair=3, resamples=20)):
        found = campaign_figures(table, settings=settings)
        assert (found.alpha.value, found.alpha.low, found.alpha_of_score.value) == (None, None, None)
        assert (found.icc.single.value, found.forecast[0].alpha_of_mean.value) == (None, None)
        json.dumps(asdict(found), allow_nan=False)


def test_a_rating_off_the_scale_is_refused_in_words():
    with pytest.raises(ValueError, match=r"a rating of 1.2 lies outside the scale from 0 to 1"):
        campaign_figures(rating_table([1, 1], [1, 2], [0.5, 1.2]), settings=Settings())


def test_a_grouping_of_other_ratings_is_refused():
    with pytest.raises(ValueError, match="1 groups for 2 ratings"):
        slice_figures(rating_table([1, 1], [1, 2], [0.5, 0.6]), grouping("style", ["x"]), settings=Settings())


def test_histograms_put_a_value_on_an_edge_above_it():
    edges = [index / 20 for index in range(21)]
    assert histogram(np.array(edges), low=0, high=1, bins=SCORE_BINS) == (1,) * 19 + (2,)
    steps = [index / 100 for index in range(51)]
    assert histogram(np.array(steps), low=0, high=0.5, bins=DISPERSION_BINS) == (1,) * 49 + (2,)
    assert histogram(np.array([0.1 + 0.2]), low=0, high=1, bins=10) == (0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    assert histogram(np.array([]), low=0, high=1, bins=10) == ()


def test_weeks_are_calendar_weeks_in_utc():
    days = ["2026-01-04 23:59", "2026-01-05 00:00", "2025-12-31 12:00", "1970-01-01 00:00"]
    times = np.array([datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() for day in days])
    weeks = by_week(times)
    assert [weeks.labels[code] for code in weeks.code_N] == ["2026-W01", "2026-W02", "2026-W01", "1970-W01"]
    for time, code in zip(times, weeks.code_N, strict=True):
        assert weeks.labels[code] == datetime.fromtimestamp(time, UTC).strftime("%G-W%V")


def test_score_bands_hold_the_ambiguous_one_with_both_its_ends():
    scores = [0.0, 0.19, 0.2, 0.39, 0.4, 0.5, 0.6, 0.61, 0.8, 0.81, 1.0]
    units = np.repeat(np.arange(12), 3)
    values = np.repeat([*scores, 0.5], 3)
    table = rating_table(units[:-1], np.tile(np.arange(3), 12)[:-1], values[:-1])  # the last has two ratings
    bands = by_score(table, score_units(table.unit_N, table.value_N, least=3))
    assert bands.labels == ("0 to 0.2", "0.2 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "0.8 to 1")
    assert bands.code_N[::3].tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, NONE]


def test_groups_are_in_their_labels_order_and_nothing_is_in_none():
    assert grouping("year", [1999, 5, 1999]).labels == ("5", "1999")
    named = grouping("style", ["b", "", "a", None, "b"])
    assert (named.labels, named.code_N.tolist()) == (("a", "b"), [1, NONE, 0, NONE, 1])


def test_ratings_are_coded_in_the_order_of_their_names():
    table = rating_table(["q", "p", "q"], [70, 5, 5], [0.1, 0.2, 0.3], times=[3, 1, 2], active_ms=[10, 20, 30])
    assert (table.units_U.tolist(), table.raters_R.tolist()) == (["p", "q"], [5, 70])
    assert (table.unit_N.tolist(), table.rater_N.tolist()) == ([1, 0, 1], [1, 0, 0])
    left = table.without([70])
    assert (left.value_N.tolist(), left.time_N.tolist(), left.active_ms_N.tolist()) == ([0.2, 0.3], [1, 2], [20, 30])
    far = rating_table([10**15, 7, 10**15], [-3, -3, 2**40], [0.1, 0.2, 0.3])
    assert (far.units_U.tolist(), far.raters_R.tolist()) == ([7, 10**15], [-3, 2**40])


def test_times_may_be_dates():
    dates = np.array(["2026-01-05T00:00:01.5", "1970-01-01"], dtype="datetime64[ms]")
    assert rating_table([1, 2], [1, 1], [0.1, 0.2], times=dates).time_N.tolist() == [1767571201.5, 0.0]
    with pytest.raises(ValueError, match="one of the times is missing"):
        rating_table([1], [1], [0.1], times=np.array(["NaT"], dtype="datetime64[s]"))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"units": [1, 2], "raters": [1], "values": [0.1, 0.2]}, "2 units, 1 raters"),
        ({"units": [1, 2], "raters": [1, 1], "values": [0.1]}, r"2 units, but values of shape \(1,\)"),
        ({"units": [1], "raters": [1], "values": [float("nan")]}, "one of the values is not a finite number"),
        ({"units": [1], "raters": [1], "values": [0.1], "times": [1, 2]}, "times of shape"),
        ({"units": [8, 9, 8], "raters": ["x", "y", "x"], "values": [0.1, 0.2, 0.3]}, "rater x rated 8 more than once"),
        ({"units": [[1]], "raters": [1], "values": [0.1]}, "must be flat lists"),
    ],
)
def test_ratings_that_make_no_sense_are_refused_in_words(columns, words):
    with pytest.raises(ValueError, match=words):
        rating_table(**columns)


def test_a_rater_who_rated_nothing_cannot_be_left_out():
    with pytest.raises(ValueError, match="no rating here is of rater 9"):
        rating_table([1], [1], [0.1]).without([9])
