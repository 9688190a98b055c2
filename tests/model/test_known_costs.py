from __future__ import annotations

import pytest

from model import costs, known_costs, recipes


def test_the_table_is_true() -> None:
    """If this fails: `python -m model.costs > model/known_costs.json`."""
    for name, found in costs.table().items():
        assert known_costs.known_cost(name) == known_costs.Cost(found["parameters"], found["flops"]), name
    assert known_costs.known_cost("nothing") is None
    assert len(known_costs._table()) == len(recipes.NAMES) * len(recipes.SIZES)


@pytest.mark.parametrize(
    ("value", "words"), [(47_666_497, "47.7 M"), (24_172_037_120, "24.2 G"), (1_234, "1.23 k"), (7, "7 ")]
)
def test_large_numbers_are_said_in_three_digits(value: int, words: str) -> None:
    assert known_costs.scaled(value) == words
