"""Which pairs to ask people about next. Loads no torch.

Greedy: the pair whose score is least certain comes first; with features, what its answer would teach about the others
is taken into account before the next (D-optimal design on the model's last layer). Caps keep one painting or clip from
filling the list, and a seeded random share stays in it as a control: only against chance can one say whether choosing
helped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Reason(StrEnum):
    """Why a pair was chosen: the model is unsure of it, or the control's lot fell on it."""

    UNCERTAIN = "uncertain"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen candidate: its row, and why."""

    row: int
    reason: Reason


class Certainty:
    """What is known of each candidate's score: its variance (N,), given in advance."""

    def __init__(self, variance_N: Floats) -> None:
        self.variance_N = variance_N.astype(np.float64, copy=True)

    def learn(self, row: int) -> None:
        """Suppose that people have scored candidate `row`."""
        self.variance_N[row] = 0.0


class LinearCertainty(Certainty):
    """Variances of a Bayesian linear model: features (N, K), covariance of the weights (K, K), noise of one answer."""

    def __init__(self, features_NK: Floats, covariance_KK: Floats, noise: float) -> None:
        self._features_NK = features_NK
        self._covariance_KK = covariance_KK.copy()
        self._noise = noise
        super().__init__(np.einsum("nk,kl,nl->n", features_NK, covariance_KK, features_NK, optimize=True))

    def learn(self, row: int) -> None:
        """The rank-one update of the posterior; every variance falls or stays."""
        direction_K = self._covariance_KK @ self._features_NK[row]
        spread = self._noise + float(self._features_NK[row] @ direction_K)
        self._covariance_KK -= np.outer(direction_K, direction_K) / spread
        self.variance_N = np.maximum(self.variance_N - np.square(self._features_NK @ direction_K) / spread, 0.0)


def choose(
    certainty: Certainty,
    paintings: Sequence[Hashable],
    clips: Sequence[Hashable],
    *,
    count: int,
    per_painting: int,
    per_clip: int,
    control_share: float,
    seed: int,
) -> list[Choice]:
    """Up to `count` candidates in the order to ask them, `control_share` of them drawn at random.

    No painting comes more than `per_painting` times, no clip more than `per_clip`; the list is shorter where the caps
    leave no more. Same arguments, same list. Raises ValueError for impossible settings.
    """
    _check(certainty, paintings, clips, count=count, caps=(per_painting, per_clip), control_share=control_share)
    generator = np.random.default_rng(seed)
    is_control = np.zeros(count, dtype=bool)
    is_control[generator.permutation(count)[: round(control_share * count)]] = True
    open_N = np.ones(len(paintings), dtype=bool)
    rows_of = (_rows_by_item(paintings), _rows_by_item(clips))
    taken: tuple[Counter[Hashable], Counter[Hashable]] = (Counter(), Counter())
    chosen: list[Choice] = []
    for control in is_control:
        candidates = np.flatnonzero(open_N)
        if not len(candidates):
            break
        row = int(generator.choice(candidates) if control else candidates[certainty.variance_N[candidates].argmax()])
        chosen.append(Choice(row, Reason.CONTROL if control else Reason.UNCERTAIN))
        certainty.learn(row)
        open_N[row] = False
        for item, cap, rows, counts in zip(
            (paintings[row], clips[row]), (per_painting, per_clip), rows_of, taken, strict=True
        ):
            counts[item] += 1
            if counts[item] >= cap:
                open_N[rows[item]] = False
    return chosen


def _rows_by_item(items: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    rows: dict[Hashable, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item, []).append(row)
    return rows


def _check(
    certainty: Certainty,
    paintings: Sequence[Hashable],
    clips: Sequence[Hashable],
    *,
    count: int,
    caps: tuple[int, int],
    control_share: float,
) -> None:
    if not len(certainty.variance_N) == len(paintings) == len(clips):
        raise ValueError("variances, paintings and clips must name the same candidates")
    if count < 0 or min(caps) < 1:
        raise ValueError("the count must not be negative, and each cap must be at least 1")
    if not 0 <= control_share <= 1:
        raise ValueError(f"the control share is from 0 to 1, not {control_share}")
