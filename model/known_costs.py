"""What every recipe costs in every size, from a table that was worked out before: for those who may not load torch.

`python -m model.costs > model/known_costs.json` writes the table; a test holds it to what the models really are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("known_costs.json")


@dataclass(frozen=True, slots=True)
class Cost:
    """Parameters of a model, and its floating-point operations for one pair (a multiply-add counts as two)."""

    parameters: int
    flops: int

    @property
    def words(self) -> str:
        return f"{scaled(self.parameters)} parameters, {scaled(self.flops)}FLOPs a pair"


def known_cost(recipe: str) -> Cost | None:
    """Of a recipe or `recipe@size`; None of one that is not in the table."""
    found = _table().get(recipe)
    return None if found is None else Cost(found["parameters"], found["flops"])


def scaled(value: int) -> str:
    """Three digits and a thousand's letter with a space between: `55.3 M`, `6.42 G`."""
    for letter, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value} "


@cache
def _table() -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
