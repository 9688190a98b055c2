"""Which paintings look alike and which tracks sound alike. Found here; what it means is for a person to decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.likeness.pictures import Pictures, bits_of, near_hashes
from mpd_builder.likeness.sounds import SECONDS_PER_WORD, Library


@dataclass(frozen=True, slots=True)
class Alike:
    """Two items by their keys, `first` before `second` in the mapping asked about; similarity is 1 for equal ones.

    Of tracks, `first` begins `offset_s` seconds into `second`; before it, where that is negative.
    """

    first: str
    second: str
    similarity: float
    offset_s: float = 0.0


def alike_paintings(
    hashes: Mapping[str, str],
    *,
    new: Collection[str] | None,
    picture: Callable[[str], npt.NDArray[np.uint8]],
) -> list[Alike]:
    """The paintings that look alike, the most similar first: copies, crops, other photographs, mirror images.

    `hashes` are by key what `ingest.fingerprints.difference_hash` gave; one of another length is made anew from the
    picture. `new`: only pairs with at least one of these; None for all. `picture(key)` gives the uint8 (256, 256, 3)
    model input and is called only where hashes are near. Similarity is the correlation of the details.
    """
    keys = list(hashes)
    pictures = Pictures(keys, picture)
    bits = bits_of([hashes[key] for key in keys], remake=pictures.hash_of)
    found: dict[tuple[int, int], float] = {}
    for one, other, is_mirrored in near_hashes(bits, _is_new(keys, new)):
        similarity = pictures.similarity(one, other, is_mirrored=is_mirrored)
        if similarity is not None:
            found[one, other] = max(similarity, found.get((one, other), 0.0))
    return _best_first([Alike(keys[one], keys[other], similarity) for (one, other), similarity in found.items()])


def alike_tracks(fingerprints: Mapping[str, npt.NDArray[np.uint32]], *, new: Collection[str] | None) -> list[Alike]:
    """The tracks that share eight seconds of sound or more, at whatever places, the most similar first.

    `fingerprints` are by key what `ingest.fingerprints.track_fingerprint` gave. `new`: only pairs with at least one of
    these; None for all. Similarity is 1 - 2 x the bit error rate over all that they share: 0 is chance.
    """
    keys = list(fingerprints)
    matches = Library([fingerprints[key] for key in keys]).matches(_is_new(keys, new))
    return _best_first(
        [
            Alike(keys[match.first], keys[match.second], match.similarity, round(match.offset * SECONDS_PER_WORD, 2))
            for match in matches
        ]
    )


def _is_new(keys: list[str], new: Collection[str] | None) -> npt.NDArray[np.bool_]:
    chosen = None if new is None else frozenset(new)
    return np.array([chosen is None or key in chosen for key in keys], dtype=np.bool_)


def _best_first(found: list[Alike]) -> list[Alike]:
    return sorted(found, key=lambda alike: (-alike.similarity, alike.first, alike.second))
