"""Summaries of scores, the draw of candidates, and whether asking paid: pure functions against direct arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from annotation_site.rescoring.candidates import draw
from annotation_site.rescoring.inputs import Items
from annotation_site.rescoring.paying import Outcome, arm_of
from annotation_site.rescoring.proposing import cap
from annotation_site.rescoring.results import Scored, table_read, table_write
from annotation_site.rescoring.shown import bar_of
from annotation_site.rescoring.summaries import matrix_summary, pairs_summary

BAND = (0.4, 0.6)


def some_scores(count: int = 500) -> Scored:
    random = np.random.default_rng(3)
    rows = random.integers(0, 20, count), random.integers(0, 10, count)
    return Scored(*rows, random.uniform(0, 1, count), random.uniform(0.01, 0.2, count))


def test_the_summary_of_pairs_counts_what_is_there():
    scored = some_scores()
    styles = ["Baroque" if row % 2 else "" for row in range(20)]
    found = pairs_summary(scored, styles=styles, band=BAND)
    in_band = [score for score in scored.score_N if 0.4 <= score <= 0.6]
    assert found["scored"] == sum(found["histogram"]["counts"]) == 500
    assert found["ambiguous_percent"] == pytest.approx(100 * len(in_band) / 500)
    assert found["mean_sd"] == pytest.approx(sum(scored.sd_N) / 500)
    by_style = {
        style: [score for row, score in zip(scored.painting_N, scored.score_N, strict=True) if styles[row] == style]
        for style in ("", "Baroque")
    }
    assert {row[0]: (row[1], row[2]) for row in found["styles"]} == {
        style: (len(scores), pytest.approx(sum(scores) / len(scores))) for style, scores in by_style.items()
    }
    assert [row[2] for row in found["top"]] == pytest.approx(sorted(scored.score_N)[:-7:-1], abs=1e-4)
    assert [row[2] for row in found["bottom"]] == pytest.approx(sorted(scored.score_N)[:6], abs=1e-4)


def test_a_single_pair_has_a_summary():
    one = Scored(*(np.zeros(1, dtype=np.int64) for _ in range(2)), np.array([0.5]), np.array([0.1]))
    assert pairs_summary(one, styles=["Baroque"], band=BAND)["dots"] == [[0.5, 0.1]]


def test_the_summary_of_a_matrix_is_that_of_its_cells():
    """More clips than are read at a time; compared with the same figures of the whole matrix at once."""
    score_MP = np.random.default_rng(1).uniform(0, 1, (600, 7)).astype(np.float16)
    found = matrix_summary(score_MP, styles=["a", "b", "a", "a", "b", "c", "c"], band=BAND)
    whole = score_MP.astype(np.float64)
    assert found["scored"] == 4200
    assert found["mean_score"] == pytest.approx(whole.mean())
    assert found["ambiguous_percent"] == pytest.approx(100 * ((whole >= 0.4) & (whole <= 0.6)).mean())
    assert {row[0]: row[2] for row in found["styles"]} == {
        "a": pytest.approx(whole[:, [0, 2, 3]].mean()),
        "b": pytest.approx(whole[:, [1, 4]].mean()),
        "c": pytest.approx(whole[:, [5, 6]].mean()),
    }
    assert [row[2] for row in found["top"]] == pytest.approx(np.sort(whole, axis=None)[:-7:-1], abs=1e-4)
    for painting, clip, score, _ in (*found["top"], *found["bottom"]):
        assert whole[clip, painting] == pytest.approx(score, abs=1e-4)
    assert sum(found["clip_means"]["counts"]) == 600


def test_a_matrix_of_one_score_has_a_summary():
    found = matrix_summary(np.full((1, 1), 0.5, np.float16), styles=["a"], band=BAND)
    assert (found["scored"], sum(found["clip_means"]["counts"]), len(found["top"])) == (1, 1, 1)


def test_the_table_comes_back_as_it_was_written(tmp_path):
    scored = some_scores()
    items = Items([f"p{row}" for row in range(20)], [f"c{row}" for row in range(10)])
    table_write(tmp_path, scored, items)
    again = table_read(tmp_path, items)
    assert (again.painting_N == scored.painting_N).all()
    assert (again.clip_N == scored.clip_N).all()
    assert again.score_N == pytest.approx(scored.score_N, abs=1e-6)
    assert again.sd_N == pytest.approx(scored.sd_N, abs=1e-6)


@pytest.mark.parametrize("n_open", [5, 9, 30, 5_000])
def test_candidates_are_drawn_among_the_open_ones_without_repeats_and_repeatably(n_open):
    is_open = np.zeros(20_000, dtype=bool)
    is_open[np.random.default_rng(2).choice(20_000, n_open, replace=False)] = True
    rows, again = (draw(is_open, 9, np.random.default_rng(4)) for _ in range(2))
    assert is_open[rows].all()
    assert len(set(rows.tolist())) == len(rows) == min(9, n_open)
    assert rows.tolist() == again.tolist() == sorted(rows.tolist())


def test_every_open_pair_is_as_likely_to_be_drawn():
    is_open = np.zeros(1000, dtype=bool)
    is_open[::10] = True
    counts = np.zeros(1000)
    for seed in range(600):
        counts[draw(is_open, 5, np.random.default_rng(seed))] += 1
    assert counts[~is_open].sum() == 0
    assert stats.chisquare(counts[is_open]).pvalue > 1e-4


def test_the_usual_cap_is_three_times_the_even_share():
    assert [cap(40, 10), cap(40, 12), cap(1, 10), cap(5, 0)] == [12, 10, 1, 15]


def test_the_bar_of_a_prediction_stays_on_its_line():
    assert bar_of(0.5, 0.1, band=BAND) == bar_of(0.5, 0.1, band=BAND)
    bar = bar_of(0.95, 0.1, band=BAND)
    assert (bar.at, bar.low, bar.width) == (95.0, 75.0, 25.0)
    assert bar_of(0.5, None, band=BAND).width == 0


# --- Did it pay? -------------------------------------------------------------------------------------------------
def test_the_error_of_an_arm_has_students_interval():
    random = np.random.default_rng(5)
    predicted, human = random.uniform(0, 1, 40), random.uniform(0, 1, 40)
    outcomes = [Outcome(float(p), 0.3, float(h)) for p, h in zip(predicted, human, strict=True)]
    arm = arm_of(outcomes, asked=50)
    errors = np.abs(predicted - human)
    low, high = stats.t.interval(0.95, 39, loc=errors.mean(), scale=stats.sem(errors))
    assert (arm.rated, arm.asked) == (40, 50)
    assert (arm.error.value, arm.error.low, arm.error.high) == pytest.approx((errors.mean(), low, high))
    assert arm.shift.value == pytest.approx((human - predicted).mean())
    assert arm.within_1 == pytest.approx((errors <= 0.3).mean())
    assert arm.within_2 == pytest.approx((errors <= 0.6).mean())


def test_honest_deviations_hold_what_they_should():
    random = np.random.default_rng(6)
    sd = random.uniform(0.01, 0.1, 20_000)
    human = 0.5 + sd * random.standard_normal(20_000)
    arm = arm_of([Outcome(0.5, float(s), float(h)) for s, h in zip(sd, human, strict=True)], asked=20_000)
    assert arm.within_1 == pytest.approx(0.6827, abs=0.015)
    assert arm.within_2 == pytest.approx(0.9545, abs=0.01)


def test_an_arm_without_ratings_or_deviations_says_nothing():
    empty = arm_of([], asked=3)
    assert (empty.error.value, empty.within_1, empty.rated) == (None, None, 0)
    assert arm_of([Outcome(0.5, None, 0.6)], asked=1).within_1 is None
