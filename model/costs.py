"""What a model costs: parameters and floating-point operations, by encoder and in both conventions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from model import recipes
from model.config import Config
from model.judge import build

MEL_BANDS, MEL_FRAMES = 128, 469


def describe(config: Config) -> dict[str, Any]:
    """Parameters and FLOPs of one pair, one 128 x 469 mel and one painting, forward.

    `flops` counts a multiply-add as two (the convention of the paper's own row in Table 1), `macs` as one (that of its
    CDCML row). What the painting costs includes fusion and head. Nothing is allocated: shapes alone are computed.
    """
    with torch.device("meta"):
        module = build(config).eval()
        mel_11FT = torch.empty(1, 1, MEL_BANDS, MEL_FRAMES)
        painting_13HW = torch.empty(1, 3, config.painting.size, config.painting.size)
    with torch.no_grad(), FlopCounterMode(display=False) as music_flops:
        music_1 = module.encode_music(mel_11FT)
    with torch.no_grad(), FlopCounterMode(display=False) as painting_flops:
        module.logit(module.pooled(painting_13HW, music_1))
    music = _cost(0 if module.music is None else _count(module.music), music_flops.get_total_flops())
    painting = _cost(_count(module) - music["parameters"], painting_flops.get_total_flops())
    return {
        "recipe": config.recipe,
        "music_encoder": music,
        "painting_encoder": painting,
        "total": {key: music[key] + painting[key] for key in music},
        "painting_tokens": config.painting.tokens,
    }


def table() -> dict[str, dict[str, int]]:
    """Parameters and FLOPs of every recipe in every size, by name: what `model.known_costs` keeps."""
    names = [name if size == "full" else f"{name}@{size}" for name in recipes.NAMES for size in recipes.SIZES]
    totals = {name: describe(recipes.get(name))["total"] for name in names}
    return {name: {"parameters": total["parameters"], "flops": total["flops"]} for name, total in totals.items()}


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Table 1 of many models: parameters in millions, and billions of FLOPs and MACs of one pair, by encoder."""
    lines = [
        "| recipe | music: parameters | 2 x MAC | MAC | painting and fusion: parameters | 2 x MAC | MAC |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        parts = [row["music_encoder"], row["painting_encoder"]]
        cells = [_in(part[key], scale) for part in parts for key, scale in _COLUMNS]
        lines.append(f"| {' | '.join([row['recipe'], *cells])} |")
    return "\n".join(lines)


_COLUMNS = (("parameters", "M"), ("flops", "G"), ("macs", "G"))
_SCALES = {"G": 1e9, "M": 1e6}


def _in(value: int, scale: str) -> str:
    """Three digits behind the point, in a thousandth of the scale where it would be nothing: 3.021 M, 6.423 M."""
    if scale == "G" and 0 < value < 1e8:
        scale = "M"
    return f"{value / _SCALES[scale]:.3f} {scale}" if value else "-"


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _cost(parameters: int, flops: int) -> dict[str, int]:
    return {"parameters": parameters, "flops": flops, "macs": flops // 2}


if __name__ == "__main__":  # python -m model.costs > model/known_costs.json
    lines = [f" {json.dumps(name)}: {json.dumps(cost)}" for name, cost in table().items()]
    print("{\n" + ",\n".join(lines) + "\n}")
