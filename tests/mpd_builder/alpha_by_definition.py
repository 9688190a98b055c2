"""Krippendorff's alpha from its definition: every pair of answers, one by one, at any level of measurement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

Difference = Callable[[float, float], float]


def alpha_by_definition(units, values, level):
    """Observed over expected disagreement, subtracted from 1 (Krippendorff 2011); `level` as he names them."""
    answers = defaultdict(list)
    for unit, value in zip(units, values, strict=True):
        answers[unit].append(value)
    pairable = [row for row in answers.values() if len(row) > 1]
    counts = Counter(value for row in pairable for value in row)
    difference = _differences(counts)[level]
    n = sum(counts.values())
    observed = sum(
        sum(difference(a, b) for i, a in enumerate(row) for j, b in enumerate(row) if i != j) / (len(row) - 1)
        for row in pairable
    )
    expected = sum(counts[a] * counts[b] * difference(a, b) for a in counts for b in counts) / (n - 1)
    return 1.0 - observed / expected


def _differences(counts: Counter) -> dict[str, Difference]:
    def ranks_apart(a, b):
        low, high = min(a, b), max(a, b)
        between = sum(count for value, count in counts.items() if low <= value <= high)
        return (between - (counts[a] + counts[b]) / 2) ** 2

    return {
        "nominal": lambda a, b: float(a != b),
        "ordinal": lambda a, b: 0.0 if a == b else ranks_apart(a, b),
        "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: 0.0 if a == b else ((a - b) / (a + b)) ** 2,
    }
