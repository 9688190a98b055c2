"""That the planted motifs say what their page says, and that the oracle of the corpus reads what can be read."""

from __future__ import annotations

import numpy as np
import pytest

from bench.learning import BAND, with_votes
from bench.legibility import picture_statistics, read_off
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
