"""Which of the six qualities of the synthetic corpus a trained model matches between painting and music.

Usage: python -m bench.qualities CORPUS CHECKPOINT ... (CORPUS: what `make_corpus(out_dir=CORPUS, ...)` wrote, with
another seed than the one that the model learned from)

Every painting is scored with every clip. Of the logits what belongs to a painting or to a clip alone is taken away;
what is left is explained by the products of the two sides' qualities, as the true coherence is. 1 is as much as the
truth, 0 nothing.

Shapes: P paintings, C clips, Q qualities.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from bench.legibility import coherences, digests
from bench.table import Row, table
from model import checkpoints
from model.data import Media
from model.loose import mel_of, painting_of
from model.metrics import Floats, srcc
from model.scoring import score_pairs
from mpd_builder.records import CLIP_SECONDS
from mpd_builder.synthetic import Truth
from mpd_builder.synthetic.latents import QUALITIES


def gains(logit_PC: Floats, true_PC: Floats, painting_PQ: Floats, clip_CQ: Floats) -> tuple[Floats, float]:
    """How much of each quality's product the logits hold, beside what the truth's hold (Q,); and the share explained.

    `true_PC`: the true coherence, in (0, 1).
    """
    products_NQ = np.stack(
        [
            _together(np.outer(2 * painting - 1, 2 * clip - 1))
            for painting, clip in zip(painting_PQ.T, clip_CQ.T, strict=True)
        ],
        axis=1,
    )
    held, true = _together(logit_PC), _together(np.log(true_PC / (1 - true_PC)))
    found_Q, true_Q = (np.linalg.lstsq(products_NQ, each, rcond=None)[0] for each in (held, true))
    left = np.square(held - products_NQ @ found_Q).sum() / np.square(held).sum()
    return found_Q / true_Q, float(1 - left)


def _together(values_PC: Floats) -> Floats:
    """What neither side says alone, flat."""
    alone = values_PC.mean(axis=0, keepdims=True) + values_PC.mean(axis=1, keepdims=True) - values_PC.mean()
    flat: Floats = (values_PC - alone).ravel()
    return flat


def rows(folder: Path, models: list[Path]) -> list[Row]:
    truth = Truth.load(folder / "truth.json")
    pictures = digests(folder / "paintings/paintings.csv")
    music = [
        (name, digest, index)
        for name, digest in digests(folder / "music/tracks.csv").items()
        for index in range(len(truth.tracks[digest]))
    ]
    paintings = np.stack([painting_of(folder / "paintings" / name) for name in pictures])
    mels = np.stack([mel_of(folder / "music" / name, start_s=index * CLIP_SECONDS) for name, _, index in music])
    painting_PQ = np.array([truth.paintings[digest].as_array() for digest in pictures.values()])
    clip_CQ = np.array([truth.tracks[digest][index].as_array() for _, digest, index in music])
    true_PC = coherences(painting_PQ, clip_CQ).reshape(len(paintings), len(mels))
    painting, clip = np.divmod(np.arange(true_PC.size), len(mels))
    found = []
    for place in models:
        checkpoint = checkpoints.load(place)
        media = Media(paintings, mels, torch.device("cpu"), pool=checkpoint.config.painting.pool)
        logit = score_pairs(
            checkpoint.module, media, painting, clip, batch=checkpoint.config.run.evaluation_batch
        ).logit
        gain_Q, explained = gains(logit.reshape(true_PC.shape), true_PC, painting_PQ, clip_CQ)
        held = ", ".join(f"{name} {gain:.2f}" for name, gain in zip(QUALITIES, gain_Q, strict=True))
        where = f"{place}, {len(paintings)} paintings x {len(mels)} clips"
        found.append(
            Row("qualities matched", where, held, f"SRCC {srcc(logit, true_PC.ravel()):.3f}", f"{explained:.2f}")
        )
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(table(rows(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])))
