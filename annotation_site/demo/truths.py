"""What simulated raters go by: the planted truth of a synthetic corpus, or a number drawn for a pair that has none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from annotation_site.scoring.models import Pair
from mpd_builder.synthetic.truth import Truth

# The centre and spread of the truth of random synthetic pairs.
_DRAWN = NormalDist(0.5, 0.22)


@dataclass(frozen=True)
class Truths:
    """Coherence in [0, 1] by pair. Real paintings and music have no planted truth: theirs is drawn from a hash."""

    planted: Truth | None
    seed: int

    def of(self, pair: Pair) -> float:
        """The coherence that simulated raters see in a pair; always the same for the same seed."""
        painting, clip = pair.painting, pair.clip
        if self.planted is not None and painting.is_synthetic and clip.track.is_synthetic:
            return self.planted.coherence(painting.sha256, clip.track.sha256, clip.index)
        digest = hashlib.sha256(f"{self.seed} {pair.key}".encode()).digest()
        drawn = _DRAWN.inv_cdf((int.from_bytes(digest[:8], "big") + 0.5) / 2**64)
        return min(1.0, max(0.0, drawn))


def corpus_dir(state_dir: Path) -> Path:
    """Where the demo's files are made, before the importer takes them in."""
    return state_dir / "demo" / "corpus"


def truth_path(state_dir: Path) -> Path:
    return corpus_dir(state_dir) / "truth.json"


def truths_load(*, path: Path, seed: int) -> Truths:
    """The planted truth in `path`, where there is one."""
    return Truths(Truth.load(path) if path.exists() else None, seed)
