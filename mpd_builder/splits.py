"""Who learns from what: splits by SHA-256, the same on any machine, and stable when the dataset grows.

A painting, or a track with all its clips, falls into a split by the digest of its own id alone: adding others never
moves it. A pair belongs to a split only if its painting and its track both do; the rest is `cross`. So the test
pairs of a snapshot show paintings and music that no training pair has shown. Items that a person took for the same
work go where the one with the smallest id goes.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mpd_builder.records import Clip, Pair


class Split(StrEnum):
    """Where an item or a pair belongs; `CROSS` is only for pairs whose painting and track fall apart."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Shares:
    """The expected shares of the items, summing to 1. Of the pairs, the expected share of a split is its square."""

    train: float
    validation: float
    test: float

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if not all(0.0 <= share <= 1.0 for share in shares):
            raise ValueError(f"each share of a split lies in 0..1, unlike {shares}")
        if not math.isclose(sum(shares), 1.0, abs_tol=1e-9):
            raise ValueError(f"the shares of the splits must sum to 1, but {shares} sum to {sum(shares):g}")


@dataclass(frozen=True, slots=True)
class PairSplit:
    """Where a pair belongs, and its painting and its track; `split` is theirs where they agree, else cross."""

    split: Split
    painting_split: Split
    track_split: Split


def assign(groups: Mapping[str, str], *, shares: Shares, salt: str) -> dict[str, Split]:
    """The split of each item, given its group: items of one group (a track's clips, near duplicates) stay together.

    It depends on salt and group alone. Another salt gives an independent assignment.
    """
    split_of = {group: _split(group, shares, salt) for group in set(groups.values())}
    return {item: split_of[group] for item, group in groups.items()}


def works(same_works: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The work of each item that is named: the smallest id of all that are, through others too, the same.

    It does not depend on the order of the verdicts. Items that no verdict names are a work of their own.
    """
    parent: dict[str, str] = {}

    def root(item: str) -> str:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    for first, second in same_works:
        low, high = sorted((root(first), root(second)))
        parent[high] = low  # so that a root is always the smallest of its set
    return {item: root(item) for item in sorted(parent)}


def works_among(items: Iterable[str], same_works: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Those of `items` that are one work with another of them: a sorted list of sorted ids a work."""
    work_of = works(same_works)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for item in sorted(set(items)):
        members[work_of.get(item, item)].append(item)
    return sorted(each for each in members.values() if len(each) > 1)


def split_pairs(
    pairs: Iterable[Pair],
    clips: Iterable[Clip],
    *,
    shares: Shares,
    salt: str,
    same_works: Iterable[tuple[str, str]] = (),
) -> dict[str, PairSplit]:
    """The split of each pair by its id, with paintings and tracks (not clips) kept apart, and the same works together.

    `same_works` may name items that no pair has: two that are both the same work as a third are one. Raises ValueError
    if a pair's clip is not among `clips`.
    """
    work_of = works(same_works)
    track_of = {clip.id: work_of.get(clip.track_id, clip.track_id) for clip in clips}
    rows = list(pairs)
    for pair in rows:
        if pair.clip_id not in track_of:
            raise ValueError(f"the pair {pair.id} needs the clip {pair.clip_id}, which is not among the clips")
    painting_of = {pair.painting_id: work_of.get(pair.painting_id, pair.painting_id) for pair in rows}
    painting_splits = assign(painting_of, shares=shares, salt=salt)
    clip_splits = assign({pair.clip_id: track_of[pair.clip_id] for pair in rows}, shares=shares, salt=salt)
    return {pair.id: _pair_split(painting_splits[pair.painting_id], clip_splits[pair.clip_id]) for pair in rows}


def _pair_split(painting: Split, track: Split) -> PairSplit:
    return PairSplit(painting if painting == track else Split.CROSS, painting, track)


def _split(group: str, shares: Shares, salt: str) -> Split:
    digest = hashlib.sha256(f"{salt}\0{group}".encode()).digest()
    place = (int.from_bytes(digest[:8], "big") >> 11) / 2**53  # uniform over [0, 1), exact in a double
    # Rounded, so that 0.7 + 0.2 + 0.1 and 0.8 + 0.1 + 0.1 both end at 1 and a share of 0 stays empty.
    if place < round(shares.train, 12):
        return Split.TRAIN
    if place < round(shares.train + shares.validation, 12):
        return Split.VALIDATION
    return Split.TEST
