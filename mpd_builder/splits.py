"""Who learns from what: sides by SHA-256, the same on any machine, and stable when the dataset grows.

Every painting, every track with all its clips, and every painting with a track has a side of its own by the digest of
its id alone. Items that hang together take the most held-out of their own sides: test before validation before train.
So whatever is added, pairs, items or reports of likeness, an item stays where it is or is held out more, and never
comes back to training.

Items hang together through links, two ids each (`Links`). A work is what is the same or may be. What a snapshot once
kept on one side stays there, though it became two works since
(`docs/decisions/0018-sides-only-move-away-from-train.md`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from mpd_builder.records import Catalogue, Clip, Judgments, Pair
from mpd_builder.sides import SIDES, Regime, Shares, Split, cell, most_held_out, own_side, side_of_task, side_under

__all__ = [
    "SIDES",
    "Links",
    "PairSplit",
    "Regime",
    "Shares",
    "Split",
    "Splits",
    "links_of",
    "side_of_task",
    "split_pairs",
    "works",
    "works_among",
]

Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Links:
    """What holds items together, each as two ids; they may name items that no pair has.

    same: a person took them for one work. alike: reported as alike, and nobody has decided yet. kept: found to be
    different after a snapshot had kept them together; they are two works, on one side.
    """

    same: tuple[Link, ...] = ()
    alike: tuple[Link, ...] = ()
    kept: tuple[Link, ...] = ()

    @property
    def of_works(self) -> tuple[Link, ...]:
        """Those that make one work of two items."""
        return self.same + self.alike

    @property
    def of_sides(self) -> tuple[Link, ...]:
        """Those that keep two items on one side."""
        return self.same + self.alike + self.kept


def links_of(known: Catalogue | Judgments) -> Links:
    return Links(same=known.same_works, alike=known.alike, kept=known.kept_together)


@dataclass(frozen=True, slots=True)
class PairSplit:
    """The sides of a pair's painting, of its track, and of the two together."""

    painting: Split
    track: Split
    pair: Split

    def under(self, regime: Regime) -> Split:
        """Where the pair belongs under a regime; `cross` only under unseen-both."""
        return side_under(regime, painting=self.painting, track=self.track, pair=self.pair)


class Splits:
    """The side of any item and any pair, asked for one at a time; nothing but the links decides besides the ids.

    An answer depends on no other question, so pairs may come in any order, or one by one as they are read.
    """

    def __init__(self, *, shares: Shares, salt: str, links: Links = Links()) -> None:
        self._shares = shares
        self._salt = salt
        self._members = _members(works(links.of_sides))
        self._work_of = works(links.of_works)
        self._sides: dict[str, Split] = {}

    def work(self, item: str) -> str:
        """The work of a painting or track: the smallest id of all that are one work with it, its own if none is."""
        return self._work_of.get(item, item)

    def of_item(self, item: str) -> Split:
        """The side of a painting or a track."""
        if item not in self._sides:
            members = self._together(item)
            self._sides |= dict.fromkeys(members, self._drawn(members))
        return self._sides[item]

    def of_pair(self, painting_id: str, track_id: str) -> PairSplit:
        """The sides of a pair of this painting with any clip of this track."""
        paintings, tracks = self._together(painting_id), self._together(track_id)
        return PairSplit(self.of_item(painting_id), self.of_item(track_id), self._of_cells(paintings, tracks))

    def _together(self, item: str) -> tuple[str, ...]:
        return self._members.get(item, (item,))

    def _of_cells(self, paintings: tuple[str, ...], tracks: tuple[str, ...]) -> Split:
        """The side of all combinations of these, which go together."""
        return self._drawn(cell(painting, track) for painting, track in product(paintings, tracks))

    def _drawn(self, keys: Iterable[str]) -> Split:
        return most_held_out(own_side(key, shares=self._shares, salt=self._salt) for key in keys)


def works(links: Iterable[Link]) -> dict[str, str]:
    """The work of each item that is named: the smallest id of all that are linked with it, through others too.

    It does not depend on the order of the links. Items that no link names are a work of their own.
    """
    parent: dict[str, str] = {}

    def root(item: str) -> str:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    for first, second in links:
        low, high = sorted((root(first), root(second)))
        parent[high] = low  # so that a root is always the smallest of its set
    return {item: root(item) for item in sorted(parent)}


def works_among(items: Iterable[str], links: Iterable[Link]) -> list[list[str]]:
    """Those of `items` that are one work with another of them: a sorted list of sorted ids a work."""
    work_of = works(links)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for item in sorted(set(items)):
        members[work_of.get(item, item)].append(item)
    return sorted(each for each in members.values() if len(each) > 1)


def split_pairs(pairs: Iterable[Pair], clips: Iterable[Clip], splits: Splits) -> dict[str, PairSplit]:
    """The sides of each pair by its id. Raises ValueError if a pair's clip is not among `clips`."""
    track_of = {clip.id: clip.track_id for clip in clips}
    result: dict[str, PairSplit] = {}
    for pair in pairs:
        if pair.clip_id not in track_of:
            raise ValueError(f"the pair {pair.id} needs the clip {pair.clip_id}, which is not among the clips")
        result[pair.id] = splits.of_pair(pair.painting_id, track_of[pair.clip_id])
    return result


def _members(group_of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """By item: all of its group, sorted."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for item, group in group_of.items():
        members[group].append(item)
    return {item: tuple(sorted(members[group])) for item, group in group_of.items()}
