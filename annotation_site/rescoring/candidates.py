"""Which scored pairs a batch may be chosen from, and which have been rated already.

Shapes: N candidates, P paintings, M clips, L rated pairs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotation_site.rescoring.inputs import Items
from annotation_site.rescoring.models import Pool, Proposal
from annotation_site.rescoring.pools import Rows, unrated_cells
from annotation_site.rescoring.results import Scored, table_read
from annotation_site.scoring.models import Pair

MOST_LABELLED = 5_000


def candidates_of(proposal: Proposal, folder: Path, items: Items) -> tuple[Scored, int]:
    """Pairs that may still be asked for, at most so many drawn at random, and of how many. Scores of a matrix: NaN."""
    is_open_PM = unrated_cells(campaign=proposal.rescoring.campaign, paintings=items.paintings, clips=items.clips)
    random = np.random.default_rng(proposal.seed)
    if proposal.rescoring.pool == Pool.MATRIX:
        painting_N, clip_N = np.divmod(draw(is_open_PM.ravel(), proposal.n_candidates, random), len(items.clips))
        unknown_N = np.full(len(painting_N), np.nan)
        return Scored(painting_N, clip_N, unknown_N, unknown_N), int(is_open_PM.sum())
    scored = table_read(folder, items)
    is_open_N = is_open_PM[scored.painting_N, scored.clip_N]
    return _taken(scored, draw(is_open_N, proposal.n_candidates, random)), int(is_open_N.sum())


def draw(is_open_N: NDArray[np.bool_], count: int, random: np.random.Generator) -> Rows:
    """The places of `count` open ones drawn at random, in their order; all where there are no more.

    Of a large matrix with few to draw no list of its cells is made.
    """
    n_open = int(is_open_N.sum())
    if n_open <= count:
        return np.flatnonzero(is_open_N)
    if n_open <= 4 * count:
        return np.sort(random.choice(np.flatnonzero(is_open_N), count, replace=False))
    found = np.empty(0, dtype=np.int64)
    while len(found) < count:
        more = random.integers(0, len(is_open_N), 2 * count)
        found = np.unique(np.concatenate([found, more[is_open_N[more]]]))
    return np.sort(random.choice(found, count, replace=False))


def _taken(scored: Scored, rows: Rows) -> Scored:
    return Scored(scored.painting_N[rows], scored.clip_N[rows], scored.score_N[rows], scored.sd_N[rows])


def labelled_of(proposal: Proposal, items: Items) -> tuple[Rows, Rows]:
    """Rows of paintings and clips, both (L,), of pairs that people have scored, at most so many drawn at random.

    Of a list of pairs only those count whose painting and clip are in it: nothing else has been gathered.
    """
    row_p = {key: row for row, key in enumerate(items.paintings)}
    row_c = {key: row for row, key in enumerate(items.clips)}
    rated = Pair.objects.filter(campaign=proposal.rescoring.campaign, score__isnull=False).order_by("pk")
    keys = rated.values_list("painting__key", "clip__key")
    rows_L2 = np.array([(row_p[p], row_c[c]) for p, c in keys if p in row_p and c in row_c], np.int64).reshape(-1, 2)
    rows_L2 = np.random.default_rng(proposal.seed).permutation(rows_L2)[:MOST_LABELLED]
    return rows_L2[:, 0], rows_L2[:, 1]
