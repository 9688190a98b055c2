"""Maps from file to file: a painting and a clip in, pictures and numbers out.

Shapes: S side of the painting in pixels, F mel bands, T mel frames, D width, L blocks, G patches along a side.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model import drawing, loose
from model.checkpoints import Checkpoint, replace_text
from model.data import DataError, Media
from model.judge import MPJudge
from model.maps import first_and_last, modulation_maps
from model.pairfile import Source, open_source
from model.scoring import encode_clips

MAPS_NAME, NUMBERS_NAME = "maps.npz", "maps.json"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at and listened to, and what the music is held against."""

    name: str
    painting_SS3: NDArray[np.uint8]
    mel_FT: NDArray[np.float16]
    others: Source | None


def subject(*, painting: str, music: str, start_s: float, snapshot: Path | None) -> Subject:
    """A picture file and a sound file (15 s from `start_s` on), or either by its id in a snapshot.

    With a snapshot the music is held against all its clips. Raises DataError in words.
    """
    source = None if snapshot is None else open_source(snapshot=snapshot, arrays=None)
    rows = ({}, {}) if source is None else source.rows
    if source is not None and painting in rows[0]:
        pixels = np.array(source.paintings_u8[rows[0][painting]])
    else:
        pixels = loose.painting_of(_file(painting, "painting_id", snapshot))
    if source is not None and music in rows[1]:
        heard = np.array(source.mels_f16[rows[1][music]])
    else:
        heard = loose.mel_of(_file(music, "clip_id", snapshot), start_s=start_s)
    return Subject(f"{Path(painting).name} with {Path(music).name}", pixels, heard, source)


def write(checkpoint: Checkpoint, seen: Subject, *, out_dir: Path, p: float) -> dict[str, Any]:
    """Draw the first and last three layers, each kind of map as PNG and SVG, and keep all numbers.

    `maps.npz` holds (L, G, G) of each kind in its own scale, `maps.json` (also returned) their means over the tokens,
    which for `absolute` are the modulation intensities of eq. 4. Raises DataError for a model without MAN.
    """
    module = checkpoint.module
    if not isinstance(module, MPJudge) or checkpoint.config.fusion.kind != "man":
        raise DataError(f"the model {checkpoint.config.recipe} has no MAN, so there is no modulation to draw")
    device = module.head.weight.device
    found = modulation_maps(
        module,
        torch.from_numpy(seen.painting_SS3).permute(2, 0, 1)[None].to(device),
        torch.from_numpy(seen.mel_FT).float()[None, None].to(device),
        p=p,
        usual_D=_usual(checkpoint, seen.others),
    )
    grid = checkpoint.config.painting.grid
    maps = {
        name: terms_LBN[:, 0].double().cpu().numpy().reshape(-1, grid, grid)
        for name, terms_LBN in found.named().items()
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    shown = first_and_last(checkpoint.config.painting.depth)
    for name, map_LGG in maps.items():
        panels = [drawing.Panel(f"layer {layer + 1}", map_LGG[layer]) for layer in shown]
        _replace(out_dir / f"{name}.png", drawing.png(seen.painting_SS3, panels))
        replace_text(out_dir / f"{name}.svg", drawing.svg(seen.painting_SS3, panels, title=f"{seen.name}: {name}"))
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **maps)
    _replace(out_dir / MAPS_NAME, packed.getvalue())
    numbers = {
        "subject": seen.name,
        "recipe": checkpoint.config.recipe,
        "p": p,
        "layers_drawn": [layer + 1 for layer in shown],
        "mean": {name: map_LGG.mean(axis=(1, 2)).tolist() for name, map_LGG in maps.items()},
    }
    replace_text(out_dir / NUMBERS_NAME, json.dumps(numbers, indent=2) + "\n")
    return numbers


def _usual(checkpoint: Checkpoint, others: Source | None) -> Tensor | None:
    """The mean music vector (D,) of all clips of a snapshot."""
    if others is None:
        return None
    media = Media(others.paintings_u8[:0], others.mels_f16, checkpoint.module.head.weight.device)
    clips = np.arange(len(others.mels_f16), dtype=np.int64)
    return encode_clips(checkpoint.module, media, clips, batch=checkpoint.config.run.evaluation_batch).mean(dim=0)


def _file(name: str, column: str, snapshot: Path | None) -> Path:
    path = Path(name)
    if not path.is_file():
        among = "" if snapshot is None else f", nor a {column} of {snapshot}"
        raise DataError(f"{name} is not a file{among}")
    return path


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)
