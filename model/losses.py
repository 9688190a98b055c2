"""The losses of MPJudge (paper, eq. 5-7) and their named variants.

Shapes: B scored pairs, Q preferences.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model.config import LossConfig


def regression_loss(predicted_B: Tensor, score_B: Tensor, config: LossConfig) -> Tensor:
    """Mean squared error of the score (paper, eq. 5), or mean absolute error; a scalar.

    With `label_step` the scores are first rounded to its multiples.
    """
    if config.label_step:
        score_B = torch.round(score_B / config.label_step) * config.label_step
    return F.l1_loss(predicted_B, score_B) if config.regression == "l1" else F.mse_loss(predicted_B, score_B)


def preference_loss(preferred_Q: Tensor, other_Q: Tensor, reference_margin_Q: Tensor, config: LossConfig) -> Tensor:
    """The mean over preferences of a loss of the gain h = (f(x, y+) - f(x, y-)) - (f_ref(x, y+) - f_ref(x, y-)).

    `reference_margin_Q` is the frozen reference's part of it, computed once.
    `dpo` (paper, eq. 6): -log sigmoid(beta h); at the reference log 2, its gradient in f(x, y+) -beta / 2.
    `bradley-terry`: the same with a reference margin of 0, so that pairs in the wrong order weigh more.
    `ipo`: (h - 1 / (2 beta))^2; at the reference the gradient is -1 / beta.
    `smoothing` s: 1 - s of the loss, and s of the loss of the opposite preference. `normalise` scales the loss so that
    the unsmoothed gradient at h = 0 is -1/2.
    """
    gain_Q = preferred_Q - other_Q
    if config.preference != "bradley-terry":
        gain_Q = gain_Q - reference_margin_Q
    s = config.smoothing
    loss = ((1 - s) * _one_way(gain_Q, config) + s * _one_way(-gain_Q, config)).mean()
    return loss * _scale(config) if config.normalise else loss


def _one_way(gain_Q: Tensor, config: LossConfig) -> Tensor:
    if config.preference == "ipo":
        return (gain_Q - 1 / (2 * config.beta)).square()
    return -F.logsigmoid(config.beta * gain_Q)


def _scale(config: LossConfig) -> float:
    return config.beta / 2 if config.preference == "ipo" else 1 / config.beta
