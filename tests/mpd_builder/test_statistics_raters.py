"""Each rater's figures: against SciPy and plain loops, and against traits that were planted."""

from __future__ import annotations

from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mpd_builder.rater_statistics import rater_statistics, retest_statistics
from mpd_builder.reliability import krippendorff_alpha, unit_sums
from mpd_builder.statistics.drift import BAND_ERRORS, LEAST_IN_A_BLOCK, MOST_BLOCKS
from mpd_builder.statistics.flags import FlagKind
from mpd_builder.statistics.left_out import alphas_without_each
from mpd_builder.statistics.raters import rater_figures
from mpd_builder.statistics.ratings import rating_table
from tests.mpd_builder.simulated_ratings import sparse_ratings

CELLS = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(0, 4)), st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=1
)


def compared_with(table, rater):
    """This rater's values, and the others' means, over the units that others rated too: by loops."""
    mine, others = [], []
    rows = list(zip(table.unit_N.tolist(), table.rater_N.tolist(), table.value_N.tolist(), strict=True))
    for unit, who, value in rows:
        rest = [v for u, w, v in rows if u == unit and w != who]
        if who == rater and rest:
            mine.append(value)
            others.append(fmean(rest))
    return mine, others


def test_figures_are_scipys_on_unbalanced_data():
    planted = sparse_ratings(
        120, n_raters=8, per_unit=4, unequal=True, seed=2, active_ms=lambda units, *_: 9000.0 + 97 * (units % 190)
    )
    table = planted.table
    for code, found in enumerate(rater_figures(table, too_fast_ms=15_000)):
        mine, others = compared_with(table, code)
        times = table.active_ms_N[table.rater_N == code].tolist()
        line = stats.linregress(others, mine)
        residuals = np.array(mine) - line.intercept - line.slope * np.array(others)
        assert found.n_compared == len(mine)
        assert found.bias == pytest.approx(fmean(mine) - fmean(others), abs=1e-12)
        assert found.slope == pytest.approx(line.slope, abs=1e-10)
        assert found.spread == pytest.approx(np.std(mine) / np.std(others), abs=1e-10)
        assert found.agreement == pytest.approx(line.rvalue, abs=1e-10)
        assert found.inconsistency == pytest.approx(np.sqrt((residuals**2).sum() / (len(mine) - 2)), abs=1e-10)
        assert found.median_active_ms == median(times)
        assert found.share_too_fast == pytest.approx(np.mean(np.array(times) < 15_000))


def test_the_same_bias_and_agreement_as_the_older_statistics():
    table = sparse_ratings(80, n_raters=9, unequal=True, seed=4).table
    older = rater_statistics(table.unit_N, table.rater_N, table.value_N)
    for one, found in zip(older, rater_figures(table), strict=True):
        assert (found.rater, found.n_ratings, found.n_compared) == (one.rater, one.n_ratings, one.n_compared)
        assert (found.mean, found.bias, found.agreement) == tuple(
            map(pytest.approx, (one.mean, one.bias, one.agreement))
        )


@given(CELLS)
def test_alpha_without_a_rater_is_alpha_of_the_others_ratings(cells):
    units, raters = zip(*cells, strict=True)
    table = rating_table(units, raters, list(cells.values()))
    found = alphas_without_each(table, unit_sums(table.unit_N, table.value_N))
    for code, name in enumerate(table.raters_R.tolist()):
        kept = [(unit, value) for (unit, rater), value in cells.items() if rater != name]
        expected = krippendorff_alpha([unit for unit, _ in kept], [value for _, value in kept]).value
        assert found[code] == (
            pytest.approx(expected, abs=1e-9) if expected is not None else pytest.approx(np.nan, nan_ok=True)
        )


def test_alpha_without_a_rater_is_told_with_its_gain():
    noise = np.full(10, 0.08)
    noise[3] = 0.5
    table = sparse_ratings(300, n_raters=10, noise=noise, seed=6).table
    alpha = krippendorff_alpha(table.unit_N, table.value_N).value
    raters = rater_figures(table)
    for found in raters:
        left = table.without([found.rater])
        assert found.alpha_without == pytest.approx(krippendorff_alpha(left.unit_N, left.value_N).value, abs=1e-9)
        assert found.alpha_gain == pytest.approx(found.alpha_without - alpha, abs=1e-12)
    assert max(raters, key=lambda one: one.alpha_gain).rater == 3


def test_planted_bias_scale_use_and_noise_are_found():
    """Sixty raters, so that the others of a pair are ordinary ones. Rater 0 is lenient, 1 uses 40 %, 2 strays."""
    bias, scale, noise = np.zeros(60), np.zeros(60), np.full(60, 0.08)
    bias[0], scale[1], noise[2] = 0.11, -0.6, 0.24
    found = rater_figures(sparse_ratings(6000, n_raters=60, bias=bias, scale=scale, noise=noise, seed=8).table)
    assert found[0].bias == pytest.approx(0.11, abs=0.015)
    assert found[1].scale_use == pytest.approx(0.4, abs=0.04)
    assert fmean(one.scale_use for one in found[3:]) == pytest.approx(1.0, abs=0.02)
    assert found[2].inconsistency > 2.2 * median(one.inconsistency for one in found)
    assert [flag.words for flag in found[0].flags] == [f"rates {found[0].bias:.2f} higher than peers"]
    assert f"uses {round(100 * found[1].scale_use)} % of the scale" in [flag.words for flag in found[1].flags]


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_scale_use_is_one_for_an_ordinary_rater_however_much_the_others_err(noise):
    """With much noise and few others the plain slope is far below 1: their mean is a poor yardstick."""
    found = rater_figures(sparse_ratings(8000, n_raters=20, per_unit=3, noise=noise, unequal=True, seed=9).table)
    assert fmean(one.scale_use for one in found) == pytest.approx(1.0, abs=0.03)
    if noise == 0.2:
        assert fmean(one.slope for one in found) < 0.75


def test_a_rater_whom_nobody_shares_a_pair_with_has_no_figures_but_their_own():
    (found,) = rater_figures(rating_table([1, 2, 3], [5, 5, 5], [0.1, 0.2, 0.6]))
    assert (found.rater, found.n_ratings, found.n_compared, found.mean) == (5, 3, 0, pytest.approx(0.3))
    rest = (found.bias, found.slope, found.spread, found.scale_use, found.inconsistency, found.agreement)
    assert rest == (None,) * 6
    assert (found.median_active_ms, found.share_too_fast, found.drift, found.retest) == (None,) * 4
    assert (found.alpha_without, found.alpha_gain, found.flags) == (None, None, ())


def test_no_ratings_have_no_raters():
    assert rater_figures(rating_table([], [], [])) == ()


def test_retests_are_joined_by_the_rater():
    table = sparse_ratings(30, n_raters=6).table
    found = rater_figures(table, retests=retest_statistics([2, 2, 4], [0.1, 0.5, 0.2], [0.2, 0.4, 0.2]))
    assert found[2].retest.difference == pytest.approx(0.1)
    assert (found[4].retest.n_repeats, found[0].retest) == (1, None)


def drifting(values_of, *, n=240, seed=1):
    """Rater 0 against a panel of steady ones, with `values_of(share of the time gone)` added to their ratings."""
    rng = np.random.default_rng(seed)
    units, raters = np.repeat(np.arange(n), 5), np.tile(np.arange(5), n)
    times = 1e9 + 60.0 * units + raters
    values = 0.5 + 0.2 * rng.normal(size=n)[units] + 0.05 * rng.normal(size=5 * n)
    values[raters == 0] += values_of(np.arange(n) / n)
    shuffled = rng.permutation(5 * n)  # the order of the rows means nothing
    columns = [column[shuffled] for column in (units, raters, values, times)]
    return rater_figures(rating_table(*columns[:3], times=columns[3]))[0]


def drift_flags(found):
    return [flag.words for flag in found.flags if flag.kind is FlagKind.DRIFT]


def test_a_drift_shows_block_by_block():
    found = drifting(lambda gone: 0.2 * gone)
    drift = found.drift
    assert len(drift.blocks) == min(MOST_BLOCKS, 240 // LEAST_IN_A_BLOCK)
    assert [block.n for block in drift.blocks] == [20] * 12
    assert drift.centre == pytest.approx(found.bias, abs=1e-12)
    assert drift.shift == pytest.approx(0.2 * 11 / 12, abs=0.04)
    assert (drift.blocks[0].is_outside, drift.blocks[-1].is_outside) == (True, True)
    assert (drift.blocks[0].start, drift.blocks[0].end) == (1e9, 1e9 + 60 * 19)
    assert all(one.end < other.start for one, other in zip(drift.blocks, drift.blocks[1:], strict=False))
    assert drift_flags(found) == [f"rates {drift.shift:.2f} higher at the end than at the start"]


def test_blocks_and_band_worked_by_loops():
    found = drifting(lambda gone: 0.1 * (gone > 0.5), n=103)
    units = np.arange(103)
    rng = np.random.default_rng(1)
    values = (0.5 + 0.2 * rng.normal(size=103)[np.repeat(units, 5)] + 0.05 * rng.normal(size=515)).reshape(103, 5)
    values[:, 0] += 0.1 * (units / 103 > 0.5)
    differences = values[:, 0] - values[:, 1:].mean(axis=1)
    blocks = [differences[(units * 5) // 103 == index] for index in range(5)]
    within = np.sqrt(sum(((block - block.mean()) ** 2).sum() for block in blocks) / (103 - 5))
    assert [block.bias for block in found.drift.blocks] == pytest.approx([block.mean() for block in blocks])
    for block, values_of_block in zip(found.drift.blocks, blocks, strict=True):
        margin = BAND_ERRORS * within / np.sqrt(len(values_of_block))
        assert (block.low, block.high) == (pytest.approx(found.bias - margin), pytest.approx(found.bias + margin))


def test_a_steady_rater_stays_within_the_band():
    outside = [drifting(lambda gone: 0.05 + 0 * gone, seed=seed).drift.n_outside for seed in range(20)]
    assert sum(outside) <= 4  # 240 blocks, of which 0.27 % by chance
    assert drift_flags(drifting(lambda gone: 0.05 + 0 * gone)) == []


def test_too_few_ratings_for_two_blocks_have_no_drift():
    assert drifting(lambda gone: gone, n=2 * LEAST_IN_A_BLOCK).drift is not None
    assert drifting(lambda gone: gone, n=2 * LEAST_IN_A_BLOCK - 1).drift is None
