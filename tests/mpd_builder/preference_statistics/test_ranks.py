"""Rank agreement of scales with scores, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mpd_builder.preference_statistics import QueryScale, Scale, ballots, query_scales, rank_agreement
from tests.mpd_builder.preference_statistics.small_votes import M2P, random_votes

VALUES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def scale_of(abilities: list[float], query: str = "q") -> QueryScale:
    items = tuple(f"{query}{n:02d}" for n in range(len(abilities)))
    return QueryScale(M2P, query, Scale(items, tuple(abilities), (0.1,) * len(items), 9.0, 0.0, 0, True, 1.0))


def scores_of(scores: list[float], query: str = "q") -> dict[str, float]:
    return {f"{query}{n:02d}": score for n, score in enumerate(scores)}


@given(VALUES)
def test_each_scale_has_scipy_s_coefficients(values: list[tuple[int, int]]) -> None:
    x, y = [0.3 * a for a, _ in values], [0.4 + 0.03 * b for _, b in values]
    [row] = rank_agreement([scale_of(x)], scores_of(y)).scales
    assert row.agreement.n == len(values)
    if len(set(x)) < 2 or len(set(y)) < 2:
        assert (row.agreement.spearman, row.agreement.kendall) == (None, None)
        return
    assert row.agreement.spearman == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert row.agreement.kendall == pytest.approx(stats.kendalltau(x, y, variant="b").statistic, abs=1e-12)


def test_pooled_figures_compare_within_scales_only() -> None:
    """Scale r lies far above q in both: pooled naively the two would agree, within themselves they do not."""
    q, r = scale_of([-1.0, 0.0, 1.0], "q"), scale_of([9.0, 10.0, 11.0, 12.0], "r")
    scores = scores_of([0.43, 0.42, 0.41], "q") | scores_of([0.55, 0.57, 0.56, 0.58], "r")
    found = rank_agreement([q, r], scores)
    assert [row.agreement.kendall for row in found.scales] == [-1.0, pytest.approx(4 / 6)]
    assert found.pooled.n == 7
    assert found.pooled.kendall == pytest.approx((-3 + 4) / 9)  # of 3 + 6 pairs of candidates
    # Rank deviations: (-1, 0, 1) with (1, 0, -1), and (-1.5, -0.5, 0.5, 1.5) with (-1.5, 0.5, -0.5, 1.5).
    assert found.pooled.spearman == pytest.approx((-2 + 4) / (2 + 5))


def test_candidates_without_a_score_are_left_out() -> None:
    found = rank_agreement([scale_of([0.1, 0.2, 0.3, -0.6])], {"q00": 0.41, "q02": 0.55})
    assert (found.scales[0].agreement.n, found.scales[0].agreement.kendall) == (2, 1.0)
    lonely = rank_agreement([scale_of([0.1, 0.2])], {"q00": 0.41})
    assert (lonely.scales[0].agreement.n, lonely.scales[0].agreement.kendall, lonely.pooled.n) == (1, None, 0)
    assert rank_agreement([], {}).pooled.spearman is None


def test_votes_that_follow_the_scores_are_seen_to_do_so() -> None:
    tasks, votes = random_votes(queries=80, candidates=5, votes=3, raters=7, seed=1)
    scores = {pair: 0.4 + 0.04 * int(pair[-3:]) for task in tasks for pair in (task.pair_a, task.pair_b)}
    found = rank_agreement(query_scales(ballots(tasks, votes)), scores)
    assert found.pooled.kendall is not None
    assert found.pooled.kendall > 0.4
    shuffled = dict(zip(scores, np.random.default_rng(1).permutation(list(scores.values())).tolist(), strict=True))
    by_chance = rank_agreement(query_scales(ballots(tasks, votes)), shuffled).pooled.kendall
    assert by_chance == pytest.approx(0.0, abs=0.1)
