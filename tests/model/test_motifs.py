"""That the planted motifs say what their page says, and that the oracle of the corpus reads what can be read."""

from __future__ import annotations

import numpy as np
import pytest

from bench.learning import BAND, with_votes
from bench.legibility import coherences, picture_statistics, read_off
from bench.qualities import gains
from model import metrics
from tests.model.motifs import motif_world


def test_neither_side_of_the_motifs_alone_says_anything() -> None:
    _, truth_PC = motif_world(seed=3, paintings=400, clips=300, pairs=2000)
    assert truth_PC.std() == pytest.approx(0.2, abs=0.02)
    assert truth_PC.mean(axis=1).std() < 0.03
    assert truth_PC.mean(axis=0).std() < 0.03


def test_the_motifs_take_six_products_and_no_fewer() -> None:
    """Five leave a sixth of the variance."""
    _, truth_PC = motif_world(seed=3, paintings=400, clips=300, pairs=2000)
    strengths = np.square(np.linalg.svd(truth_PC - 0.5, compute_uv=False))
    assert strengths[:6].sum() / strengths.sum() > 0.97
    assert strengths[:5].sum() / strengths.sum() < 0.9


def test_votes_are_between_ambiguous_pairs_of_one_painting_and_mostly_right() -> None:
    dataset, truth_PC = motif_world(seed=3, paintings=60, clips=100, pairs=3000)
    asked = with_votes(dataset, truth_PC, seed=3)
    pairs, tasks = asked.pairs, asked.preferences
    assert len(tasks) > 100
    for rows in (tasks.preferred, tasks.other):
        assert ((pairs.score[rows] >= BAND[0]) & (pairs.score[rows] <= BAND[1])).all()
    assert (pairs.painting[tasks.preferred] == pairs.painting[tasks.other]).all()
    true = [truth_PC[pairs.painting[rows], pairs.clip[rows]] for rows in (tasks.preferred, tasks.other)]
    assert 0.55 < (metrics.preference_accuracy(*true) or 0) < 0.95


def test_the_oracle_reads_brightness_off_pictures_and_no_more_than_is_there() -> None:
    generator = np.random.default_rng(0)
    brightness, hidden = generator.uniform(0.2, 0.8, (2, 120))
    pictures = brightness[:, None, None, None] + generator.normal(0, 0.05, (120, 16, 16, 3))
    known, new = np.arange(90), np.arange(90, 120)
    read = read_off(picture_statistics(pictures, scales=(1, 2)), np.stack([brightness, hidden], axis=1), known, new)
    assert np.corrcoef(read[:, 0], brightness[new])[0, 1] > 0.95
    assert abs(np.corrcoef(read[:, 1], hidden[new])[0, 1]) < 0.5


def test_what_a_model_matches_is_told_apart_by_quality() -> None:
    """Logits that hold the first product whole, the second by half, and much of either side alone."""
    generator = np.random.default_rng(0)
    painting_PQ, clip_CQ = generator.uniform(0, 1, (80, 6)), generator.uniform(0, 1, (50, 6))
    true_PC = coherences(painting_PQ, clip_CQ).reshape(80, 50)
    u_PQ, w_CQ = 2 * painting_PQ - 1, 2 * clip_CQ - 1
    logit_PC = 6.15 * (0.26 * np.outer(u_PQ[:, 0], w_CQ[:, 0]) + 0.08 * np.outer(u_PQ[:, 1], w_CQ[:, 1]))
    logit_PC += generator.normal(size=(80, 1)) + generator.normal(size=(1, 50))
    found, explained = gains(logit_PC, true_PC, painting_PQ, clip_CQ)
    np.testing.assert_allclose(found, [1, 0.5, 0, 0, 0, 0], atol=1e-3)
    assert explained == pytest.approx(1)
    _, noisy = gains(logit_PC + generator.normal(size=(80, 50)), true_PC, painting_PQ, clip_CQ)
    assert noisy < 0.5
