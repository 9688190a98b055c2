"""Tracks that share sound: words that occur in two tracks point at places, and the bits around them are compared.

Words are sub-fingerprints of 32 bits (Haitsma & Kalker 2002); 469 of them are 15 s. All tracks lie one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SECONDS_PER_WORD: Final = 15.0 / 469
MAX_BIT_ERRORS: Final = 0.33
"""Of copies, up to a quarter of the bits differ here; of other tracks, 0.44 and more at every offset."""
MIN_WORDS: Final = 250
MAX_REPEATS: Final = 24
"""A word with more places than this between two others' says little; held notes give many."""
_LOOK: Final = np.arange(-96, 97, 6)
"""Around a place that two tracks share, these words are compared first."""
_LOOK_ERRORS: Final = 0.38
_LOOK_WORDS: Final = 12
_BLOCK: Final = 1 << 17

Words = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Match:
    """Word 0 of track `first` sounds like word `offset` of track `second`."""

    first: int
    second: int
    offset: int
    similarity: float


class Library:
    """The fingerprints of all tracks."""

    def __init__(self, fingerprints: Sequence[Words]) -> None:
        self.lengths = np.array([len(words) for words in fingerprints], dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        self.words = np.concatenate([np.zeros(0, np.uint32), *fingerprints]).astype(np.uint32)
        self.track = np.repeat(np.arange(len(fingerprints), dtype=np.int64), self.lengths)

    def matches(self, is_new: npt.NDArray[np.bool_]) -> list[Match]:
        """The best match of each two tracks that have one, at least one of them new."""
        best: dict[tuple[int, int], Match] = {}
        for first, second, offset in self._candidates(is_new):
            match = self._compared(first, second, offset)
            known = best.get((first, second))
            if match is not None and (known is None or match.similarity > known.similarity):
                best[first, second] = match
        return list(best.values())

    def _candidates(self, is_new: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
        """(first, second, offset) where the words around a shared one are alike too."""
        found: set[tuple[int, int, int]] = set()
        for one, other in self._shared_words(is_new):
            for begin in range(0, len(one), _BLOCK):
                a, b = one[begin : begin + _BLOCK], other[begin : begin + _BLOCK]
                alike = self._is_alike_around(a, b)
                a, b = a[alike], b[alike]
                first, second = self.track[a], self.track[b]
                offset = (b - self.starts[second]) - (a - self.starts[first])
                found.update(zip(first.tolist(), second.tolist(), offset.tolist(), strict=True))
        return sorted(found)

    def _shared_words(self, is_new: npt.NDArray[np.bool_]) -> Iterator[tuple[Ints, Ints]]:
        """Places (one, other) of equal words in different tracks, one before other; at least one track new.

        Of runs of equal words only the first is a place.
        """
        begins = np.ones(len(self.words), dtype=np.bool_)
        begins[1:] = (self.words[1:] != self.words[:-1]) | (self.track[1:] != self.track[:-1])
        places = np.flatnonzero(begins & (self.words != 0))
        places = places[np.argsort(self.words[places], kind="stable")]
        words = self.words[places]
        for lag in range(1, min(MAX_REPEATS, len(places) - 1) + 1):
            same = np.flatnonzero(words[lag:] == words[:-lag])
            one, other = places[same], places[same + lag]  # sorted stably: in order of place
            first, second = self.track[one], self.track[other]
            keep = (first != second) & (is_new[first] | is_new[second])
            yield one[keep], other[keep]

    def _is_alike_around(self, one: Ints, other: Ints) -> npt.NDArray[np.bool_]:
        errors = np.zeros(len(one), dtype=np.int64)
        compared = np.zeros(len(one), dtype=np.int64)
        first, second = self.track[one], self.track[other]
        last = len(self.words) - 1
        for step in _LOOK.tolist():
            a, b = np.clip(one + step, 0, last), np.clip(other + step, 0, last)
            x, y = self.words[a], self.words[b]
            counts = (self.track[a] == first) & (self.track[b] == second) & (x != 0) & (y != 0)
            errors += np.where(counts, np.bitwise_count(x ^ y), 0)
            compared += counts
        alike: npt.NDArray[np.bool_] = (compared >= _LOOK_WORDS) & (errors <= _LOOK_ERRORS * 32 * compared)
        return alike

    def _compared(self, first: int, second: int, offset: int) -> Match | None:
        """All that the two share at this offset; None for too little of it or too many bit errors."""
        begin = max(0, -offset)
        end = min(int(self.lengths[first]), int(self.lengths[second]) - offset)
        if end - begin < MIN_WORDS:
            return None
        x = self.words[self.starts[first] + begin : self.starts[first] + end]
        y = self.words[self.starts[second] + begin + offset : self.starts[second] + end + offset]
        counts = (x != 0) & (y != 0)
        n_words = int(np.count_nonzero(counts))
        if n_words < MIN_WORDS:
            return None
        rate = int(np.bitwise_count(x[counts] ^ y[counts]).sum(dtype=np.int64)) / (32 * n_words)
        return Match(first, second, offset, round(1.0 - 2.0 * rate, 4)) if rate <= MAX_BIT_ERRORS else None
