"""The variance of scores under Bayesian regression on the model's last layer, kept up to date pick by pick.

Shapes: N candidates, K features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.acquisition.orders import Floats, Mask, best_of

_BLOCK = 4096


class Uncertain:
    """Variances that are given (N,): an answer settles its own candidate and says nothing about the others."""

    def __init__(self, variance_N: Floats) -> None:
        self.variance_N = np.array(variance_N, dtype=np.float64)

    def best(self, open_N: Mask) -> int:
        return best_of(self.variance_N, open_N)

    def learn(self, row: int) -> None:
        """Suppose that people have scored candidate `row`."""
        self.variance_N[row] = 0.0


class LinearlyUncertain(Uncertain):
    """Variances of a Bayesian linear model, where an answer teaches about all candidates that are alike.

    features (N, K), float32 or float64: one pass over them a pick, in their own precision. covariance of the weights
    (K, K) and noise, the variance of one answer. Taking the highest variance and learning it is greedy D-optimal
    design.
    """

    def __init__(self, features_NK: NDArray[Any], covariance_KK: Floats, noise: float) -> None:
        self._features_NK = features_NK
        self._covariance_KK = np.array(covariance_KK, dtype=np.float64)
        self._noise = noise
        super().__init__(_quadratic(features_NK, self._covariance_KK))

    def learn(self, row: int) -> None:
        """The rank-one update of the posterior; every variance falls or stays."""
        feature_K = self._features_NK[row].astype(np.float64)
        direction_K = self._covariance_KK @ feature_K
        spread = self._noise + float(feature_K @ direction_K)
        self._covariance_KK -= np.outer(direction_K, direction_K) / spread
        shared_N = self._features_NK @ direction_K.astype(self._features_NK.dtype)
        self.variance_N = np.maximum(self.variance_N - np.square(shared_N, dtype=np.float64) / spread, 0.0)


def _quadratic(features_NK: NDArray[Any], covariance_KK: Floats) -> Floats:
    """f' covariance f of each row (N,), in float64 a block at a time."""
    found = np.empty(len(features_NK))
    for start in range(0, len(features_NK), _BLOCK):
        block_BK = features_NK[start : start + _BLOCK].astype(np.float64)
        found[start : start + _BLOCK] = np.einsum("bk,bk->b", block_BK @ covariance_KK, block_BK)
    return found
