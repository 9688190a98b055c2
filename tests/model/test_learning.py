"""Proof that the fusions learn what they should, at a size that two cores train in a minute or two.

Two kinds of planted data, each as five noisy raters see it, measured on paintings and tracks that are both new.
One product: a painting is red or blue all over (`colour`), or striped more or less in either phase (`texture`); a clip
sounds high or low; the score is the product. Six products: `tests/model/motifs.py`.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from model import checkpoints, runs
from model.config import Config
from model.data import Dataset
from tests.model.factories import micro_config, planted_dataset
from tests.model.motifs import motif_config, motif_dataset

pytestmark = pytest.mark.slow


def learned(out_dir: Path, config: Config, dataset: Dataset, *, seed: int, about: str) -> tuple[float, float]:
    """SRCC on unseen paintings with unseen tracks, as a figure and as a share of the noise ceiling."""
    ticks = itertools.count()
    report = runs.run(
        config,
        dataset,
        out_dir=out_dir,
        identity=checkpoints.Identity(dataset.digest, seed=seed, code_version="test"),
        device=torch.device("cpu"),
        wall_clock=lambda: 0.0,
        clock=lambda: float(next(ticks)),
    )
    figure = report["protocols"]["unseen-both"]["srcc"]["value"]
    ceiling = report["noise_ceiling"]["unseen-both"]["srcc"]
    print(f"{about}: SRCC {figure:.3f}, noise ceiling {ceiling:.3f}, on training pairs {report['train']['srcc']:.3f}")
    return figure, figure / ceiling


def learned_product(out_dir: Path, kind: str, fusion: str) -> tuple[float, float]:
    config = micro_config(
        fusion={"kind": fusion},
        painting={"width": 64, "depth": 4},
        augment={"flip": 0.0, "shift": 0, "roll": False, "band_mask": 0, "frame_mask": 0},
        optim={"regression_steps": 150, "preference_steps": 0, "batch": 128, "lr": 1e-3, "ema": 0.0},
        run={"log_every": 50, "validate_every": 150, "evaluation_batch": 512},
    )
    dataset = planted_dataset(paintings=200, clips=150, pairs=4000, kind=kind, is_rated=True)
    return learned(out_dir / fusion, config, dataset, seed=7, about=f"{kind}, {fusion}")


@pytest.mark.parametrize("kind", ["colour", "texture"])
def test_what_painting_only_cannot_learn_man_can(tmp_path: Path, kind: str) -> None:
    painting_only, _ = learned_product(tmp_path, kind, "none")
    _, best = learned_product(tmp_path, kind, "man")
    assert abs(painting_only) < 0.15
    assert best > 0.8


@pytest.mark.parametrize("fusion", ["concat", "cross-attention"])
def test_every_other_fusion_learns_a_single_product_too(tmp_path: Path, fusion: str) -> None:
    assert learned_product(tmp_path, "texture", fusion)[1] > 0.8


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_earlier_music_is_heard_the_more_is_learned(tmp_path: Path, seed: int) -> None:
    """None, then concatenation, then cross-attention and MAN, as in the paper's Table 3; `best` nears the ceiling."""
    dataset = motif_dataset(seed=seed)
    shares = {
        fusion: learned(
            tmp_path / fusion,
            motif_config(fusion, steps=450),
            dataset,
            seed=seed,
            about=f"motifs, seed {seed}, {fusion}",
        )[1]
        for fusion in ("none", "concat", "cross-attention", "man")
    }
    assert abs(shares["none"]) < 0.15
    assert shares["none"] + 0.15 < shares["concat"]
    assert shares["concat"] + 0.05 < min(shares["cross-attention"], shares["man"])
    assert shares["man"] > 0.8
