"""Ten test pairs of a finished run, each with what its music did to its painting: pictures and numbers for people.

Shapes: S side of the shown painting in pixels, L blocks, G patches along a side.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from model import drawing
from model.checkpoints import replace_text
from model.config import Config
from model.data import Dataset, Media
from model.files import EXAMPLE_NAMES, EXAMPLES_NAME
from model.interface import Judge
from model.judge import MPJudge
from model.maps import first_and_last, modulation_maps

SIDE, SEED = 128, 0


def write(config: Config, module: Judge, dataset: Dataset, media: Media, *, out_dir: Path) -> int:
    """Write `examples.json` and a PNG a pair into `out_dir`; returns how many, 0 for a model without MAN.

    The pairs are drawn from those that the snapshot's own regime holds out, always by the same lot: all runs on a
    snapshot show the same ones. A picture is the painting, then `absolute` (eq. 4) of the first and last three layers.
    """
    if not isinstance(module, MPJudge) or config.fusion.kind != "man":
        return 0
    shown = first_and_last(config.painting.depth)
    rows = []
    for name, row in zip(EXAMPLE_NAMES, drawn(dataset), strict=False):
        score, map_LGG = _seen(config, module, dataset, media, row)
        panels = [drawing.Panel(f"layer {layer + 1}", map_LGG[layer]) for layer in shown]
        (out_dir / name).write_bytes(drawing.png(_small(dataset.paintings_u8[dataset.pairs.painting[row]]), panels))
        rows.append(
            {
                "picture": name,
                "pair_id": dataset.pairs.pair_ids[row],
                **{key: str(dataset.items[key].iloc[row]) for key in ("painting", "clip") if key in dataset.items},
                "score": float(dataset.pairs.score[row]),
                "predicted": score,
                "intensity": map_LGG.mean(axis=(1, 2)).tolist(),
            }
        )
    size = [(SIDE + drawing.GAP) * (len(shown) + 1) - drawing.GAP, SIDE + drawing.CAPTION]
    found = {
        "size": size,
        "regime": dataset.regime.value,
        "layers_drawn": [layer + 1 for layer in shown],
        "pairs": rows,
    }
    replace_text(out_dir / EXAMPLES_NAME, json.dumps(found, indent=2) + "\n")
    return len(rows)


def drawn(dataset: Dataset) -> list[int]:
    """The rows of the pairs that are shown, in the order of the table."""
    rows = np.flatnonzero(dataset.protocols[dataset.regime])
    lot: list[int] = np.sort(np.random.default_rng(SEED).permutation(rows)[: len(EXAMPLE_NAMES)]).tolist()
    return lot


@torch.no_grad()
def _seen(
    config: Config, module: MPJudge, dataset: Dataset, media: Media, row: int
) -> tuple[float, NDArray[np.float64]]:
    """The predicted score of a pair, and its maps (L, G, G)."""
    place = np.array([row])
    painting_13HW = media.paintings(dataset.pairs.painting[place])
    mel_11FT = media.mels(dataset.pairs.clip[place])
    found = modulation_maps(module, painting_13HW, mel_11FT)
    grid = config.painting.grid
    maps: NDArray[np.float64] = found.absolute[:, 0].double().cpu().numpy().reshape(-1, grid, grid)
    return float(module(painting_13HW, mel_11FT)[0]), maps


def _small(painting_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The painting as it is shown, (S, S, 3)."""
    return np.asarray(Image.fromarray(painting_HW3).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
