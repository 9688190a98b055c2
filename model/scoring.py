"""Scores of many pairs, and how sure the model is of each.

Shapes: P paintings, M clips, B pairs, N pairs in all, D width, K weights of the head with its bias. `music_M` and
`music_B` are what the model keeps of each clip: a vector (M, D), or for cross-attention its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.batches import chunks
from model.data import Ints, Media
from model.interface import Judge

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
PRIOR_LOGIT_SD = 1.0


@dataclass(frozen=True, slots=True)
class Posterior:
    """Bayesian regression on the head's input: covariance of its weights (K, K), variance of human scores.

    A pair's features are g = ds/dlogit * [z, 1] (the linearised head); the variance of its score is g' covariance g.
    """

    covariance: Floats
    noise: float

    def variance(self, features_NK: Floats) -> Floats:
        """Variance of the predicted score (N,), without the noise of human scores."""
        spread: Floats = np.einsum("nk,kl,nl->n", features_NK, self.covariance, features_NK, optimize=True)
        return spread

    def to_tensors(self) -> dict[str, Tensor]:
        return {
            "covariance": torch.from_numpy(self.covariance),
            "noise": torch.tensor(self.noise, dtype=torch.float64),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Posterior:
        return cls(tensors["covariance"].double().cpu().numpy(), float(tensors["noise"]))


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores (N,), logits (N,) and the head's linearised features (N, K) of pairs, in the order asked for."""

    score: Floats
    logit: Floats
    features: Floats


def fit_posterior(scored: Scored, human: Floats) -> Posterior:
    """The posterior of the head from training pairs, in closed form.

    Covariance = (G'G / noise + prior)^-1; noise is the residual variance, and the prior is such that before any pair
    the score of a typical pair has the standard deviation that a logit of standard deviation 1 gives it.
    """
    features = scored.features
    noise = max(float(np.square(scored.score - human).mean()), 1e-6)
    prior = float(np.square(features).sum(axis=1).mean()) / PRIOR_LOGIT_SD**2
    precision = features.T @ features / noise + prior * np.eye(features.shape[1])
    return Posterior(np.linalg.inv(precision).astype(np.float64), noise)


@torch.inference_mode()
def encode_clips(module: Judge, media: Media, clips: Ints, *, batch: int) -> Tensor:
    """What the model keeps of clip rows, each encoded once: the first axis is M, mostly music_MD."""
    return torch.cat([module.encode_music(media.mels(clips[part])) for part in chunks(len(clips), batch)])


def score_pairs(
    module: Judge, media: Media, painting: Ints, clip: Ints, *, batch: int, progress: Progress | None = None
) -> Scored:
    """Score pairs given as array rows. The module must be in evaluation mode; each distinct clip is encoded once."""
    parts = list(score_in_parts(module, media, painting, clip, batch=batch, progress=progress))
    width = module.head.in_features + 1
    return Scored(
        np.concatenate([np.zeros(0), *(part.score for part in parts)]),
        np.concatenate([np.zeros(0), *(part.logit for part in parts)]),
        np.concatenate([np.zeros((0, width)), *(part.features for part in parts)]),
    )


@torch.inference_mode()
def score_in_parts(
    module: Judge, media: Media, painting: Ints, clip: Ints, *, batch: int, progress: Progress | None = None
) -> Iterator[Scored]:
    """Like `score_pairs`, a batch at a time. `progress` hears how many are done, and of how many."""
    distinct, where = np.unique(clip, return_inverse=True)
    if not len(clip):
        return
    music_M = encode_clips(module, media, distinct, batch=batch)
    for part in chunks(len(clip), batch):
        music_B = music_M.index_select(0, torch.as_tensor(where[part], device=music_M.device))
        yield scored_features(module, module.pooled(media.paintings(painting[part]), music_B))
        if progress is not None:
            progress(part.stop, len(clip))


@torch.inference_mode()
def score_matrix(module: Judge, paintings: Tensor, mels: Tensor, *, batch: int = 256) -> Tensor:
    """scores_PM of every painting (P, 3, H, W) with every mel (M, 1, F, T), the module in evaluation mode.

    Equal to the direct forward: what depends on a clip or a painting alone is computed once (`Judge.look`, `hear`).
    The result is on the module's device in the head's precision.
    """
    device = module.head.weight.device
    scores_PM = torch.empty(len(paintings), len(mels), dtype=module.head.weight.dtype, device=device)
    encoded = [module.encode_music(mels[part].to(device)) for part in chunks(len(mels), batch)]
    heard = [module.hear(music_M[row : row + 1]) for music_M in encoded for row in range(len(music_M))]
    for part in chunks(len(paintings), batch):
        scores_PM[part] = joined_scores(module, module.look(paintings[part].to(device)), heard)
    return scores_PM


def joined_scores(module: Judge, seen: tuple[Tensor, ...], heard: list[tuple[Tensor, ...]]) -> Tensor:
    """scores_PM of looked-at paintings with each of the heard clips."""
    return torch.stack([module.score_of(module.logit(module.join(seen, clip))) for clip in heard], dim=1)


def scored_features(module: Judge, features_BK: Tensor) -> Scored:
    """Scores of pairs from what the head sees of them."""
    logit_B = module.logit(features_BK)
    score_B = module.score_of(logit_B)
    slope_B = score_B * (1 - score_B) if module.config.head.output == "sigmoid" else torch.ones_like(score_B)
    with_bias = torch.cat([features_BK, torch.ones_like(features_BK[:, :1])], dim=1)
    return Scored(_numpy(score_B), _numpy(logit_B), _numpy(slope_B[:, None] * with_bias))


def _numpy(tensor: Tensor) -> Floats:
    values: Floats = tensor.double().cpu().numpy()
    return values
