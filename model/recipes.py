"""Named recipes: each is a function that returns a config. Loads no torch.

A new behaviour is a new recipe, not one more flag. Every recipe also comes in the sizes of `SIZES`, written
`recipe@size`: the same design, smaller, on the schedule of that size. `small` and `tiny` are `best` in those sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from model.config import Architecture, Config, ConfigError, replaced


def paper() -> Config:
    """MPJudge as published: 12 blocks of width 512, MAN rewriting the stream; for reproduction on GPUs."""
    return replaced(
        Config(recipe="paper"),
        music={"channels": 3},
        fusion={"topology": "paper", "init": "released"},
        head={"output": "linear"},
        # The paper leaves beta open; at 1 its literal eq. 6 pulls as hard at the start as our normalised form.
        loss={"beta": 1.0, "normalise": False},
        # 200 epochs of 40,000 pairs.
        optim={"lr": 1e-5, "preference_lr": 1e-5, "ema": 0.0},
        augment={"flip": 0.0},
    )


def paper_code() -> Config:
    """What the authors' released code does: absolute error, ReLU, mels as square images, scores to 0.1, one stage."""
    return replaced(
        replace(paper(), recipe="paper-code"),
        music={"activation": "relu", "resize": 256},
        loss={"regression": "l1", "label_step": 0.1, "preference_weight": 0.0},
        # Adam without weight decay, a cosine without warm-up, gradients as they come.
        optim={"weight_decay": 0.0, "warmup": 0.0, "clip_norm": 0.0},
    )


def without_dpo() -> Config:
    """Table 3, MAN without DPO: the paper's model after the regression stage."""
    return replaced(replace(paper(), recipe="without-dpo"), loss={"preference_weight": 0.0})


def painting_only() -> Config:
    """Table 3, painting only: LayerNorm where MAN was, no music, regression alone."""
    return replaced(replace(without_dpo(), recipe="painting-only"), fusion={"kind": "none"})


def concat() -> Config:
    """Table 3, concatenation: pooled painting and music meet before the head, regression alone."""
    return replaced(replace(without_dpo(), recipe="concat"), fusion={"kind": "concat"})


def cross_attention() -> Config:
    """Table 3, cross-attention to the music's tokens in every block, regression alone; 36 % more FLOPs than MAN."""
    return replaced(replace(without_dpo(), recipe="cross-attention"), fusion={"kind": "cross-attention"})


def best() -> Config:
    """Ours at the paper's cost: MAN feeds the MLP branch, identity start, weight average; needs a GPU."""
    return Config(recipe="best")


def best_on_logit() -> Config:
    """`best`, preferences compared by logit: they keep pulling where the score saturates."""
    return replaced(replace(best(), recipe="best-on-logit"), loss={"on": "logit", "beta": 1.0})


def best_bradley_terry() -> Config:
    """`best` with Bradley-Terry: no reference model, pairs in the wrong order weigh more."""
    return replaced(replace(best(), recipe="best-bradley-terry"), loss={"preference": "bradley-terry"})


def best_ipo() -> Config:
    """`best` with IPO: the margin over the reference aims at 1 / (2 beta) and stops there."""
    return replaced(replace(best(), recipe="best-ipo"), loss={"preference": "ipo"})


def best_smoothed() -> Config:
    """`best` with label smoothing: one preference in ten is taken to be the wrong way round."""
    return replaced(replace(best(), recipe="best-smoothed"), loss={"smoothing": 0.1})


def small() -> Config:
    """About 3 million parameters of the same design: laptops and modest GPUs."""
    return replace(at_size(best(), "small"), recipe="small")


def tiny() -> Config:
    """MPJudge in miniature: trains in well under a minute on two CPU cores."""
    return replace(at_size(best(), "tiny"), recipe="tiny")


def l3net() -> Config:
    """Table 2, L3-Net: two convolutional towers, late fusion."""
    return _baseline("l3net")


def acpnet() -> Config:
    """Table 2, ACP-Net: connected layers over fixed features (which are ours)."""
    return _baseline("acpnet")


def cdcml_like() -> Config:
    """Table 2, after CDCML: ResNet-18 and ResNet-50 into one space, compared by angle."""
    return replaced(_baseline("cdcml-like"), music={"channels": 3, "resize": 224})


SIZES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "full": {},
    "small": {
        "music": {"widths": (32, 64, 128, 192)},
        "painting": {"width": 192, "depth": 4, "heads": 6},
        "baseline": {"shrink": 4},
        "optim": {
            "lr": 1e-3,
            "preference_lr": 3e-4,
            "batch": 256,
            "preference_batch": 64,
            "regression_steps": 3000,
            "preference_steps": 600,
        },
    },
    "tiny": {
        "music": {"widths": (8, 16, 32, 64), "band_pool": 2, "frame_pool": 4},
        "painting": {"pool": 4, "patch": 8, "width": 64, "depth": 3, "heads": 4, "mlp_ratio": 2},
        "baseline": {"shrink": 8, "side": 56},
        "optim": {
            "lr": 2e-3,
            "preference_lr": 5e-4,
            "batch": 64,
            "preference_batch": 16,
            "regression_steps": 160,
            "preference_steps": 40,
        },
        "run": {"log_every": 2, "validate_every": 40, "checkpoint_every": 100, "bootstrap": 300},
    },
}
"""What each size changes of a recipe at full size. Learning rates and steps are the size's, alike for all recipes."""

TABLE_2: tuple[str, ...] = ("l3net", "acpnet", "cdcml-like", "paper", "best")
TABLE_3: tuple[str, ...] = ("painting-only", "concat", "cross-attention", "without-dpo", "paper", "best")
"""Rows of the paper's tables by recipe, ours last. `paper` is MAN with DPO."""

_RECIPES: dict[str, Callable[[], Config]] = {
    "paper": paper,
    "best": best,
    "small": small,
    "tiny": tiny,
    "paper-code": paper_code,
    "painting-only": painting_only,
    "concat": concat,
    "cross-attention": cross_attention,
    "without-dpo": without_dpo,
    "best-on-logit": best_on_logit,
    "best-bradley-terry": best_bradley_terry,
    "best-ipo": best_ipo,
    "best-smoothed": best_smoothed,
    "l3net": l3net,
    "acpnet": acpnet,
    "cdcml-like": cdcml_like,
}
NAMES: tuple[str, ...] = tuple(_RECIPES)


def get(name: str) -> Config:
    """The config of a recipe, or of `recipe@size`. Raises ConfigError naming the recipes, or the sizes, there are."""
    base, _, size = name.partition("@")
    if base not in _RECIPES:
        raise ConfigError(f"no recipe is called {name!r}; there are {', '.join(NAMES)}")
    return at_size(_RECIPES[base](), size) if size else _RECIPES[base]()


def description(name: str) -> str:
    """One line about a recipe. Raises ConfigError like `get`."""
    get(name)
    return (_RECIPES[name.partition("@")[0]].__doc__ or "").strip()


def at_size(config: Config, size: str) -> Config:
    """A recipe in another size, called `recipe@size`; `full` is the recipe itself. Raises ConfigError."""
    if size not in SIZES:
        raise ConfigError(f"no size is called {size!r}; there are {', '.join(SIZES)}")
    if size == "full":
        return config
    changes = {name: dict(group) for name, group in SIZES[size].items()}
    if config.architecture == "mpjudge":
        changes.pop("baseline")
    if config.music.resize:
        changes["music"]["resize"] = config.music.resize // changes["painting"].get("pool", 1)
    if size == "tiny" and config.optim.ema:
        changes["optim"]["ema"] = 0.95
    return replace(replaced(config, **changes), recipe=f"{config.recipe}@{size}")


def _baseline(architecture: Architecture) -> Config:
    """A baseline on the schedule of `best`, by regression alone: neither is a part of what was published of it."""
    return replaced(Config(recipe=architecture, architecture=architecture), loss={"preference_weight": 0.0})
