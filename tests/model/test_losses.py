"""The losses against closed forms, and their gradients against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from model.config import LossConfig
from model.losses import preference_loss, regression_loss

VARIANTS = [
    LossConfig(beta=2.0, normalise=False),
    LossConfig(beta=2.0, normalise=True),
    LossConfig(beta=2.0, normalise=False, smoothing=0.2),
    LossConfig(beta=2.0, normalise=False, preference="bradley-terry"),
    LossConfig(beta=2.0, normalise=False, preference="ipo"),
    LossConfig(beta=2.0, normalise=True, preference="ipo", smoothing=0.1),
]


def gradients(config: LossConfig, preferred: float, other: float, reference: float) -> tuple[float, float, float]:
    """Loss, and its derivatives in the two scores."""
    plus = torch.tensor([preferred], dtype=torch.float64, requires_grad=True)
    minus = torch.tensor([other], dtype=torch.float64, requires_grad=True)
    loss = preference_loss(plus, minus, torch.tensor([reference], dtype=torch.float64), config)
    loss.backward()  # type: ignore[no-untyped-call]
    assert plus.grad is not None
    assert minus.grad is not None
    return loss.item(), plus.grad.item(), minus.grad.item()


@pytest.mark.parametrize("beta", [0.1, 1.0, 5.0])
def test_at_the_reference_the_loss_is_log_2_and_pulls_with_half_beta(beta: float) -> None:
    loss, plus, minus = gradients(LossConfig(beta=beta, normalise=False), 0.6, 0.3, 0.3)
    assert loss == pytest.approx(math.log(2), abs=1e-12)
    assert plus == pytest.approx(-beta / 2, abs=1e-12)
    assert minus == pytest.approx(beta / 2, abs=1e-12)


@pytest.mark.parametrize("preference", ["dpo", "ipo"])
def test_normalised_the_pull_at_the_start_does_not_depend_on_beta(preference: str) -> None:
    config = LossConfig(beta=7.0, normalise=True, preference=preference)  # type: ignore[arg-type]
    _, plus, minus = gradients(config, 0.5, 0.5, 0.0)
    assert (plus, minus) == pytest.approx((-0.5, 0.5), abs=1e-12)


def test_the_loss_is_equation_6() -> None:
    """Margins 0.4 and -0.1 against references 0.1 and 0.1 at beta 2: mean of log(1 + e^-0.6) and log(1 + e^0.4)."""
    config = LossConfig(beta=2.0, normalise=False)
    loss = preference_loss(torch.tensor([0.7, 0.2]), torch.tensor([0.3, 0.3]), torch.tensor([0.1, 0.1]), config)
    expected = (math.log1p(math.exp(-0.6)) + math.log1p(math.exp(0.4))) / 2
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_bradley_terry_has_no_reference_and_favours_pairs_in_the_wrong_order() -> None:
    config = LossConfig(beta=3.0, normalise=False, preference="bradley-terry")
    wrong, right = gradients(config, 0.2, 0.6, -0.4), gradients(config, 0.6, 0.2, 0.4)
    assert wrong == gradients(config, 0.2, 0.6, 0.9)
    assert wrong[0] == pytest.approx(math.log1p(math.exp(1.2)))
    assert wrong[1] == pytest.approx(-3 / (1 + math.exp(-1.2)))
    assert abs(wrong[1]) > abs(right[1])
    dpo = LossConfig(beta=3.0, normalise=False)
    assert gradients(dpo, 0.2, 0.6, -0.4)[1] == pytest.approx(gradients(dpo, 0.6, 0.2, 0.4)[1])


def test_ipo_is_a_parabola_around_its_margin() -> None:
    """Beta 2 aims at a gain of 0.25: nothing there, 0.0625 and a pull of 0.5 at the reference, and back beyond."""
    config = LossConfig(beta=2.0, normalise=False, preference="ipo")
    assert gradients(config, 0.75, 0.25, 0.25) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    assert gradients(config, 0.5, 0.25, 0.25) == pytest.approx((0.0625, -0.5, 0.5))
    assert gradients(config, 1.0, 0.25, 0.25)[1] == pytest.approx(0.5)


@pytest.mark.parametrize("smoothing", [0.1, 0.25])
def test_smoothing_rests_where_the_doubt_does(smoothing: float) -> None:
    """Doubt s has its least loss at a gain of logit(1 - s) / beta, and the loss there is the entropy of s."""
    config = LossConfig(beta=2.0, normalise=False, smoothing=smoothing)
    rest = math.log((1 - smoothing) / smoothing) / 2
    loss, plus, _ = gradients(config, 0.3 + rest, 0.3, 0.0)
    assert plus == pytest.approx(0.0, abs=1e-12)
    assert loss == pytest.approx(-smoothing * math.log(smoothing) - (1 - smoothing) * math.log(1 - smoothing))


def test_where_squared_error_and_dpo_rest() -> None:
    """Equal labels, beta 5, weight 0.5: each score strays by d with 2 d = 0.5 beta sigmoid(-2 beta d), 0.179."""
    config, step = LossConfig(beta=5.0, normalise=False), 0.1
    score = torch.tensor([0.5, 0.5], dtype=torch.float64, requires_grad=True)
    for _ in range(500):
        label = torch.full_like(score, 0.5)
        regression = 2 * regression_loss(score, label, config)
        zero = torch.zeros(1, dtype=torch.float64)
        loss = regression + 0.5 * preference_loss(score[:1], score[1:], zero, config)
        (slope,) = torch.autograd.grad(loss, score)
        score = (score - step * slope).detach().requires_grad_()
    assert score.tolist() == pytest.approx([0.5 + 0.179, 0.5 - 0.179], abs=5e-4)


@pytest.mark.parametrize("config", VARIANTS)
def test_gradients_are_finite_differences(config: LossConfig) -> None:
    preferred = torch.tensor([0.7, 0.1, 0.4], dtype=torch.float64, requires_grad=True)
    other = torch.tensor([0.2, 0.6, 0.4], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([0.3, -0.1, 0.0], dtype=torch.float64)
    numeric = _finite_differences(lambda plus: preference_loss(plus, other, reference, config), preferred)
    preference_loss(preferred, other, reference, config).backward()  # type: ignore[no-untyped-call]
    assert preferred.grad is not None
    np.testing.assert_allclose(preferred.grad.numpy(), numeric, atol=1e-9)
    assert other.grad is not None
    np.testing.assert_allclose(other.grad.numpy(), -preferred.grad.numpy(), atol=1e-12)


def test_regression_is_the_mean_squared_or_absolute_error() -> None:
    predicted, score = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 0.9])
    assert regression_loss(predicted, score, LossConfig()).item() == pytest.approx(0.13)
    assert regression_loss(predicted, score, LossConfig(regression="l1")).item() == pytest.approx(0.3)


def test_labels_can_be_rounded() -> None:
    predicted, score = torch.tensor([0.5, 0.9]), torch.tensor([0.46, 0.94])
    assert regression_loss(predicted, score, LossConfig(label_step=0.1)).item() == pytest.approx(0.0, abs=1e-12)


def _finite_differences(loss_of: Callable[[Tensor], Tensor], at: Tensor, step: float = 1e-6) -> np.ndarray:
    slopes = []
    for index in range(len(at)):
        ends = []
        for sign in (1, -1):
            moved = at.detach().clone()
            moved[index] += sign * step
            ends.append(loss_of(moved).item())
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return np.array(slopes)
