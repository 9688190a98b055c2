"""Seeded draws that every machine and every numpy repeats.

numpy promises a fixed stream only for the raw 64-bit words of its bit generators (NEP 19), not for what `Generator`
makes of them. So the words are turned into bounded integers, orders and samples here.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_NONE_TAKEN: Ints = np.empty(0, dtype=np.int64)


class Stream:
    """A stream of random words, named by a seed and labels: other labels give an unrelated stream."""

    def __init__(self, seed: int, *labels: str) -> None:
        digest = hashlib.sha256("\0".join([str(int(seed)), *labels]).encode()).digest()
        self._bits = np.random.PCG64(int.from_bytes(digest, "big"))

    def below(self, bound: int, size: int) -> Ints:
        """`size` independent integers, uniform over 0 <= x < `bound` without modulo bias, shape (size,)."""
        if bound < 1:
            raise ValueError(f"nothing to draw from: the bound is {bound}")
        n_bits = max(1, (bound - 1).bit_length())
        shift = np.uint64(64 - n_bits)
        drawn = _NONE_TAKEN
        while len(drawn) < size:
            n_words = ((size - len(drawn)) * 2**n_bits * 17) // (bound * 16) + 8  # most often one turn is enough
            numbers = (np.asarray(self._bits.random_raw(n_words), dtype=np.uint64) >> shift).view(np.int64)
            fitting = numbers[numbers < bound]
            drawn = fitting if len(drawn) == 0 else np.concatenate([drawn, fitting])
        return drawn[:size]

    def multiplicities(self, size: int, samples: int) -> Ints:
        """How often each of `size` things occurs in a sample of `size` with replacement, for each of so many samples.

        Shape (samples, size). Of 32 random bits a draw, so that a thing's probability is 1 / size but for a part in
        2^32 / size: fit for intervals, and much faster than `below`, which shares things out.
        """
        n_draws = size * samples
        words = np.asarray(self._bits.random_raw((n_draws + 1) // 2), dtype="<u8")
        draws = words.view("<u4")[:n_draws].astype(np.uint64)
        draws *= np.uint64(size)
        draws >>= np.uint64(32)
        places = draws.view(np.int64).reshape(samples, size)
        places += np.arange(0, n_draws, size)[:, np.newaxis]
        return np.bincount(places.ravel(), minlength=n_draws).reshape(samples, size)

    def order(self, size: int) -> Ints:
        """A uniformly random order of 0..size-1, shape (size,)."""
        keys = np.asarray(self._bits.random_raw(size), dtype=np.uint64)
        return np.argsort(keys, kind="stable").astype(np.int64)

    def distinct(self, bound: int, count: int, *, taken: Ints = _NONE_TAKEN) -> Ints:
        """`count` different integers from 0 <= x < `bound` in random order, uniform over those not in `taken`.

        `taken` is sorted and without repeats. Time and memory grow with `count` and `taken`, never with `bound`.
        """
        free = bound - len(taken)
        if not 0 <= count <= free:
            raise ValueError(f"{count} different numbers asked for, {free} are free")
        if 2 * count <= free:
            ranks = self._few_distinct(free, count)
        else:
            chosen = np.ones(free, dtype=np.bool_)
            chosen[self._few_distinct(free, free - count)] = False
            ranks = np.flatnonzero(chosen).astype(np.int64)[self.order(count)]
        free_before_each_taken = taken - np.arange(len(taken), dtype=np.int64)
        return ranks + np.searchsorted(free_before_each_taken, ranks, side="right")

    def _few_distinct(self, bound: int, count: int) -> Ints:
        """The first `count` different values of an endless series of independent draws (count <= bound / 2)."""
        drawn, first_seen = _NONE_TAKEN, _NONE_TAKEN
        while len(first_seen) < count:
            drawn = np.concatenate([drawn, self.below(bound, count - len(first_seen) + 8)])
            first_seen = np.unique(drawn, return_index=True)[1].astype(np.int64)
        return drawn[np.sort(first_seen)[:count]]


def water_fill(levels: Ints, room: Ints, total: int, *, order: Ints) -> Ints:
    """Share `total` out so that `levels` + shares are as even as the room allows: the lowest are raised first.

    `levels` and `room` have shape (n,), a share is at most its room; `order` (a permutation of 0..n-1) says who gets
    the last units that do not go round. Raises ValueError if `total` is more than the room there is.
    """
    if total > int(room.sum()):
        raise ValueError(f"{total} to share out, but there is room for {int(room.sum())}")

    def filled_to(height: int) -> Ints:
        return np.clip(height - levels, 0, room)

    low, high = 0, int((levels + room).max(initial=0))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(filled_to(middle).sum()) <= total else (low, middle - 1)
    shares = filled_to(low)
    left = total - int(shares.sum())
    can_rise = (filled_to(low + 1) > shares)[order]
    shares[order[can_rise][:left]] += 1
    return shares
