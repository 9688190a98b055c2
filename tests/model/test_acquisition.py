from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from model.acquisition import Certainty, Choice, LinearCertainty, Reason, choose

VARIANCE = np.array([0.1, 0.9, 0.8, 0.7, 0.2, 0.6])
PAINTINGS = ["a", "a", "a", "b", "b", "c"]
CLIPS = ["x", "y", "z", "x", "y", "z"]


def rows(chosen: list[Choice]) -> list[int]:
    return [choice.row for choice in chosen]


def test_the_least_certain_come_first() -> None:
    chosen = choose(Certainty(VARIANCE), PAINTINGS, CLIPS, count=4, per_painting=6, per_clip=6, control_share=0, seed=0)
    assert rows(chosen) == [1, 2, 3, 5]
    assert {choice.reason for choice in chosen} == {Reason.UNCERTAIN}


def test_no_painting_and_no_clip_fills_the_list() -> None:
    """Row 2 falls to the cap on painting a, row 4 to that on clip y, row 0 to both."""
    chosen = choose(Certainty(VARIANCE), PAINTINGS, CLIPS, count=6, per_painting=1, per_clip=1, control_share=0, seed=0)
    assert rows(chosen) == [1, 3, 5]


@pytest.mark.parametrize("seed", range(3))
def test_the_control_share_is_exact_random_and_seeded(seed: int) -> None:
    generator = np.random.default_rng(seed)
    paintings, clips = generator.integers(0, 30, 500).tolist(), generator.integers(0, 30, 500).tolist()

    def draw() -> list[Choice]:
        return choose(
            Certainty(np.linspace(0, 1, 500)), paintings, clips,
            count=40, per_painting=3, per_clip=3, control_share=0.25, seed=seed,
        )  # fmt: skip

    chosen = draw()
    assert chosen == draw()
    assert len(set(rows(chosen))) == 40
    control = [choice.row for choice in chosen if choice.reason is Reason.CONTROL]
    assert len(control) == 10
    assert np.mean(control) < 450 < np.mean([row for row in rows(chosen) if row not in control])
    assert max(Counter(paintings[row] for row in rows(chosen)).values()) <= 3
    assert max(Counter(clips[row] for row in rows(chosen)).values()) <= 3


def test_learning_about_one_makes_its_like_less_urgent() -> None:
    """Two twins and a stranger: after one twin the stranger comes, although the other twin was more uncertain."""
    features = np.array([[1.0, 0.0], [0.99, 0.0], [0.0, 0.8]])
    linear = LinearCertainty(features, np.eye(2), noise=0.01)
    items = ["p", "q", "r"]
    settings = {"count": 3, "per_painting": 1, "per_clip": 1, "control_share": 0.0, "seed": 0}
    assert rows(choose(linear, items, items, **settings)) == [0, 2, 1]  # type: ignore[arg-type]
    plain = Certainty(np.square(features).sum(axis=1))
    assert rows(choose(plain, items, items, **settings)) == [0, 1, 2]  # type: ignore[arg-type]


def test_a_learned_answer_is_that_of_the_posterior_with_one_more_row() -> None:
    generator = np.random.default_rng(0)
    features, noise = generator.normal(size=(6, 3)), 0.3
    precision = np.eye(3) * 2.0
    linear = LinearCertainty(features, np.linalg.inv(precision), noise)
    for row in (4, 1):
        linear.learn(row)
        precision += np.outer(features[row], features[row]) / noise
    expected = np.einsum("nk,kl,nl->n", features, np.linalg.inv(precision), features)
    np.testing.assert_allclose(linear.variance_N, expected, atol=1e-12)


def test_a_list_longer_than_the_pool_is_the_pool() -> None:
    chosen = choose(
        Certainty(VARIANCE), PAINTINGS, CLIPS, count=50, per_painting=9, per_clip=9, control_share=0.5, seed=1
    )
    assert sorted(rows(chosen)) == list(range(6))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"count": -1}, "negative"), ({"per_clip": 0}, "at least 1"), ({"control_share": 1.5}, "from 0 to 1")],
)
def test_impossible_settings_are_refused(changes: dict[str, float], words: str) -> None:
    settings = {"count": 2, "per_painting": 1, "per_clip": 1, "control_share": 0.0, "seed": 0} | changes
    with pytest.raises(ValueError, match=words):
        choose(Certainty(VARIANCE), PAINTINGS, CLIPS, **settings)  # type: ignore[arg-type]


def test_candidates_must_be_the_same_everywhere() -> None:
    with pytest.raises(ValueError, match="same candidates"):
        choose(Certainty(VARIANCE), PAINTINGS[:2], CLIPS, count=1, per_painting=1, per_clip=1, control_share=0, seed=0)
