"""The rater model: equal to the reference package on real matrices, and true to what was planted in sparse ones."""

from __future__ import annotations

import contextlib
import io
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sureal.dataset_reader import RawDatasetReader
from sureal.subjective_model import SubjectMLEModelProjectionSolver

from mpd_builder.aggregation import score_units
from mpd_builder.statistics.model import FLOOR, LEAST_COMPARED, rater_model
from mpd_builder.statistics.ratings import rating_table
from tests.mpd_builder.annotation_files import read_long
from tests.mpd_builder.simulated_ratings import sparse_ratings

SUREALS_TOLERANCE = 1e-4  # four places, in its own tests
MATRICES = [
    "krippendorff2011_12x4",
    "wine_bitterness_8x9",
    "expsy_30x3",
    "nflx_public_79x26",
    "nflx_public_79x30_last4_outliers",
    "vqeg_frtv_525_high_90x70",
    "vqeg_frtv_525_low_90x70",
    "vqeg_frtv_625_low_78x70",
    "long_agh_tv_320",
]


def sureals(table):
    """Qualities, biases and inconsistencies by the package `sureal`, by its alternating projection."""
    matrix = np.full((table.n_units, table.n_raters), np.nan)
    matrix[table.unit_N, table.rater_N] = table.value_N
    videos = [
        {"content_id": 0, "asset_id": unit, "path": f"video {unit}", "os": list(row)} for unit, row in enumerate(matrix)
    ]
    reference = {"content_id": 0, "path": "reference"}
    reader = RawDatasetReader(SimpleNamespace(ref_videos=[reference], dis_videos=videos, ref_score=None))
    with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
        result = SubjectMLEModelProjectionSolver(reader).run_modeling()
    return tuple(np.array(result[name]) for name in ("quality_scores", "observer_bias", "observer_inconsistency"))


@pytest.mark.parametrize("name", MATRICES)
def test_estimates_are_the_reference_packages_on_real_matrices(shared_corpus, name):
    """On two small ordinal matrices the likelihood has no bound: only without our floor can both end at one place."""
    table = rating_table(*read_long(shared_corpus / "annotations" / f"ratings_{name}.csv"))
    model = rater_model(table, restricted=False, floor=1e-6)
    qualities, biases, inconsistencies = sureals(table)
    assert model.converged
    assert model.qualities == pytest.approx(qualities, abs=SUREALS_TOLERANCE)
    assert model.biases == pytest.approx(biases, abs=SUREALS_TOLERANCE)
    assert model.inconsistencies == pytest.approx(inconsistencies, abs=SUREALS_TOLERANCE)
    if model.inconsistencies.min() > 0.2 * np.median(model.inconsistencies):  # our floor is far away
        assert rater_model(table, restricted=False).qualities == pytest.approx(qualities, abs=SUREALS_TOLERANCE)


@pytest.mark.parametrize("name", ["nflx_public_79x26", "vqeg_frtv_525_low_90x70"])
def test_with_many_ratings_a_unit_the_restricted_likelihood_says_the_same(shared_corpus, name):
    table = rating_table(*read_long(shared_corpus / "annotations" / f"ratings_{name}.csv"))
    full, restricted = rater_model(table, restricted=False), rater_model(table)
    spread = table.value_N.std()
    assert restricted.qualities == pytest.approx(full.qualities, abs=0.01 * spread)
    assert restricted.biases == pytest.approx(full.biases, abs=1e-9)
    assert restricted.inconsistencies == pytest.approx(full.inconsistencies, rel=0.06)


def test_with_few_ratings_a_unit_the_full_likelihood_makes_one_rater_infallible():
    """Rater 0 errs by 0.05. The reference package and our `restricted=False` both let that run towards nothing."""
    noise = np.linspace(0.05, 0.15, 12)
    planted = sparse_ratings(600, n_raters=12, bias=np.linspace(-0.1, 0.1, 12), noise=noise)
    assert sureals(planted.table)[2][0] < 0.005
    assert rater_model(planted.table, restricted=False, floor=1e-3).inconsistencies[0] < 0.005
    assert rater_model(planted.table).inconsistencies == pytest.approx(noise, rel=0.15)


@pytest.mark.parametrize("unequal", [False, True])
def test_planted_bias_and_inconsistency_come_back_from_five_of_thirty_five(unequal):
    rng = np.random.default_rng(3)
    bias = rng.normal(0, 0.05, 35)
    bias -= bias.mean()
    noise = rng.uniform(0.05, 0.16, 35)
    planted = sparse_ratings(6000, bias=bias, noise=noise, unequal=unequal, seed=4)
    model = rater_model(planted.table)
    assert (model.converged, model.components) == (True, 1)
    assert model.biases == pytest.approx(bias, abs=0.02)
    assert (model.biases - bias).std() < 0.006
    assert model.inconsistencies == pytest.approx(noise, rel=0.15)  # 4 % is its error
    assert np.mean(model.inconsistencies / noise) == pytest.approx(1.0, abs=0.015)
    present = np.isfinite(model.qualities)
    truth = planted.truth[planted.table.units_U]  # some units have lost all their ratings
    off = (model.qualities - truth)[present]
    scores = score_units(planted.table.unit_N, planted.table.value_N, least=3)
    assert off[scores.units].std() < (scores.trimmed - truth[scores.units]).std()
    z = off / model.errors[present]
    assert z.std() == pytest.approx(1.0, abs=0.06)  # the errors are as large as they say


def test_raters_without_a_unit_in_common_are_told_apart():
    left, right = sparse_ratings(200, n_raters=6, seed=1).table, sparse_ratings(200, n_raters=6, seed=2).table
    table = rating_table(
        np.concatenate([left.unit_N, right.unit_N + 200]),
        np.concatenate([left.rater_N, right.rater_N + 6]),
        np.concatenate([left.value_N, right.value_N + 0.2]),
    )
    model = rater_model(table)
    assert model.components == 2
    assert model.biases[:6].mean() == pytest.approx(0.0, abs=1e-12)
    assert model.biases[6:].mean() == pytest.approx(0.0, abs=1e-12)  # their common 0.2 counts as quality
    assert model.qualities[:200] == pytest.approx(rater_model(left).qualities, abs=0.01)


def test_a_rating_alone_counts_less_its_raters_bias():
    planted = sparse_ratings(400, n_raters=8, per_unit=4, bias=[0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.2], seed=3)
    table = planted.table
    alone = rating_table(
        np.append(table.unit_N, [400, 401]), np.append(table.rater_N, [0, 8]), np.append(table.value_N, [0.7, 0.4])
    )
    model = rater_model(alone)
    assert model.qualities[400] == pytest.approx(0.7 - model.biases[0])
    assert model.errors[400] == pytest.approx(model.inconsistencies[0])
    assert model.qualities[401] == 0.4  # nothing is known of a rater who shares no unit
    assert np.isnan([model.errors[401], model.biases[8], model.inconsistencies[8]]).all()
    assert model.biases[:8] == pytest.approx(rater_model(table).biases, abs=1e-9)


def test_a_rater_with_hardly_any_ratings_has_the_common_inconsistency():
    table = sparse_ratings(300, n_raters=6, per_unit=4, seed=2).table
    few = np.flatnonzero(table.rater_N == 5)[: LEAST_COMPARED - 1]
    kept = (table.rater_N != 5) | np.isin(np.arange(len(table)), few)
    model = rater_model(table.kept(kept))
    others = model.inconsistencies[:5]
    assert others.min() < model.inconsistencies[5] < others.max()
    assert model.converged


def test_nobody_becomes_infallible():
    """Rater 0 and rater 1 alone share units and agree exactly: without a floor their word would be law."""
    planted = sparse_ratings(300, n_raters=5, per_unit=3, seed=6)
    table = planted.table
    twins = np.repeat(np.arange(300, 340), 2)
    values = np.repeat(np.random.default_rng(1).random(40), 2)
    both = rating_table(
        np.append(table.unit_N, twins), np.append(table.rater_N, np.tile([0, 1], 40)), np.append(table.value_N, values)
    )
    for model in (rater_model(both), rater_model(both, restricted=False)):
        assert model.converged
        assert model.inconsistencies.min() >= FLOOR * 0.5 * model.inconsistencies.max()
        assert np.isfinite(model.qualities).all()


@pytest.mark.parametrize("values", [[0.5] * 6, [0.2, 0.2, 0.5, 0.5, 0.9, 0.9]], ids=["one value", "agreement"])
def test_without_any_error_qualities_are_the_ratings(values):
    model = rater_model(rating_table([0, 0, 1, 1, 2, 2], [0, 1] * 3, values))
    assert model.qualities == pytest.approx(values[::2])
    assert model.biases == pytest.approx([0.0, 0.0])
    assert model.inconsistencies == pytest.approx([0.0, 0.0], abs=1e-12)
    assert model.errors == pytest.approx([0.0] * 3, abs=1e-12)
    assert model.converged


def test_no_ratings_are_no_model():
    model = rater_model(rating_table([], [], []))
    assert (len(model.qualities), len(model.biases), model.components, model.converged) == (0, 0, 0, True)


def test_a_walk_that_is_cut_short_says_so():
    model = rater_model(sparse_ratings(200, bias=np.linspace(-0.1, 0.1, 35)).table, most_rounds=2)
    assert (model.rounds, model.converged) == (2, False)
