"""The ratings, raters and preferences of two snapshots."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mpd_builder.comparison.items import counts_of
from mpd_builder.comparison.result import Counts, PreferenceChanges, RaterChanges, RatingChanges
from mpd_builder.snapshot import RaterIds, Snapshot

ROW = ["pair_id", "value", "played_ms", "active_ms", "input_method", "protocol"]
"""What tells one rating from another without naming raters."""


def has_raters(*snapshots: Snapshot) -> bool:
    return all(snapshot.recipe.rater_ids is RaterIds.PSEUDONYMOUS for snapshot in snapshots)


def rating_changes(before: Snapshot, after: Snapshot) -> RatingChanges:
    """Which ratings came and went."""
    by_rater = has_raters(before, after)
    if by_rater:
        both = before.ratings.merge(after.ratings, on=["pair_id", "rater_id"], suffixes=("_before", "_after"))
        kept, corrected = len(both), int(np.count_nonzero(both["value_before"] != both["value_after"]))
    else:
        kept, corrected = n_same_ratings(before, after), 0
    n_before, n_after = len(before.ratings), len(after.ratings)
    return RatingChanges(
        counts=Counts(n_before, n_after, added=n_after - kept, removed=n_before - kept, kept=kept),
        corrected=corrected,
        by_rater=by_rater,
    )


def n_same_ratings(before: Snapshot, after: Snapshot) -> int:
    """How many ratings of one are in the other with every column the same; raters are not asked about."""
    numbered = [
        snapshot.ratings[ROW].assign(nth=snapshot.ratings.groupby(ROW).cumcount()) for snapshot in (before, after)
    ]
    return len(numbered[0].merge(numbered[1], on=[*ROW, "nth"]))


def share_judgments(before: Snapshot, after: Snapshot) -> bool:
    """Whether most ratings of the pairs in both are the same ones: by chance, or by habit, only few would be."""
    numbers = [
        int(np.count_nonzero(one.ratings["pair_id"].isin(other.pairs["pair_id"])))
        for one, other in ((before, after), (after, before))
    ]
    return min(numbers) > 0 and 2 * n_same_ratings(before, after) >= min(numbers)


def rater_changes(before: Snapshot, after: Snapshot) -> RaterChanges:
    """Which raters came and went, where both snapshots name them."""
    if not has_raters(before, after):
        return RaterChanges(counts=None, added=(), removed=())
    one, other = set(before.raters["rater_id"]), set(after.raters["rater_id"])
    return RaterChanges(
        counts=counts_of(one, other), added=tuple(sorted(other - one)), removed=tuple(sorted(one - other))
    )


def preference_changes(before: Snapshot, after: Snapshot) -> PreferenceChanges:
    """Which tasks came and went, and what became of the winners."""
    one, other = (_winners(snapshot) for snapshot in (before, after))
    both = one.to_frame("before").join(other.to_frame("after"), how="inner")
    was, is_now = both["before"].notna(), both["after"].notna()
    return PreferenceChanges(
        counts=counts_of(one.index, other.index),
        decided=int((~was & is_now).sum()),
        undecided=int((was & ~is_now).sum()),
        flipped=tuple(sorted(both.index[was & is_now & (both["before"] != both["after"])])),
    )


def _winners(snapshot: Snapshot) -> pd.Series[str]:
    """By task: the id of the pair that won, null while undecided. So it does not matter which pair is called `a`."""
    frame = snapshot.preferences.set_index("task_id")
    winner = frame["pair_a"].where(frame["winner"] == "a", frame["pair_b"])
    return winner.where(frame["winner"].notna())
