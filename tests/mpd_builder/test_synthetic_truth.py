"""Latent qualities and the known function that makes them the truth."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from mpd_builder import records
from mpd_builder.synthetic.latents import QUALITIES, Latents, drift, spread
from mpd_builder.synthetic.truth import WEIGHTS, Truth, coherence

MIDDLE = Latents(0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
BOLD = Latents(1.0, 1.0, 0.0, 1.0, 0.0, 1.0)
OPPOSITE = Latents(0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
PAINTING_SHA = hashlib.sha256(b"painting").hexdigest()
TRACK_SHA = hashlib.sha256(b"track").hexdigest()


def _random_truths(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The truth of `count` random pairs of a large corpus, and the index of each pair's painting."""
    rng = np.random.default_rng(seed)
    paintings, clips = spread(300, rng), spread(300, rng)
    chosen = rng.integers(300, size=(count, 2))
    return np.array([coherence(paintings[p], clips[c]) for p, c in chosen]), chosen[:, 0]


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_quality_outside_its_range_is_refused_by_name(value: float) -> None:
    with pytest.raises(ValueError, match="tension"):
        Latents(0.5, 0.5, 0.5, value, 0.5, 0.5)


def test_even_a_few_works_cover_every_quality() -> None:
    values = np.array([item.as_array() for item in spread(10, np.random.default_rng(3))])
    assert (values.min(axis=0) < 0.1).all()
    assert (values.max(axis=0) > 0.9).all()
    assert np.abs(values.mean(axis=0) - 0.5).max() < 0.05


def test_drift_stays_near_and_inside() -> None:
    rng = np.random.default_rng(1)
    moved = np.array([drift(BOLD, rng, amount=0.06).as_array() for _ in range(200)])
    assert moved.min() >= 0.0
    assert moved.max() <= 1.0
    assert 0.01 < np.abs(moved - BOLD.as_array()).mean() < 0.06


def test_the_weights_share_out_the_whole() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    assert tuple(WEIGHTS) == QUALITIES


def test_equals_belong_together_and_opposites_do_not() -> None:
    assert coherence(BOLD, BOLD) > 0.98
    assert coherence(BOLD, OPPOSITE) < 0.01
    assert coherence(BOLD, BOLD) > coherence(MIDDLE, MIDDLE) > coherence(BOLD, MIDDLE) > coherence(BOLD, OPPOSITE)


def test_it_does_not_matter_which_of_the_two_is_the_painting() -> None:
    first, second = spread(2, np.random.default_rng(5))
    assert coherence(first, second) == coherence(second, first)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_pairs_spread_as_the_published_figures_need(seed: int) -> None:
    truths, _ = _random_truths(6000, seed)
    assert truths.mean() == pytest.approx(0.5, abs=0.015)
    assert truths.std() == pytest.approx(0.222, abs=0.01)
    assert 0.2 < ((truths > 0.4) & (truths < 0.6)).mean() < 0.4
    middle, shoulder, end = (((truths > low) & (truths < low + 0.2)).mean() for low in (0.4, 0.2, 0.0))
    assert middle > shoulder > end > 0.02


def test_a_painting_alone_says_little_about_its_pairs() -> None:
    truths, painting = _random_truths(20_000, 4)
    own_mean = np.array([truths[painting == index].mean() for index in range(300)])
    assert np.corrcoef(own_mean[painting], truths)[0, 1] < 0.25


def test_a_truth_comes_back_from_its_file(tmp_path: Path) -> None:
    clips = tuple(spread(3, np.random.default_rng(2)))
    truth = Truth(paintings={PAINTING_SHA: BOLD}, tracks={TRACK_SHA: clips})
    truth.save(tmp_path / "truth.json")
    assert Truth.load(tmp_path / "truth.json") == truth
    assert truth.coherence(PAINTING_SHA, TRACK_SHA, 2) == coherence(BOLD, clips[2])


def test_the_truth_of_a_pair_is_found_by_its_ids() -> None:
    clips = tuple(spread(3, np.random.default_rng(2)))
    truth = Truth(paintings={PAINTING_SHA: BOLD}, tracks={TRACK_SHA: clips})
    painting, clip = records.painting_id(PAINTING_SHA), records.clip_id(TRACK_SHA, 1)
    pair = records.Pair(records.pair_id(painting, clip), painting, clip)
    assert truth.by_pair([pair]) == {pair.id: coherence(BOLD, clips[1])}


def test_what_is_not_of_the_corpus_has_no_truth() -> None:
    truth = Truth(paintings={PAINTING_SHA: BOLD}, tracks={TRACK_SHA: (BOLD,)})
    with pytest.raises(KeyError, match="no synthetic painting"):
        truth.coherence(TRACK_SHA, TRACK_SHA, 0)
    with pytest.raises(KeyError, match="no synthetic track"):
        truth.coherence(PAINTING_SHA, PAINTING_SHA, 0)
    with pytest.raises(KeyError, match="1 synthetic clips, no clip 1"):
        truth.coherence(PAINTING_SHA, TRACK_SHA, 1)
    with pytest.raises(KeyError, match="does not carry ids"):
        truth.by_pair([records.Pair("x.y", "x", "y")])


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1, "qualities": ["charm"]}', "[1]", '{"format": 99}'])
def test_a_file_that_is_no_truth_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "truth.json").write_text(content)
    with pytest.raises(ValueError, match=r"truth\.json"):
        Truth.load(tmp_path / "truth.json")
