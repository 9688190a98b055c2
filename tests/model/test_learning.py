"""Proof that the fusions learn what they should, at a size that two cores train in a minute or two.

A painting is red or blue all over (`colour`), or striped more or less in either phase (`texture`); a clip sounds high
or low; how well they go together is the product, as five noisy raters see it. Nothing but the interaction says anything
about the score, and paintings and tracks of the test are new.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from model import checkpoints, runs
from tests.model.factories import micro_config, planted_dataset

pytestmark = pytest.mark.slow


def learned(out_dir: Path, kind: str, fusion: str) -> tuple[float, float]:
    """SRCC on unseen paintings with unseen tracks, as a figure and as a share of the noise ceiling."""
    dataset = planted_dataset(paintings=200, clips=150, pairs=4000, kind=kind, is_rated=True)
    config = micro_config(
        fusion={"kind": fusion},
        painting={"width": 64, "depth": 4},
        augment={"flip": 0.0, "shift": 0, "roll": False, "band_mask": 0, "frame_mask": 0},
        optim={"regression_steps": 150, "preference_steps": 0, "batch": 128, "lr": 1e-3, "ema": 0.0},
        run={"log_every": 50, "validate_every": 150, "evaluation_batch": 512},
    )
    ticks = itertools.count()
    report = runs.run(
        config,
        dataset,
        out_dir=out_dir / f"{kind}-{fusion}",
        identity=checkpoints.Identity(dataset.digest, seed=7, code_version="test"),
        device=torch.device("cpu"),
        wall_clock=lambda: 0.0,
        clock=lambda: float(next(ticks)),
    )
    figure = report["protocols"]["unseen-both"]["srcc"]["value"]
    ceiling = report["noise_ceiling"]["unseen-both"]["srcc"]
    print(f"{kind}, {fusion}: SRCC {figure:.3f}, noise ceiling {ceiling:.3f}")
    return figure, figure / ceiling


@pytest.mark.parametrize("kind", ["colour", "texture"])
def test_what_painting_only_cannot_learn_man_can(tmp_path: Path, kind: str) -> None:
    painting_only, _ = learned(tmp_path, kind, "none")
    _, best = learned(tmp_path, kind, "man")
    assert abs(painting_only) < 0.15
    assert best > 0.8


@pytest.mark.parametrize("fusion", ["concat", "cross-attention"])
def test_every_other_fusion_learns_too(tmp_path: Path, fusion: str) -> None:
    """Concatenation as well, so an interaction alone does not part the fusions as the paper's Table 3 does."""
    assert learned(tmp_path, "texture", fusion)[1] > 0.8
