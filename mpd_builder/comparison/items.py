"""The paintings and tracks of two snapshots: which came and went, and which changed sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np
import pandas as pd

from mpd_builder.comparison.result import Counts, ItemChanges, ItemKind, Moved, SplitChanges
from mpd_builder.sides import is_towards_train
from mpd_builder.snapshot import Snapshot, licences
from mpd_builder.snapshot.tables import ADDED

DESCRIPTION = {
    ItemKind.PAINTING: ("title", "artist", "year", "style", "source", "licence", "attribution", "collection"),
    ItemKind.TRACK: ("title", "artist", "genre", "source", "licence", "attribution", "collection"),
}
"""The columns that say what an item is."""


def counts_of(before: Collection[object], after: Collection[object]) -> Counts:
    """How many different ones there are in each, and in both."""
    one, other = set(before), set(after)
    kept = len(one & other)
    return Counts(len(one), len(other), added=len(other) - kept, removed=len(one) - kept, kept=kept)


def items_of(snapshot: Snapshot, kind: ItemKind) -> pd.DataFrame:
    """One row an item, by its id."""
    if kind is ItemKind.PAINTING:
        return snapshot.paintings.set_index("painting_id")
    return snapshot.clips.drop_duplicates("track_id").set_index("track_id").sort_index()


def item_changes(before: Snapshot, after: Snapshot, kind: ItemKind) -> ItemChanges:
    """What became of the paintings, or of the tracks."""
    one, other = items_of(before, kind), items_of(after, kind)
    kept = one.index.intersection(other.index).sort_values()
    was, is_now = one.loc[kept], other.loc[kept]
    restricted = _may_pass_on(was) & ~_may_pass_on(is_now)
    changed = np.zeros(len(kept), dtype=np.bool_)
    for column in DESCRIPTION[kind]:
        if not _is_filled_in(column, kind, before, after):
            changed |= was[column].to_numpy() != is_now[column].to_numpy()
    return ItemChanges(
        counts=counts_of(one.index, other.index),
        added=tuple(sorted(other.index.difference(one.index))),
        removed=tuple(sorted(one.index.difference(other.index))),
        restricted=tuple(kept[restricted]),
        changed=tuple(kept[changed & ~restricted]),
    )


def _may_pass_on(items: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    rights = zip(items["licence"], items["may_publish"], strict=True)
    return np.array(
        [licences.may_pass_on(licence=licence, may_publish=bool(may_publish)) for licence, may_publish in rights],
        dtype=np.bool_,
    )


def _is_filled_in(column: str, kind: ItemKind, *snapshots: Snapshot) -> bool:
    """Whether a column is younger than one of the snapshots, so that what it has there was never said."""
    table = "paintings" if kind is ItemKind.PAINTING else "clips"
    oldest = min(snapshot.manifest["format_version"] for snapshot in snapshots)
    return any(column in added.get(table, ()) for version, added in ADDED.items() if version > oldest)


def split_changes(before: Snapshot, after: Snapshot, kept_pairs: pd.DataFrame) -> SplitChanges:
    """Which items of both changed sides, and where their pairs went."""
    one, other = before.recipe, after.recipe
    moved = [move for kind in ItemKind for move in _moved(before, after, kind)]
    pairs = Counter(zip(kept_pairs["split_before"], kept_pairs["split_after"], strict=True))
    return SplitChanges(
        comparable=(one.salt, one.shares) == (other.salt, other.shares),
        held_out=tuple(move for move in moved if not is_towards_train(move.before, move.after)),
        towards_train=tuple(move for move in moved if is_towards_train(move.before, move.after)),
        pairs=tuple((was, is_now, number) for (was, is_now), number in sorted(pairs.items())),
    )


def _moved(before: Snapshot, after: Snapshot, kind: ItemKind) -> list[Moved]:
    was, is_now = items_of(before, kind)[["split"]], items_of(after, kind)[["split", "title"]]
    sides = was.merge(is_now, left_index=True, right_index=True, suffixes=("_before", "_after"))
    moved = sides[sides["split_before"] != sides["split_after"]].sort_index()
    return [
        Moved(kind=kind, id=str(item), title=row["title"], before=row["split_before"], after=row["split_after"])
        for item, row in moved.iterrows()
    ]
