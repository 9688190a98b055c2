"""Screening by BT.500: as the Recommendation says it, by plain loops, on real matrices and on sparse ones."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sureal.dataset_reader import RawDatasetReader
from sureal.subjective_model import SubjrejMosModel

from mpd_builder.statistics.ratings import rating_table
from mpd_builder.statistics.screening import LEAST_RATERS, Method, screen
from tests.mpd_builder.annotation_files import read_long
from tests.mpd_builder.simulated_ratings import sparse_ratings

COMPLETE = [
    "nflx_public_79x26",
    "nflx_public_79x30_last4_outliers",
    "vqeg_frtv_525_high_90x70",
    "vqeg_frtv_525_low_90x70",
    "vqeg_frtv_625_low_78x70",
]


def matrix_of(table):
    matrix = np.full((table.n_units, table.n_raters), np.nan)
    matrix[table.unit_N, table.rater_N] = table.value_N
    return matrix


def by_loops(matrix, *, degrees_lost):
    """(P, Q, N) of each rater, from BT.500's text; `degrees_lost` is 1 there, 0 in the package `sureal`."""
    found = np.zeros((matrix.shape[1], 3), dtype=int)
    for row in matrix:
        values = [value for value in row if not math.isnan(value)]
        n, mean = len(values), sum(values) / len(values)
        squares = sum((value - mean) ** 2 for value in values)
        spread = math.sqrt(squares / (n - degrees_lost))
        kurtosis = n * sum((value - mean) ** 4 for value in values) / squares**2 if squares else 0.0
        far = (2.0 if 2 <= kurtosis <= 4 else math.sqrt(20)) * spread
        for rater, value in enumerate(row):
            found[rater, 0] += bool(squares and value >= mean + far)
            found[rater, 1] += bool(squares and value <= mean - far)
            found[rater, 2] += not math.isnan(value)
    return found


def rejected(counts):
    return [
        rater
        for rater, (above, below, n) in enumerate(counts.tolist())
        if above + below > 0.05 * n and abs(above - below) < 0.3 * (above + below)
    ]


def sureals(matrix):
    videos = [
        {"content_id": 0, "asset_id": unit, "path": f"video {unit}", "os": list(row)} for unit, row in enumerate(matrix)
    ]
    reader = RawDatasetReader(
        SimpleNamespace(ref_videos=[{"content_id": 0, "path": "reference"}], dis_videos=videos, ref_score=None)
    )
    with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
        result = SubjrejMosModel(reader).run_modeling()
    return np.flatnonzero(result["observer_rejected"]).tolist()


@pytest.mark.parametrize("name", COMPLETE)
def test_proposals_are_those_of_the_recommendation(shared_corpus, name):
    """The loops give what `sureal` rejects with its spread, over n, and what we propose with BT.500's, over n - 1."""
    table = rating_table(*read_long(shared_corpus / "annotations" / f"ratings_{name}.csv"))
    matrix = matrix_of(table)
    assert rejected(by_loops(matrix, degrees_lost=0)) == sureals(matrix)
    found = screen(table)
    assert found.method is Method.BT500
    counts = by_loops(matrix, degrees_lost=1)
    assert [(one.far_above, one.far_below, one.n_judged) for one in found.raters] == list(map(tuple, counts.tolist()))
    assert [one.rater for one in found.proposed] == [table.raters_R[code] for code in rejected(counts)]


def test_loops_agree_where_every_unit_has_other_raters(shared_corpus):
    table = rating_table(*read_long(shared_corpus / "annotations" / "ratings_long_agh_tv_320.csv"))
    counts = by_loops(matrix_of(table), degrees_lost=1)
    found = screen(table)
    assert [(one.far_above, one.far_below, one.n_judged) for one in found.raters] == list(map(tuple, counts.tolist()))


def test_the_known_outliers_are_proposed_with_one_spread_for_all(shared_corpus):
    path = shared_corpus / "annotations" / "ratings_nflx_public_79x30_last4_outliers.csv"
    proposed = [one.rater for one in screen(rating_table(*read_long(path)), method=Method.COMMON).proposed]
    assert set(proposed) >= {"r27", "r28", "r29", "r30"}
    assert len(proposed) <= 5


def test_of_five_ratings_none_is_far_by_their_own_spread():
    """Why few ratings need one spread for all: 4 / sqrt(5) = 1.79 is the most that one of five can be away."""
    values = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    assert (values[4] - values.mean()) / values.std(ddof=1) == pytest.approx(4 / math.sqrt(5))
    noise = np.full(35, 0.06)
    noise[4] = 0.3
    table = sparse_ratings(1500, noise=noise, seed=2).table
    assert rejected(by_loops(matrix_of(table), degrees_lost=1)) == []
    found = screen(table)
    assert found.method is Method.COMMON
    assert [one.rater for one in found.proposed] == [4]
    assert "% of" in found.proposed[0].reason
    assert found.proposed[0].n_judged == (table.rater_N == 4).sum()


def test_who_is_only_shifted_stays():
    bias = np.zeros(35)
    bias[7] = 0.3
    found = screen(sparse_ratings(1500, noise=0.06, bias=bias, seed=2).table)
    shifted = found.raters[7]
    assert shifted.far_above > 0.5 * shifted.n_judged
    assert (shifted.far_below, shifted.is_proposed) == (0, False)


def test_ordinary_raters_are_not_proposed():
    found = screen(sparse_ratings(3000, noise=0.08, seed=5).table)
    assert found.proposed == ()
    far = sum(one.far_above + one.far_below for one in found.raters) / sum(one.n_judged for one in found.raters)
    assert far == pytest.approx(0.0455, abs=0.004)


def test_the_spread_of_each_pair_is_taken_from_fifteen_ratings_on():
    few, many = (sparse_ratings(60, n_raters=20, per_unit=n).table for n in (LEAST_RATERS - 1, LEAST_RATERS))
    assert screen(few).method is Method.COMMON
    assert screen(many).method is Method.BT500
    assert screen(few, method=Method.BT500).raters == ()


def test_where_all_agree_nobody_is_far():
    table = rating_table(np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4), np.repeat([0.1, 0.4, 0.4, 0.9], 3))
    found = screen(table)
    assert [(one.far_above, one.far_below, one.reason) for one in found.raters] == [(0, 0, None)] * 3
    assert screen(rating_table([], [], [])).raters == ()
