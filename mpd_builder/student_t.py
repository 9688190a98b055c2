"""Quantiles of Student's t, for the intervals of small samples."""

from __future__ import annotations

import math
from statistics import NormalDist


def quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's t with `degrees` >= 1 degrees of freedom, for 0.5 <= probability < 1.

    By bisection of the distribution's closed form; from 200 degrees on by its expansion around the normal quantile
    (Abramowitz and Stegun 26.7.3-4 and 26.7.5), which is then good to five digits.
    """
    z = NormalDist().inv_cdf(probability)
    if degrees >= 200:
        return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    low, high = 0.0, math.pi / 2  # in the angle atan(t / sqrt(degrees))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _central_probability(middle, degrees) < 2 * probability - 1 else (low, middle)
    return math.tan(low) * math.sqrt(degrees)


def _central_probability(angle: float, degrees: int) -> float:
    """The probability that |T| stays below sqrt(degrees) tan(angle)."""
    is_odd = degrees % 2 == 1
    term = math.sin(angle) * (math.cos(angle) if is_odd else 1.0)
    total = 0.0
    for k in range(2 + is_odd, degrees + 1, 2):
        total += term
        term *= (k - 1) / k * math.cos(angle) ** 2
    return 2 / math.pi * (angle + total) if is_odd else total
