"""Paintings that look alike: near hashes first, then one picture laid on the other and their details compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mpd_builder.ingest.fingerprints import HASH_DIGITS, HASH_GRID, difference_hash
from mpd_builder.likeness.alignment import aligned_correlation

MAX_BITS: Final = 69
"""Hashes of 242 bits that differ in more are not near; of unlike pictures, about 121 differ."""
MIN_SIMILARITY: Final = 0.6
SIDE: Final = 64
_BLOCK: Final = 128

Bits = npt.NDArray[np.uint64]
Greys = npt.NDArray[np.float32]


def bits_of(hashes: Sequence[str], *, remake: Callable[[int], str]) -> Bits:
    """The hashes as words, (N, 4). `remake(index)` gives the hash for one that is of another kind."""
    whole = [text if len(text) == HASH_DIGITS else remake(index) for index, text in enumerate(hashes)]
    return np.frombuffer(bytes.fromhex("".join(whole)), dtype=np.uint64).reshape(len(whole), HASH_DIGITS // 16)


def mirrored(bits: Bits) -> Bits:
    """The hashes of the mirror images: columns in reverse, and what grew to the right now shrinks. (But for ties.)"""
    unpacked = np.unpackbits(bits.view(np.uint8).reshape(len(bits), 8 * bits.shape[1]), axis=1)
    steps = unpacked[:, : 2 * HASH_GRID**2].reshape(-1, 2, HASH_GRID, HASH_GRID)[..., ::-1].copy()
    steps[:, 0] ^= 1
    unpacked[:, : 2 * HASH_GRID**2] = steps.reshape(len(bits), 2 * HASH_GRID**2)
    return np.packbits(unpacked, axis=1).view(np.uint64).reshape(bits.shape)


def near_hashes(bits: Bits, is_new: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, bool]]:
    """(first, second, whether the second is mirrored) of each two whose hashes are near, at least one of them new."""
    order = np.argsort(~is_new, kind="stable")  # new ones in front: each is compared with all that follow
    words = np.ascontiguousarray(bits[order].T)
    for is_mirrored in (False, True):
        rows = np.ascontiguousarray(mirrored(bits[order]).T) if is_mirrored else words
        for begin in range(0, int(is_new.sum()), _BLOCK):
            end = min(begin + _BLOCK, int(is_new.sum()))
            distance = np.zeros((end - begin, words.shape[1] - begin), dtype=np.uint8)
            for word in range(len(words)):
                distance += np.bitwise_count(rows[word, begin:end, None] ^ words[word, None, begin:])
            for row, column in np.argwhere(distance <= MAX_BITS).tolist():
                if column > row:
                    one, other = sorted((int(order[begin + row]), int(order[begin + column])))
                    yield one, other, is_mirrored


class Pictures:
    """The pictures asked for so far, small and grey. Each is fetched once."""

    def __init__(self, keys: Sequence[str], picture: Callable[[str], npt.NDArray[np.uint8]]) -> None:
        self.keys = keys
        self.picture = picture
        self.greys: dict[int, Greys] = {}

    def hash_of(self, index: int) -> str:
        return difference_hash(self.picture(self.keys[index]))

    def similarity(self, one: int, other: int, *, is_mirrored: bool) -> float | None:
        """How much of the details of one is in the other, up to 1; None where they are not alike."""
        first, second = self.grey(one), self.grey(other)
        correlation = aligned_correlation(first, second[:, ::-1] if is_mirrored else second)
        return round(correlation, 4) if correlation >= MIN_SIMILARITY else None

    def grey(self, index: int) -> Greys:
        """The picture as float32 (64, 64): its luma, by means over 4 x 4 pixels."""
        if index not in self.greys:
            pixels = self.picture(self.keys[index])
            cell = pixels.shape[0] // SIDE
            means = pixels.reshape(SIDE, cell, SIDE, cell, 3).sum(axis=(1, 3), dtype=np.uint32) / cell**2
            self.greys[index] = (means @ np.array([0.299, 0.587, 0.114])).astype(np.float32)
        return self.greys[index]
