"""What is truly coherent: a known function of two latent vectors, and the truth of a whole synthetic corpus.

With u and w the qualities of painting and clip scaled to [-1, 1], a quality agrees by `u w - (k / 2) (u^2 + w^2)`. The
product counts agreement of pronounced characters for more than that of indifferent ones; the rest (k = 0.35) turns it
part of the way to a squared distance, so that a pronounced character is at odds with an indifferent one. A pure
distance (k = 1) would let the painting alone correlate 0.34 with the answer, so it does 0.13. The weighted sum passes a
logistic curve whose two constants centre random pairs on 0.5 with a standard deviation of 0.22: there a mean
dispersion of 0.078 (population, five raters) goes with a Krippendorff alpha of 0.86.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from mpd_builder.records import Pair
from mpd_builder.synthetic.latents import QUALITIES, Latents

WEIGHTS = {
    "energy": 0.26,
    "brightness": 0.16,
    "warmth": 0.16,
    "tension": 0.18,
    "density": 0.12,
    "regularity": 0.12,
}
_DISTANCE = 0.35
_SLOPE = 6.15
_CENTRE = -0.1436
_FORMAT = 1
_PREFIX = 16  # hex digits of a SHA-256 that ids carry (mpd_builder.records)

Item = TypeVar("Item")


def coherence(painting: Latents, clip: Latents) -> float:
    """True coherence of a painting and a clip in (0, 1); symmetric; 0.5 is the mean of random pairs."""
    u, w = 2 * painting.as_array() - 1, 2 * clip.as_array() - 1
    weights = np.array([WEIGHTS[name] for name in QUALITIES])
    agreement = float(np.sum(weights * (u * w - _DISTANCE / 2 * (u * u + w * w))))
    return 1.0 / (1.0 + math.exp(-_SLOPE * (agreement - _CENTRE)))


@dataclass(frozen=True)
class Truth:
    """The latents behind a synthetic corpus, by SHA-256 of each file; a track has one entry a 15-second clip."""

    paintings: Mapping[str, Latents]
    tracks: Mapping[str, tuple[Latents, ...]]

    def coherence(self, painting_sha256: str, track_sha256: str, clip_index: int) -> float:
        """True coherence in (0, 1). A hash may be cut to its first 16 digits, as ids are; `KeyError` in words."""
        clips = _find(self._track_index, track_sha256, "track")
        if not 0 <= clip_index < len(clips):
            raise KeyError(f"track {track_sha256[:_PREFIX]} has {len(clips)} synthetic clips, no clip {clip_index}")
        return coherence(_find(self._painting_index, painting_sha256, "painting"), clips[clip_index])

    def by_pair(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """True coherence of each pair by pair id; `KeyError` if a pair holds anything that is not of this corpus."""
        return {pair.id: self._of_pair(pair) for pair in pairs}

    @cached_property
    def _painting_index(self) -> dict[str, Latents]:
        return {sha[:_PREFIX]: latents for sha, latents in self.paintings.items()}

    @cached_property
    def _track_index(self) -> dict[str, tuple[Latents, ...]]:
        return {sha[:_PREFIX]: clips for sha, clips in self.tracks.items()}

    def _of_pair(self, pair: Pair) -> float:
        kind, _, rest = pair.clip_id.partition("_")
        track, _, index = rest.partition("_")
        if kind != "c" or not index.isdigit() or not pair.painting_id.startswith("p_"):
            raise KeyError(f"pair {pair.id} does not carry ids of a painting and a clip")
        return self.coherence(pair.painting_id.removeprefix("p_"), track, int(index))

    def save(self, path: Path) -> None:
        """Write as JSON, whole or not at all, in an order that does not depend on how the truth was made."""
        content = {
            "format": _FORMAT,
            "note": "Latent qualities behind a synthetic corpus, by SHA-256 of the file; a track lists its clips.",
            "qualities": list(QUALITIES),
            "paintings": {sha: _as_list(item) for sha, item in sorted(self.paintings.items())},
            "tracks": {sha: [_as_list(clip) for clip in clips] for sha, clips in sorted(self.tracks.items())},
        }
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; `ValueError` says what is wrong with a file that it did not write."""
        try:
            content: Any = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != _FORMAT or tuple(content["qualities"]) != QUALITIES:
                raise ValueError(f"{path} was written by another version of the synthetic corpus")
            return cls(
                paintings={sha: Latents(*row) for sha, row in content["paintings"].items()},
                tracks={sha: tuple(Latents(*row) for row in rows) for sha, rows in content["tracks"].items()},
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is not the truth of a synthetic corpus: {error!r}") from error


def _as_list(item: Latents) -> list[float]:
    return [float(value) for value in item.as_array()]


def _find(index: Mapping[str, Item], sha256: str, kind: str) -> Item:
    try:
        return index[sha256[:_PREFIX]]
    except KeyError:
        raise KeyError(f"no synthetic {kind} has the hash {sha256[:_PREFIX]}") from None
