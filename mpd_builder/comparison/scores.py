"""The scores of the pairs that two snapshots share: how far they moved, and across which end of the band.

Shapes: P pairs in both.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpd_builder.comparison.result import BandCrossings, Mover, ScoreChanges
from mpd_builder.snapshot import Snapshot

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-9
"""Scores that differ by less are the same."""
BIN_WIDTHS = (0.01, 0.02, 0.05, 0.1)
MOST_BINS_A_SIDE = 10
_DECIMALS = 12


def kept_pairs(before: Snapshot, after: Snapshot) -> pd.DataFrame:
    """The pairs of both, by pair id, their columns ending in `_before` and `_after`."""
    columns = ["pair_id", "painting_id", "clip_id", "score", "n_ratings", "ambiguous", "split"]
    both = before.pairs[columns].merge(after.pairs[columns], on="pair_id", suffixes=("_before", "_after"))
    return both.set_index("pair_id").sort_index()


def score_changes(kept: pd.DataFrame, after: Snapshot, *, n_movers: int) -> ScoreChanges:
    """What became of the scores of `kept_pairs`; titles are taken from `after`."""
    before_P, after_P = (kept[f"score_{when}"].to_numpy(np.float64) for when in ("before", "after"))
    change_P = np.round(after_P - before_P, _DECIMALS)
    is_changed_P = np.abs(change_P) > ROUNDING
    edges, counts = _histogram(change_P[is_changed_P])
    return ScoreChanges(
        n_kept=len(kept),
        n_changed=int(np.count_nonzero(is_changed_P)),
        mean_change=float(change_P.mean()) if len(kept) else None,
        mean_absolute=float(np.abs(change_P).mean()) if len(kept) else None,
        largest=float(np.abs(change_P).max()) if len(kept) else None,
        correlation=_correlation(before_P, after_P),
        edges=edges,
        counts=counts,
        movers=_movers(kept.assign(change=change_P)[is_changed_P], after, n_movers),
    )


def band_crossings(kept: pd.DataFrame, before: Snapshot, after: Snapshot) -> BandCrossings:
    """Which of `kept_pairs` changed sides of the ambiguous band, each snapshot by its own band."""
    band_before, band_after = before.recipe.band, after.recipe.band
    was, is_now = (kept[f"ambiguous_{when}"].to_numpy(np.bool_) for when in ("before", "after"))
    was_high, is_high = (kept["score_before"] > band_before[1]), (kept["score_after"] > band_after[1])
    return BandCrossings(
        band_before=band_before,
        band_after=band_after,
        came_in=int(np.count_nonzero(~was & is_now)),
        went_out=int(np.count_nonzero(was & ~is_now)),
        went_across=int(np.count_nonzero(~was & ~is_now & (was_high != is_high).to_numpy())),
        stayed=int(np.count_nonzero(was & is_now)),
    )


def _histogram(changes: Floats) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Bins of a round width, one of them centred on 0, as wide to both sides as the largest change asks for."""
    if not len(changes):
        return (), ()
    largest = float(np.abs(changes).max())
    width = next((each for each in BIN_WIDTHS if largest <= MOST_BINS_A_SIDE * each), BIN_WIDTHS[-1])
    n_side = max(1, int(np.ceil(largest / width - 0.5)))
    edges = np.round((np.arange(2 * n_side + 2) - n_side - 0.5) * width, 4)
    counts, _ = np.histogram(changes, bins=edges)
    return tuple(edges.tolist()), tuple(counts.tolist())


def _correlation(before_P: Floats, after_P: Floats) -> float | None:
    if len(before_P) < 2 or np.ptp(before_P) == 0.0 or np.ptp(after_P) == 0.0:
        return None
    return float(np.corrcoef(before_P, after_P)[0, 1])


def _movers(changed: pd.DataFrame, after: Snapshot, n_movers: int) -> tuple[Mover, ...]:
    farthest = changed.assign(by=-changed["change"].abs()).sort_values(["by", "pair_id"]).head(n_movers)
    painting_titles = after.paintings.set_index("painting_id")["title"]
    clip_titles = after.clips.set_index("clip_id")["title"]
    return tuple(
        Mover(
            pair_id=str(pair_id),
            painting_id=row["painting_id_after"],
            clip_id=row["clip_id_after"],
            painting=painting_titles[row["painting_id_after"]],
            music=clip_titles[row["clip_id_after"]],
            before=float(row["score_before"]),
            after=float(row["score_after"]),
            change=float(row["change"]),
            n_before=int(row["n_ratings_before"]),
            n_after=int(row["n_ratings_after"]),
        )
        for pair_id, row in farthest.iterrows()
    )
