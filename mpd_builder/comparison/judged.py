"""The ratings, raters and preferences of two snapshots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mpd_builder.comparison.items import counts_of
from mpd_builder.comparison.result import Counts, PreferenceChanges, RaterChanges, RatingChanges
from mpd_builder.snapshot import RaterIds, Snapshot

NUMBERS = ["value", "played_ms", "active_ms"]
ROW = ["pair_id", *NUMBERS, "input_method", "protocol"]
"""What tells one rating from another without naming raters."""


def has_raters(*snapshots: Snapshot) -> bool:
    return all(snapshot.recipe.rater_ids is RaterIds.PSEUDONYMOUS for snapshot in snapshots)


@dataclass(frozen=True, slots=True)
class Matched:
    """Ratings that are in both: `kept` of them, of which `corrected` have another value, and `same` every column alike.

    by_rater: they were told apart by pair and rater; else by every column, so that none can have been corrected.
    """

    by_rater: bool
    kept: int
    corrected: int
    same: int


def match_ratings(before: Snapshot, after: Snapshot) -> Matched:
    """Find the ratings that two snapshots share."""
    if not has_raters(before, after):
        numbered = [
            snapshot.ratings[ROW].assign(nth=snapshot.ratings.groupby(ROW).cumcount()) for snapshot in (before, after)
        ]
        kept = len(numbered[0].merge(numbered[1], on=[*ROW, "nth"]))
        return Matched(by_rater=False, kept=kept, corrected=0, same=kept)
    columns = ["pair_id", "rater_id", *NUMBERS]
    both = before.ratings[columns].merge(after.ratings[columns], on=["pair_id", "rater_id"], suffixes=("", "_after"))
    is_same = [(both[name] == both[f"{name}_after"]).to_numpy() for name in NUMBERS]
    return Matched(
        by_rater=True,
        kept=len(both),
        corrected=int(np.count_nonzero(~is_same[0])),
        same=int(np.count_nonzero(np.logical_and.reduce(is_same))),
    )


def rating_changes(before: Snapshot, after: Snapshot, matched: Matched) -> RatingChanges:
    """Which ratings came and went."""
    n_before, n_after = len(before.ratings), len(after.ratings)
    return RatingChanges(
        counts=Counts(
            n_before, n_after, added=n_after - matched.kept, removed=n_before - matched.kept, kept=matched.kept
        ),
        corrected=matched.corrected,
        by_rater=matched.by_rater,
    )


def share_judgments(kept_pairs: pd.DataFrame, matched: Matched) -> bool:
    """Whether most ratings of the pairs in both are the same ones: by chance, or by habit, only few would be."""
    fewer = min(int(kept_pairs[f"n_ratings_{when}"].sum()) for when in ("before", "after"))
    return fewer > 0 and 2 * matched.same >= fewer


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
