"""The two losses of MPJudge (paper, eq. 5-7).

Shapes: B scored pairs, Q preferences.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def regression_loss(predicted_B: Tensor, score_B: Tensor) -> Tensor:
    """Mean squared error of the score (paper, eq. 5), a scalar."""
    return F.mse_loss(predicted_B, score_B)


def preference_loss(
    preferred_Q: Tensor, other_Q: Tensor, reference_margin_Q: Tensor, *, beta: float, normalise: bool = False
) -> Tensor:
    """-log sigmoid(beta * ((f(x, y+) - f(x, y-)) - (f_ref(x, y+) - f_ref(x, y-)))), the mean of it (paper, eq. 6).

    `reference_margin_Q` is the frozen reference's f_ref(x, y+) - f_ref(x, y-), computed once. Where model and reference
    agree the loss is log 2 and its gradient in f(x, y+) is -beta / 2. `normalise` divides by beta.
    """
    loss = -F.logsigmoid(beta * (preferred_Q - other_Q - reference_margin_Q)).mean()
    return loss / beta if normalise else loss
