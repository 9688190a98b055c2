"""Methods that spread over the space of features: farthest first (coreset), and the largest cluster's farthest (LCMD).

Distances are Euclidean between rows of features; with the head's linearised features that is the kernel of the
gradient with respect to the last layer. Above `WIDEST` columns the features are sketched by a Gaussian projection,
which keeps squared distances on average, each to about sqrt(2 / SKETCH), that is 6 %.

Shapes: N candidates, L labelled pairs, K features, S columns after sketching.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.acquisition.orders import Mask, best_of

WIDEST, SKETCH = 1024, 512
_CELLS = 2**23


class Nearest:
    """How far each candidate is from its nearest centre, and which that is.

    The centres are the labelled pairs, where given, and then every pick. While there is none, distances are those from
    the candidates' mean.
    """

    def __init__(self, features_NK: NDArray[Any], labelled_LK: NDArray[Any] | None = None) -> None:
        mean_K = features_NK.mean(axis=0)
        sketch = _sketch(features_NK.shape[1], features_NK.dtype)
        self._place_NS = _placed(features_NK, mean_K, sketch)
        self._square_N = _squares(self._place_NS)
        self.distance_N = self._square_N.copy()
        self.cluster_N = np.zeros(len(features_NK), dtype=np.int64)
        self._centres = 0
        if labelled_LK is not None and len(labelled_LK):
            self._centre_on(_placed(labelled_LK.astype(features_NK.dtype, copy=False), mean_K, sketch))

    def learn(self, row: int) -> None:
        """Make a candidate a centre."""
        distance_N = self._square_N + self._square_N[row] - 2 * (self._place_NS @ self._place_NS[row])
        closer_N = distance_N < self.distance_N if self._centres else np.ones(len(distance_N), dtype=bool)
        closer_N[row] = True
        self.distance_N[closer_N] = np.maximum(distance_N[closer_N], 0)
        self.distance_N[row] = 0
        self.cluster_N[closer_N] = self._centres
        self._centres += 1

    def _centre_on(self, centre_LS: NDArray[Any]) -> None:
        square_L = _squares(centre_LS)
        step = max(1, _CELLS // len(centre_LS))
        for start in range(0, len(self._place_NS), step):
            part = slice(start, start + step)
            distance_BL = square_L - 2 * (self._place_NS[part] @ centre_LS.T)
            nearest_B = distance_BL.argmin(axis=1)
            lowest_B = np.take_along_axis(distance_BL, nearest_B[:, None], axis=1)[:, 0]
            self.distance_N[part] = np.maximum(self._square_N[part] + lowest_B, 0)
            self.cluster_N[part] = nearest_B
        self._centres = len(centre_LS)


class FarthestFirst(Nearest):
    """k-centre greedy: always the candidate farthest from all centres."""

    def best(self, open_N: Mask) -> int:
        return best_of(self.distance_N, open_N)


class LargestCluster(Nearest):
    """LCMD (Holzmüller et al., JMLR 2023): of the cluster with the largest sum of squared distances, the farthest.

    Every candidate belongs to its nearest centre. Only what can still be asked counts for a cluster's size.
    """

    def best(self, open_N: Mask) -> int:
        cluster = self.cluster_N[open_N]
        size = np.bincount(cluster, weights=self.distance_N[open_N])
        size[np.bincount(cluster) == 0] = -1.0
        return best_of(self.distance_N, open_N & (self.cluster_N == size.argmax()))


def _sketch(width: int, kind: np.dtype[Any]) -> NDArray[Any] | None:
    """The projection (K, S) of wide features, always the same one; None where they are narrow enough."""
    if width <= WIDEST:
        return None
    drawn: NDArray[Any] = np.random.default_rng(0).normal(size=(width, SKETCH)) / np.sqrt(SKETCH)
    return drawn.astype(kind)


def _placed(features_NK: NDArray[Any], mean_K: NDArray[Any], sketch: NDArray[Any] | None) -> NDArray[Any]:
    """Features around their mean, which takes the rounding out of distances between distant points."""
    placed_NS: NDArray[Any] = features_NK - mean_K if sketch is None else features_NK @ sketch - mean_K @ sketch
    return placed_NS


def _squares(place_NS: NDArray[Any]) -> NDArray[Any]:
    square_N: NDArray[Any] = np.einsum("ns,ns->n", place_NS, place_NS)
    return square_N
