"""The groups of settings that decide how a model learns: loss, optimiser, augmentation, pace. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model.settings import check, setting


@dataclass(frozen=True, slots=True)
class LossConfig:
    """L = regression_weight * MSE + preference_weight * L_DPO (paper, eq. 5-7), and its variants.

    `preference`: eq. 6 against the frozen reference, Bradley-Terry (the same without a reference), or IPO (a squared
    distance to a fixed margin). `normalise` makes the preference loss pull with 1/2 at the reference whatever beta is,
    so that beta sets where the loss bends and not how hard it pulls at the start.
    """

    regression: Literal["mse", "l1"] = setting(
        "mse", "Regression", "Squared (mse) or absolute (l1) error of the scores."
    )
    label_step: float = setting(
        0.0, "Label step", "Rounds the scores learned from to its multiples; 0 leaves them.", least=0, most=1
    )
    regression_weight: float = setting(1.0, "Regression weight", "How much the scores count.", least=0)
    preference: Literal["dpo", "bradley-terry", "ipo"] = setting(
        "dpo",
        "Preference",
        "DPO against the model before preferences, Bradley-Terry without it, or a fixed margin (ipo).",
    )
    preference_weight: float = setting(
        0.5, "Preference weight", "How much the preferences count; 0 leaves their stage out.", least=0
    )
    smoothing: float = setting(
        0.0, "Label smoothing", "How likely a preference is taken to be the wrong way round.", least=0, below=0.5
    )
    beta: float = setting(5.0, "Beta", "How sharply the preference loss tells better from worse.", above=0)
    on: Literal["score", "logit"] = setting(
        "score", "Compared by", "Preferences compare scores, as the paper does, or logits, which do not saturate."
    )
    normalise: bool = setting(True, "Normalised", "Whether the preference loss starts equally hard whatever beta is.")

    def __post_init__(self) -> None:
        check(self, "loss")


@dataclass(frozen=True, slots=True)
class OptimConfig:
    """Adam on two stages: regression, then regression with preferences. Each has its own warm-up and cosine.

    `decay`: weight decay beside the gradient (`decoupled`, AdamW) or inside it (`l2`, Adam to the letter); it touches
    matrices only, and at `weight_decay` 0 the two are one.
    """

    lr: float = setting(3e-4, "Learning rate", "The highest of the first stage.", above=0)
    preference_lr: float = setting(1e-4, "Learning rate, preferences", "The highest of the second stage.", above=0)
    regression_steps: int = setting(6400, "Steps, scores", "Of the first stage.", above=0, unit="steps")
    preference_steps: int = setting(
        1600, "Steps, preferences", "Of the second stage; 0 leaves it out.", least=0, unit="steps"
    )
    batch: int = setting(1024, "Batch", "Scored pairs a step.", above=0, unit="pairs")
    preference_batch: int = setting(256, "Batch, preferences", "Preferences a step.", above=0, unit="preferences")
    weight_decay: float = setting(0.05, "Weight decay", "Draws the weights to zero; 0 does not.", least=0)
    decay: Literal["decoupled", "l2"] = setting(
        "decoupled", "Kind of decay", "Beside the gradient (AdamW) or inside it (Adam with L2)."
    )
    betas: tuple[float, float] = setting(
        (0.9, 0.999), "Adam's betas", "How long gradients and their squares are remembered.", least=0, below=1
    )
    warmup: float = setting(
        0.05, "Warm-up", "Share of each stage in which the learning rate rises.", least=0, below=1, unit="of the stage"
    )
    clip_norm: float = setting(1.0, "Gradient clip", "The longest gradient; 0 clips nothing.", least=0)
    ema: float = setting(
        0.999,
        "Weight average",
        "How long the running average of the weights remembers; 0 turns it off.",
        least=0,
        below=1,
    )
    group: Literal["pair", "clip"] = setting(
        "pair", "Shuffled by", "By pair; or by clip: fewer clips a batch, each heard once, faster."
    )

    def __post_init__(self) -> None:
        check(self, "optim")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """What training does to a batch. Colour and loudness are meant by the painter and the composer: they stay."""

    flip: float = setting(0.5, "Mirrored paintings", "Chance of one.", least=0, most=1)
    shift: int = setting(
        0, "Shift", "Paintings move by up to so much in both directions, after averaging.", least=0, unit="pixels"
    )
    roll: bool = setting(False, "Rolled clips", "Whether a clip starts anywhere in its circle.")
    band_mask: int = setting(0, "Band stripe", "Widest stripe of bands set to the mel's mean.", least=0, unit="bands")
    frame_mask: int = setting(
        0, "Frame stripe", "Widest stripe of frames set to the mel's mean.", least=0, unit="frames"
    )

    def __post_init__(self) -> None:
        check(self, "augment")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """How often a run speaks and saves (in steps), and how it counts: bfloat16 applies to a GPU only.

    `micro_batch` lower takes less memory and changes nothing but batch norm's statistics; it and `compile` may differ
    when a run is resumed.
    """

    log_every: int = setting(10, "Speaks every", "A point of the loss curves.", above=0, unit="steps")
    validate_every: int = setting(200, "Validates every", "A point of the validation curves.", above=0, unit="steps")
    checkpoint_every: int = setting(500, "Saves every", "What a resumed run goes on from.", above=0, unit="steps")
    evaluation_batch: int = setting(256, "Batch, evaluation", "Pairs scored at once.", above=0, unit="pairs")
    bootstrap: int = setting(1000, "Resamples", "Of the bootstrap behind every interval.", above=0)
    precision: Literal["float32", "bfloat16"] = setting(
        "bfloat16", "Precision", "bfloat16 is faster on a GPU; a CPU counts in float32 whatever is said."
    )
    micro_batch: int = setting(
        0,
        "Batch in parts",
        "Pairs that a process learns from at a time; lower takes less memory, 0 all at once.",
        least=0,
    )
    compile: bool = setting(False, "Compiled", "Whether torch.compile fuses the operations: a slow start, then faster.")

    def __post_init__(self) -> None:
        check(self, "run")
