from __future__ import annotations

import math

import pytest
import torch

from model.losses import preference_loss, regression_loss


@pytest.mark.parametrize("beta", [0.1, 1.0, 5.0])
def test_at_the_reference_the_loss_is_log_2_and_pulls_with_half_beta(beta: float) -> None:
    preferred = torch.tensor([0.6], dtype=torch.float64, requires_grad=True)
    other = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    loss = preference_loss(preferred, other, torch.tensor([0.3], dtype=torch.float64), beta=beta)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(math.log(2), abs=1e-12)
    assert preferred.grad is not None
    assert other.grad is not None
    assert preferred.grad.item() == pytest.approx(-beta / 2, abs=1e-12)
    assert other.grad.item() == pytest.approx(beta / 2, abs=1e-12)


def test_normalised_the_pull_at_the_start_does_not_depend_on_beta() -> None:
    preferred = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    zero = torch.zeros(1, dtype=torch.float64)
    loss = preference_loss(preferred, preferred.detach(), zero, beta=7.0, normalise=True)
    loss.backward()  # type: ignore[no-untyped-call]
    assert preferred.grad is not None
    assert preferred.grad.item() == pytest.approx(-0.5, abs=1e-12)


def test_the_loss_is_equation_6() -> None:
    """Margins 0.4 and -0.1 against references 0.1 and 0.1 at beta 2: mean of log(1 + e^-0.6) and log(1 + e^0.4)."""
    loss = preference_loss(torch.tensor([0.7, 0.2]), torch.tensor([0.3, 0.3]), torch.tensor([0.1, 0.1]), beta=2.0)
    expected = (math.log1p(math.exp(-0.6)) + math.log1p(math.exp(0.4))) / 2
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_regression_is_the_mean_squared_error() -> None:
    assert regression_loss(torch.tensor([0.0, 1.0]), torch.tensor([0.5, 0.9])).item() == pytest.approx(0.13)
