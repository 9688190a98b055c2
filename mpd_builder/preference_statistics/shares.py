"""Shares with their intervals, exact tests of a fair coin, and what many such tests ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
_HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `n`, as a share with its confidence interval; all three are None for n = 0."""

    count: int
    n: int
    value: float | None
    low: float | None
    high: float | None


def wilson(count: int, n: int, *, confidence: float = CONFIDENCE) -> Share:
    """A share with Wilson's score interval (Wilson 1927): near its nominal coverage for few trials too. O(1)."""
    _check(count, n, confidence)
    if n == 0:
        return Share(0, 0, None, None, None)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = (count + z * z / 2) / (n + z * z)
    margin = z / (n + z * z) * math.sqrt(count * (n - count) / n + z * z / 4)
    low = 0.0 if count == 0 else centre - margin
    high = 1.0 if count == n else centre + margin
    return Share(count, n, count / n, low, high)


def clopper_pearson(count: int, n: int, *, confidence: float = CONFIDENCE) -> Share:
    """A share with the exact interval of Clopper and Pearson (1934): all shares that the exact test does not reject.

    It holds one half exactly where `fair_coin_p` is above 1 - confidence. By bisection of the binomial tails: O(n).
    """
    _check(count, n, confidence)
    if n == 0:
        return Share(0, 0, None, None, None)
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _share_with_tail(count, n, tail)
    high = 1.0 if count == n else 1 - _share_with_tail(n - count, n, tail)
    return Share(count, n, count / n, low, high)


def fair_coin_p(count: int, n: int) -> float:
    """The exact two-sided p-value of `count` heads in n throws of a fair coin: how often chance strays as far. O(n).

    The binomial distribution is symmetric at one half, so that doubling a tail and adding up all results that are no
    likelier than this one (the two customary definitions) are the same.
    """
    _check(count, n, CONFIDENCE)
    extreme = max(count, n - count)
    if 2 * extreme == n:
        return 1.0
    return min(1.0, 2 * math.exp(_log_tail(_log_choices(extreme, n), extreme, n, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979), in the order given: flagging those below 0.05 flags anyone by chance in at most
    5 % of all panels, however the tests depend on each other. O(n log n)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[number]))
        adjusted[number] = highest
    return adjusted


def _share_with_tail(least: int, n: int, tail: float) -> float:
    """The share p at which P(X >= least) = tail, X binomial (n, p); `least` >= 1. The tail grows with p."""
    log_choices = _log_choices(least, n)
    target, low, high = math.log(tail), 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _log_tail(log_choices, least, n, middle) < target else (low, middle)
    return (low + high) / 2


def _log_choices(least: int, n: int) -> Floats:
    """Logarithms of the binomial coefficients n over least, ..., n over n."""
    first = math.lgamma(n + 1) - math.lgamma(least + 1) - math.lgamma(n - least + 1)
    k = np.arange(least, n, dtype=np.float64)
    return first + np.concatenate([[0.0], np.cumsum(np.log((n - k) / (k + 1)))])


def _log_tail(log_choices: Floats, least: int, n: int, share: float) -> float:
    """log P(X >= least), X binomial (n, share), 0 < share < 1."""
    k = np.arange(least, n + 1, dtype=np.float64)
    terms = log_choices + k * math.log(share) + (n - k) * math.log1p(-share)
    largest = float(terms.max())
    return largest + math.log(float(np.exp(terms - largest).sum()))


def _check(count: int, n: int, confidence: float) -> None:
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence lies between 0 and 1, unlike {confidence}")
