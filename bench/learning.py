"""What recipes learn from the planted motifs (`tests/model/motifs.py`), over seeds. Minutes on one core.

Usage: python -m bench.learning fusions|topologies|preferences [SEEDS]

Each row is the mean over seeds and, after the sign, its standard deviation over seeds; measured on pairs whose painting
and track are both new. `preferences` trains on 2AFC tasks between pairs of the ambiguous band, three noisy votes each;
every row has both stages in full, so that `off` differs by the preference loss alone.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.table import Row, table
from model import runs
from model.checkpoints import Identity
from model.config import Config, replaced
from model.data import Dataset, Preferences
from model.metrics import Floats
from tests.model.motifs import motif_config, motif_world

PAIRS, BAND, NOISE, VOTES = 20_000, (0.4, 0.6), 0.08, 3
NOTHING = 1e-9
"""A preference weight that keeps the second stage and takes its preferences away."""


def fusions() -> dict[str, Config]:
    return {fusion: motif_config(fusion, steps=450) for fusion in ("none", "concat", "cross-attention", "man")}


def topologies() -> dict[str, Config]:
    """`best` against the paper's topology, with its own start and head and with ours; the same schedule for all."""
    best = motif_config("man", steps=450)
    paper = replaced(best, fusion={"topology": "paper"})
    literal = replaced(paper, fusion={"init": "released"}, head={"output": "linear"})
    return {"`best`": best, "`paper`": literal, "`paper`, our start and sigmoid": paper}


def preferences() -> dict[str, Config]:
    """Both stages without preferences, then with them: beta at the same force at the start, and other forms."""
    base = replaced(motif_config("man", steps=200), optim={"preference_steps": 80, "preference_batch": 64})
    base = replaced(base, optim={"preference_lr": 1.5e-3}, run={"validate_every": 280})
    losses: dict[str, Mapping[str, object]] = {"off": {"preference_weight": NOTHING}}
    losses |= {f"beta {beta:g}": {"beta": beta} for beta in (0.1, 0.3, 1.0, 5.0, 10.0)}
    losses |= {
        "beta 5, five times the force": {"beta": 5.0, "normalise": False},
        "beta 1, a tenth of the force": {"beta": 1.0, "preference_weight": 0.05},
        "on the logit": {"beta": 1.0, "on": "logit"},
    }
    return {name: replaced(base, loss=loss) for name, loss in losses.items()}


def with_votes(dataset: Dataset, truth_PC: Floats, *, seed: int) -> Dataset:
    """Tasks between neighbours of the ambiguous band that share a painting, decided by the majority of noisy votes."""
    generator = np.random.default_rng([seed, 1])
    known, pairs = dataset.preferences, dataset.pairs
    inside = (pairs.score >= BAND[0]) & (pairs.score <= BAND[1])
    order = np.flatnonzero(inside)[np.argsort(pairs.painting[inside], kind="stable")]
    first, second = order[:-1], order[1:]
    together = pairs.painting[first] == pairs.painting[second]
    first, second = first[together], second[together]
    truth = truth_PC[pairs.painting, pairs.clip]
    lead = (truth[first] - truth[second])[:, None]  # a vote is as noisy as the difference of two ratings
    won = (lead + generator.normal(0, NOISE * np.sqrt(2), (len(first), VOTES)) > 0).sum(axis=1) * 2 > VOTES
    decided = Preferences(known.direction[:1] * len(first), np.where(won, first, second), np.where(won, second, first))
    return replace(dataset, preferences=decided)


def report(config: Config, dataset: Dataset, *, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-learning-") as folder:
        return runs.run(
            config,
            dataset,
            out_dir=Path(folder, "run"),
            identity=Identity(dataset.digest, seed=seed, code_version="bench"),
            device=torch.device("cpu"),
            wall_clock=time.time,
            clock=time.process_time,
        )


def figures(found: Mapping[str, Any]) -> dict[str, float]:
    """What is compared of one run."""
    all_pairs, band = found["protocols"]["unseen-both"], found["ambiguous"]["protocols"]["unseen-both"]
    return {
        "SRCC": all_pairs["srcc"]["value"],
        "MAE": all_pairs["mae"]["value"],
        "SRCC in the band": band["srcc"]["value"],
        "MAE in the band": band["mae"]["value"],
        "preferences": found["preferences_by_regime"]["unseen-both"]["all"]["value"],
        "SRCC on training pairs": found["train"]["srcc"],
        "seconds": found["training_seconds"],
    }


def rows(kind: str, seeds: int) -> list[Row]:
    configs = {"fusions": fusions, "topologies": topologies, "preferences": preferences}[kind]()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in configs}
    for seed in range(seeds):
        dataset, truth_PC = motif_world(seed=seed, pairs=PAIRS)
        if kind == "preferences":
            dataset = with_votes(dataset, truth_PC, seed=seed)
        for name, config in configs.items():
            found[name].append(figures(report(config, dataset, seed=seed)))
            print(f"{name}, seed {seed}: {found[name][-1]}", file=sys.stderr, flush=True)
    return [Row(f"{kind}: {name}", f"{seeds} seeds", _listed(of_seeds)) for name, of_seeds in found.items()]


def _listed(of_seeds: list[dict[str, float]]) -> str:
    """Mean and deviation of each figure."""
    parts = []
    for name in of_seeds[0]:
        values = [figures[name] for figures in of_seeds]
        spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
        parts.append(f"{name} {np.mean(values):.3f}{spread}")
    return "; ".join(parts)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(table(rows(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)))
