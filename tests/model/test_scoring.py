"""Many pairs at once equal each pair alone; the certainty is that of Bayesian linear regression."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.interface import Judge
from model.judge import build
from model.scoring import Posterior, Scored, fit_posterior, score_matrix, score_pairs
from tests.model.factories import BANDS, FRAMES, SIZE, micro, planted_dataset

CPU = torch.device("cpu")


@pytest.fixture(params=["best", "paper", "cross-attention", "concat", "painting-only", "l3net", "acpnet", "cdcml-like"])
def module(request: pytest.FixtureRequest) -> Judge:
    torch.manual_seed(0)
    return build(micro(request.param)).eval()


def test_a_matrix_of_scores_equals_the_direct_forward(module: Judge) -> None:
    module.double()
    paintings, mels = torch.rand(5, 3, SIZE, SIZE).double(), torch.randn(4, 1, BANDS, FRAMES).double()
    scores_PM = score_matrix(module, paintings, mels, batch=2)
    direct = module(paintings.repeat_interleave(4, 0), mels.repeat(5, 1, 1, 1)).view(5, 4)
    assert scores_PM.shape == (5, 4)
    torch.testing.assert_close(scores_PM, direct, atol=1e-12, rtol=0)


def test_pairs_come_back_in_the_order_asked_for(module: Judge) -> None:
    dataset = planted_dataset()
    media = dataset.media(module.config, CPU)
    painting, clip = np.array([3, 1, 3, 0, 2]), np.array([4, 4, 0, 2, 4])
    told: list[tuple[int, int]] = []
    scored = score_pairs(
        module, media, painting, clip, batch=2, progress=lambda done, total: told.append((done, total))
    )
    with torch.no_grad():
        direct = module(media.paintings(painting), media.mels(clip))
    np.testing.assert_allclose(scored.score, direct.numpy(), atol=1e-6)
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_the_features_explain_the_score(module: Judge) -> None:
    """They are d score / d weights of the head: a small step of the weights moves the scores by features times step."""
    module.double()
    dataset = planted_dataset()
    media = dataset.media(module.config, CPU)
    painting, clip = np.arange(6), np.arange(6)
    before = score_pairs(module, media, painting, clip, batch=6)
    step = 1e-6 * np.random.default_rng(0).normal(size=before.features.shape[1])
    with torch.no_grad():
        module.head.weight += torch.from_numpy(step[:-1])
        module.head.bias += step[-1]
    after = score_pairs(module, media, painting, clip, batch=6)
    np.testing.assert_allclose(after.score - before.score, before.features @ step, atol=1e-10)


def test_no_pairs_give_no_scores(module: Judge) -> None:
    media = planted_dataset().media(module.config, CPU)
    none = np.zeros(0, dtype=np.int64)
    scored = score_pairs(module, media, none, none, batch=4)
    assert scored.score.shape == (0,)
    assert scored.features.shape == (0, module.head.in_features + 1)


def test_one_weight_by_hand() -> None:
    """Features 1 and 2, residuals all 0.5: noise 0.25, prior 2.5; precision 5 / 0.25 + 2.5 = 22.5."""
    scored = Scored(np.array([0.5, 0.0]), np.zeros(2), np.array([[1.0], [2.0]]))
    posterior = fit_posterior(scored, np.array([0.0, 0.5]))
    assert posterior.noise == pytest.approx(0.25)
    assert posterior.covariance[0, 0] == pytest.approx(1 / 22.5)
    assert posterior.variance(np.array([[3.0]]))[0] == pytest.approx(9 / 22.5)


def test_what_was_seen_is_surer_than_what_was_not() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(200, 5)) * np.array([1, 1, 1, 1, 1e-3])
    human = generator.normal(size=200)
    posterior = fit_posterior(Scored(np.zeros(200), np.zeros(200), features), human)
    seen, unseen = posterior.variance(np.eye(5)[[0, 4]])
    assert unseen > 10 * seen


def test_a_posterior_survives_the_checkpoint() -> None:
    posterior = Posterior(np.array([[2.0, 0.1], [0.1, 1.0]]), 0.03)
    again = Posterior.from_tensors(posterior.to_tensors())
    assert np.array_equal(again.covariance, posterior.covariance)
    assert again.noise == posterior.noise
