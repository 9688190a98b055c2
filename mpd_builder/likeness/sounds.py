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
"""A word with more places than this says little; held notes give many."""
NEIGHBOURS: Final = 3
"""Places of such words are compared with so many others all the same: one track that came in thirty times has them."""
_LOOKS: Final = (((-24, -12, 12, 24), 2), (range(-96, 97, 6), 12))
"""Around a place that two tracks share, these words are compared before all, and so many of them must be there."""
_LOOK_ERRORS: Final = 0.38
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
        if not is_new.all():
            asked = np.unique(self.words[places[is_new[self.track[places]]]])
            places = places[_among(self.words[places], asked)]
        places = places[np.argsort(self.words[places], kind="stable")]
        words = self.words[places]
        _, kind, repeats = np.unique(words, return_inverse=True, return_counts=True)
        is_rare = repeats[kind] <= MAX_REPEATS
        for lag in range(1, min(MAX_REPEATS, len(places))):
            same = words[lag:] == words[:-lag]
            if lag > NEIGHBOURS:
                same &= is_rare[lag:]
            one, other = places[:-lag][same], places[lag:][same]  # sorted stably: in order of place
            first, second = self.track[one], self.track[other]
            keep = (first != second) & (is_new[first] | is_new[second])
            yield one[keep], other[keep]

    def _is_alike_around(self, one: Ints, other: Ints) -> Ints:
        """Which of the places have likes around them: a few words for all, all for those that are left."""
        left = np.arange(len(one), dtype=np.int64)
        for steps, least in _LOOKS:
            errors = np.zeros(len(left), dtype=np.int64)
            compared = np.zeros(len(left), dtype=np.int64)
            for step in steps:
                a, b = one[left] + step, other[left] + step
                counts = self._is_within(a, self.track[one[left]]) & self._is_within(b, self.track[other[left]])
                x, y = self.words[np.where(counts, a, 0)], self.words[np.where(counts, b, 0)]
                counts &= (x != 0) & (y != 0)
                errors += np.where(counts, np.bitwise_count(x ^ y), 0)
                compared += counts
            left = left[(compared >= least) & (errors <= _LOOK_ERRORS * 32 * compared)]
        return left

    def _is_within(self, places: Ints, track: Ints) -> npt.NDArray[np.bool_]:
        within: npt.NDArray[np.bool_] = (places >= self.starts[track]) & (places < self.starts[track + 1])
        return within

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


def _among(words: Words, asked: Words) -> npt.NDArray[np.bool_]:
    """Whether each word is one of those asked for, which are sorted."""
    if not asked.size:
        return np.zeros(len(words), dtype=np.bool_)
    at = np.minimum(np.searchsorted(asked, words), len(asked) - 1)
    among: npt.NDArray[np.bool_] = asked[at] == words
    return among
