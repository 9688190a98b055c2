"""The sides of a split, and the regimes that say when a pair belongs to one: what stages and snapshots share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    """Where an item, a pair or a task belongs, the more held out the later; `CROSS` is for what falls between."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    CROSS = "cross"


SIDES = (Split.TRAIN, Split.VALIDATION, Split.TEST)
"""From what is learned from to what is most held out."""

_RANK = {side: rank for rank, side in enumerate(SIDES)}


class Regime(StrEnum):
    """What a test pair has that no training pair has. Each is a filter of the pairs by one or two columns."""

    PAIR = "pair"
    """Only the combination is new: `split_pair`. Its painting and its music occur in training, in other pairs."""
    UNSEEN_PAINTING = "unseen-painting"
    """The painting is new: `split_painting`."""
    UNSEEN_TRACK = "unseen-track"
    """The music is new, with all clips of its track: `split_track`."""
    UNSEEN_BOTH = "unseen-both"
    """Both are new: `split_painting` and `split_track` where they agree; pairs that fall between are `cross`."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The expected shares of what is dealt out, summing to 1. Under unseen-both a split's share of pairs is squared."""

    train: float
    validation: float
    test: float

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if not all(0.0 <= share <= 1.0 for share in shares):
            raise ValueError(f"each share of a split lies in 0..1, unlike {shares}")
        if not math.isclose(sum(shares), 1.0, abs_tol=1e-9):
            raise ValueError(f"the shares of the splits must sum to 1, but {shares} sum to {sum(shares):g}")


def own_side(key: str, *, shares: Shares, salt: str) -> Split:
    """The side that a key is dealt by its own hash (SHA-256 of salt and key), whatever else there is."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode()).digest()
    place = (int.from_bytes(digest[:8], "big") >> 11) / 2**53  # uniform over [0, 1), exact in a double
    # Rounded, so that 0.7 + 0.2 + 0.1 and 0.8 + 0.1 + 0.1 both end at 1 and a share of 0 stays empty.
    if place < round(shares.train, 12):
        return Split.TRAIN
    if place < round(shares.train + shares.validation, 12):
        return Split.VALIDATION
    return Split.TEST


def cell(painting_id: str, track_id: str) -> str:
    """What the regime `pair` deals out: a painting with a track, whichever of the track's clips is played."""
    return f"{painting_id}.{track_id}"


def most_held_out(sides: Iterable[Split]) -> Split:
    """Test before validation before train. ValueError without any, KeyError for `cross`."""
    return max(sides, key=_RANK.__getitem__)


def is_towards_train(before: str, after: str) -> bool:
    """Whether something that was on the side `before` is less held out on `after`."""
    return _RANK[Split(after)] < _RANK[Split(before)]


def side_under(regime: Regime, *, painting: Split, track: Split, pair: Split) -> Split:
    """Where a pair belongs under a regime, from the sides of its painting, its track and its combination."""
    if regime is Regime.PAIR:
        return pair
    if regime is Regime.UNSEEN_PAINTING:
        return painting
    if regime is Regime.UNSEEN_TRACK:
        return track
    return painting if painting is track else Split.CROSS


def side_of_task(first: Split, second: Split) -> Split:
    """Where a preference task belongs: with its two pairs, or nowhere (`cross`) where they fall apart."""
    return first if first is second else Split.CROSS
