"""What another aggregator, or fewer raters, would change: worked by hand and by loops."""

import numpy as np
import pytest

from mpd_builder.aggregation import score_units, trimmed_mean
from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.statistics.comparison import (
    MOVED_LINE,
    Aggregator,
    Change,
    change,
    compare_aggregators,
    compare_without,
)
from mpd_builder.statistics.figures import Settings
from mpd_builder.statistics.model import rater_model
from mpd_builder.statistics.ratings import rating_table
from tests.mpd_builder.simulated_ratings import sparse_ratings

SETTINGS = Settings(raters_per_pair=5, resamples=0)


def test_moves_and_crossings_worked_by_hand():
    """0.30 -> 0.35 moves by 0.05 and no more; 0.35 -> 0.41 comes in, 0.40 -> 0.39 and 0.60 -> 0.70 go out."""
    before = np.array([0.30, 0.35, 0.40, 0.60, 0.35, 0.50])
    after = np.array([0.35, 0.41, 0.39, 0.70, 0.65, 0.50])
    found = change(before, after)
    assert found == Change(6, 3, 1, 2, 1, pytest.approx(0.3), pytest.approx(0.5 / 6))
    assert found.n_crossing == 4


def test_binary_fractions_decide_nothing():
    assert 0.35 - 0.3 < 0.05 < 0.65 - 0.6  # as floats
    assert change(np.array([0.3]), np.array([0.3 + MOVED_LINE])).n_moved == 0
    assert change(np.array([0.6]), np.array([0.65])).n_moved == 0
    assert change(np.array([0.4]), np.array([0.4501])).n_moved == 1


def test_no_pairs_do_not_change():
    assert change(np.array([]), np.array([])) == Change(0, 0, 0, 0, 0, None, None)


def test_aggregators_stand_side_by_side_on_the_same_pairs():
    """One pair of five: 0.1, 0.4, 0.5, 0.6, 0.65: trimmed 0.5, mean 0.45, median 0.5; a pair of four does not count."""
    table = rating_table([1] * 5 + [2] * 4, [1, 2, 3, 4, 5, 1, 2, 3, 4], [0.1, 0.4, 0.5, 0.6, 0.65, 0.2, 0.2, 0.2, 0.9])
    scores = score_units(table.unit_N, table.value_N, least=5)
    usual, mean, middle, model = compare_aggregators(scores, rater_model(table))
    assert [one.aggregator for one in (usual, mean, middle, model)] == list(Aggregator)
    assert {one.n_pairs for one in (usual, mean, middle, model)} == {1}
    assert (usual.mean, mean.mean, middle.mean) == tuple(map(pytest.approx, (0.5, 0.45, 0.5)))
    assert (usual.change.n_moved, mean.change.n_moved, mean.change.shift) == (0, 0, pytest.approx(-0.05))
    assert usual.n_ambiguous == mean.n_ambiguous == 1
    assert [one.aggregator for one in compare_aggregators(scores)] == list(Aggregator)[:3]


def test_the_model_takes_bias_out_that_other_aggregators_leave_in():
    bias = np.where(np.arange(35) < 12, 0.25, 0.0)
    planted = sparse_ratings(800, bias=bias - bias.mean(), noise=0.05, seed=2)
    scores = score_units(planted.table.unit_N, planted.table.value_N, least=5)
    found = {one.aggregator: one for one in compare_aggregators(scores, rater_model(planted.table))}
    model = found[Aggregator.RATER_MODEL]
    assert model.change.n_moved > found[Aggregator.MEAN].change.n_moved
    moved = rater_model(planted.table).qualities[scores.units] - scores.trimmed
    assert model.change.n_moved == (np.abs(moved) > 0.05).sum()
    assert (np.abs(scores.trimmed - planted.truth) ** 2).mean() > 4 * (
        np.abs(scores.trimmed + moved - planted.truth) ** 2
    ).mean()


def test_leaving_raters_out_is_worked_by_loops():
    table = sparse_ratings(300, n_raters=9, signal=0.25, noise=0.15, seed=3).table
    out = [2, 5, 7]
    found = compare_without(table, out, settings=SETTINGS)
    rows = {}
    for unit, rater, value in zip(table.unit_N.tolist(), table.rater_N.tolist(), table.value_N.tolist(), strict=True):
        rows.setdefault(unit, {})[rater] = value
    before, after, short, lost = [], [], 0, 0
    for row in rows.values():
        left = [value for rater, value in row.items() if rater not in out]
        short += len(left) < 5
        if len(left) < 3:
            lost += 1
        else:
            before.append(trimmed_mean(list(row.values())))
            after.append(trimmed_mean(left))
    assert (found.raters, found.n_short, found.n_lost) == ((2, 5, 7), short, lost)
    assert found.n_ratings == np.isin(table.rater_N, out).sum()
    assert found.change == change(np.array(before), np.array(after))
    assert lost > 0
    kept = ~np.isin(table.rater_N, out)
    assert found.alpha_before == krippendorff_alpha(table.unit_N, table.value_N).value
    assert found.alpha_after == pytest.approx(krippendorff_alpha(table.unit_N[kept], table.value_N[kept]).value)


def test_leaving_nobody_out_changes_nothing():
    found = compare_without(sparse_ratings(50).table, [], settings=SETTINGS)
    assert (found.n_short, found.n_lost, found.change.n_moved, found.change.n_crossing) == (0, 0, 0, 0)
    assert found.alpha_before == found.alpha_after


def test_leaving_everybody_out_loses_every_pair():
    table = rating_table([1] * 5, [1, 2, 3, 4, 5], [0.1, 0.2, 0.3, 0.4, 0.5])
    found = compare_without(table, [1, 2, 3, 4, 5], settings=SETTINGS)
    assert (found.n_lost, found.change.n_pairs, found.alpha_after) == (1, 0, None)


def test_a_rater_who_rated_nothing_is_refused():
    with pytest.raises(ValueError, match="no rating here is of rater nobody"):
        compare_without(sparse_ratings(5).table, ["nobody"], settings=SETTINGS)
