"""The methods by name, and what each has to know of the candidates.

Shapes: N candidates, L labelled pairs, K features, E members of an ensemble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.acquisition.geometry import FarthestFirst, LargestCluster
from model.acquisition.linear import LinearlyUncertain, Uncertain
from model.acquisition.orders import Floats, Mask, Ranked, by_lot, disagreement, in_band

BAND = (0.4, 0.6)


class Method(StrEnum):
    """How to choose: by lot, by the last layer's variance or an ensemble's, by spread over features, by the band."""

    RANDOM = "random"
    VARIANCE = "variance"
    ENSEMBLE = "ensemble"
    CORESET = "coreset"
    LCMD = "lcmd"
    BAND = "band"


DEFAULT_METHOD = Method.RANDOM
"""No method beat random on the synthetic corpus: gains in area under SRCC by votes from -0.009 to +0.007, each 95 %
interval holding zero (docs/results.md, "Does choosing pay?"; docs/decisions/0025-random-is-the-default.md)."""


class Picker(Protocol):
    """A method at work: which candidate it wants next, and what it makes of an answer."""

    def best(self, open_N: Mask) -> int: ...

    def learn(self, row: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of N candidates; what a method does not need may be left out.

    score (N,) and variance (N,) of the predicted score. features (N, K): the head's linearised features, with the
    covariance of its weights (K, K) and the noise, the variance of one human score. members (E, N): each candidate's
    score by the members of an ensemble. labelled (L, K): features of the pairs that people have scored already.
    """

    score_N: Floats
    variance_N: Floats
    features_NK: NDArray[Any] | None = None
    covariance_KK: Floats | None = None
    noise: float | None = None
    members_EN: Floats | None = None
    labelled_LK: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.score_N)

    def check(self) -> None:
        """Raises ValueError where the parts do not fit each other."""
        given = {"variances": self.variance_N, "features": self.features_NK}
        given["scores of the ensemble's members"] = None if self.members_EN is None else self.members_EN.T
        for name, values in given.items():
            if values is not None and len(values) != len(self):
                raise ValueError(f"there are {len(self)} candidates, and {name} of {len(values)}")
        if self.features_NK is None:
            return
        width = self.features_NK.shape[1]
        if self.covariance_KK is not None and self.covariance_KK.shape != (width, width):
            raise ValueError(f"a covariance of {self.covariance_KK.shape} does not fit {width} features")
        if self.labelled_LK is not None and self.labelled_LK.shape[1] != width:
            raise ValueError(f"labelled pairs have {self.labelled_LK.shape[1]} features, candidates {width}")
        if self.noise is not None and self.noise <= 0:
            raise ValueError(f"the noise of an answer must be above 0, not {self.noise}")


def picker(method: Method, known: Known, *, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    """The method at work. Raises ValueError in words where it has to know more than it is told."""
    known.check()
    return _PICKERS[method](known, band, generator)


Make = Callable[[Known, tuple[float, float], np.random.Generator], Picker]


def _random(known: Known, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    return Ranked(by_lot(len(known), generator))


def _variance(known: Known, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    """With features an answer's lesson for the others counts; without them the given variances are all there is."""
    if known.features_NK is None:
        return Uncertain(known.variance_N)
    if known.covariance_KK is None or known.noise is None:
        raise ValueError("with features, variance needs the covariance of the head's weights and the noise as well")
    return LinearlyUncertain(known.features_NK, known.covariance_KK, known.noise)


def _ensemble(known: Known, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    if known.members_EN is None or len(known.members_EN) < 2:
        raise ValueError("ensemble needs the scores of at least two models")
    return Ranked(disagreement(known.members_EN))


def _coreset(known: Known, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    return FarthestFirst(_features(known, Method.CORESET), known.labelled_LK)


def _lcmd(known: Known, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    return LargestCluster(_features(known, Method.LCMD), known.labelled_LK)


def _band(known: Known, band: tuple[float, float], generator: np.random.Generator) -> Picker:
    if not 0 <= band[0] <= band[1] <= 1:
        raise ValueError(f"the band is from low to high within 0 and 1, not {band[0]:g} to {band[1]:g}")
    return Ranked(in_band(known.score_N, known.variance_N, band))


def _features(known: Known, method: Method) -> NDArray[Any]:
    if known.features_NK is None:
        raise ValueError(f"{method} needs the candidates' features")
    return known.features_NK


_PICKERS: Mapping[Method, Make] = {
    Method.RANDOM: _random,
    Method.VARIANCE: _variance,
    Method.ENSEMBLE: _ensemble,
    Method.CORESET: _coreset,
    Method.LCMD: _lcmd,
    Method.BAND: _band,
}
