"""A recipe as an admin chooses it: a design and a size. The names that are stored stay the model's own."""

from __future__ import annotations

from typing import Final

from model import recipes

FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "MPJudge": ("best", "paper", "paper-code"),
    "With another preference loss": ("best-on-logit", "best-bradley-terry", "best-ipo", "best-smoothed"),
    "Without a part of it (Table 3)": ("without-dpo", "painting-only", "concat", "cross-attention"),
    "Earlier models (Table 2)": ("l3net", "acpnet", "cdcml-like"),
}
"""All designs by kind. `small` and `tiny` are `best` in these sizes."""

SIZES: Final[dict[str, tuple[str, str]]] = {
    "full": ("Full", "As it was published: for GPUs."),
    "small": ("Small", "The same design on a laptop or a modest GPU."),
    "tiny": ("Tiny", "In miniature: well under a minute on two CPU cores. To try the whole way."),
}


def recipe_name(design: str, size: str) -> str:
    """The recipe of a design in a size, by the shortest name that it has."""
    if size == "full":
        return design
    return size if design == "best" else f"{design}@{size}"


def parts_of(name: str) -> tuple[str, str]:
    """The design and the size of a recipe's name."""
    if name in ("small", "tiny"):
        return "best", name
    design, _, size = name.partition("@")
    return design, size or "full"


def options() -> list[tuple[str, list[tuple[str, str]]]]:
    """The designs for a select, by family, each with its one line."""
    return [
        (family, [(name, f"{name}: {recipes.description(name)}") for name in names])
        for family, names in FAMILIES.items()
    ]
