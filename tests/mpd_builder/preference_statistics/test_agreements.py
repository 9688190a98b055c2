"""Agreement on preferences: worked by hand, against the krippendorff package, and against plain loops."""

from __future__ import annotations

import random

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.preference_statistics import Ballots, agreement, ballots, rater_agreement
from mpd_builder.records import Choice, PreferenceTask, Vote
from tests.mpd_builder.preference_statistics.small_votes import M2P, asked, box, random_votes

BALLOTS = st.lists(st.lists(st.sampled_from("ab."), min_size=4, max_size=4).map("".join), min_size=1, max_size=6)


def of_strings(rows: list[str]) -> tuple[list[PreferenceTask], list[Vote]]:
    return asked("q", {f"{chr(97 + 2 * n)}{chr(98 + 2 * n)}": row for n, row in enumerate(rows)})


def renamed(tasks: list[PreferenceTask], votes: list[Vote], which: set[str]) -> Ballots:
    """The same answers, with the candidates of some tasks named the other way round."""
    other = {Choice.A: Choice.B, Choice.B: Choice.A}
    return ballots(
        [PreferenceTask(t.id, t.direction, t.query_id, t.pair_b, t.pair_a) if t.id in which else t for t in tasks],
        [Vote(v.task_id, v.rater_id, other[v.choice], other[v.left]) if v.task_id in which else v for v in votes],
    )


def test_shares_are_of_the_tasks_with_enough_votes() -> None:
    found = agreement(box("q", {"xy": "aaa", "xz": "aab", "yz": "aabb", "xw": "bbbb", "yw": "bb."}))
    assert (found.n_tasks, found.n_votes, found.n_judged) == (5, 16, 4)
    assert (found.kept.count, found.kept.n, found.unanimous.count) == (3, 4, 2)
    assert found.unanimous_by_chance == pytest.approx((1 / 4 + 1 / 4 + 1 / 8 + 1 / 8) / 4)
    assert agreement(box("q", {"yw": "bb."}), votes_needed=2).kept.count == 1
    with pytest.raises(ValueError, match="at least one vote"):
        agreement(box("q", {"xy": "a"}), votes_needed=0)


def test_alpha_by_hand() -> None:
    # Tasks with 3:0 and 2:1 votes: N = 6, D_o = (1/6) (0 + 2 * 2 * 1 / 2) = 1/3, alpha = 1 - (2 - 1/6) / 3.
    found = agreement(box("q", {"xy": "aaa", "xz": "bab", "yz": "a.."})).alpha
    assert found.value == pytest.approx(1 - (2 - 1 / 6) / 3)
    assert (found.n_units, found.n_ratings) == (2, 6)


@given(BALLOTS)
def test_alpha_is_the_packages_of_every_task_under_both_names(rows: list[str]) -> None:
    table = [[{"a": 0.0, "b": 1.0}.get(letter, np.nan) for letter in row] for row in rows]
    both = np.array(table + [[1 - value for value in row] for row in table])
    found = agreement(ballots(*of_strings(rows))).alpha
    if (np.isfinite(both).sum(axis=1) < 2).all():
        assert found.value is None
        return
    expected = krippendorff.alpha(reliability_data=both.T, level_of_measurement="nominal", value_domain=[0.0, 1.0])
    assert found.value == pytest.approx(expected, abs=1e-10)


@given(BALLOTS, st.sets(st.integers(0, 5)))
def test_how_candidates_are_called_changes_no_figure(rows: list[str], turned: set[int]) -> None:
    tasks, votes = of_strings(rows)
    which = {task.id for number, task in enumerate(tasks) if number in turned}
    there, back = ballots(tasks, votes), renamed(tasks, votes, which)
    assert rater_agreement(back) == rater_agreement(there)
    one, other = agreement(there), agreement(back)
    assert (other.kept, other.unanimous, other.alpha.value) == (one.kept, one.unanimous, one.alpha.value)
    assert other.alpha.low == (None if one.alpha.low is None else pytest.approx(one.alpha.low, abs=1e-9))


def test_a_panel_that_always_agrees_has_alpha_one_however_candidates_are_called() -> None:
    # Ordinary nominal alpha has no value here: every vote is for the candidate that happens to be called a.
    found = agreement(box("q", {"xy": "aaa", "xz": "aaa", "yz": "aaa"}))
    assert (found.alpha.value, found.unanimous.value) == (1.0, 1.0)


def test_tossed_coins_have_alpha_zero_and_a_quarter_unanimous() -> None:
    tasks, votes = random_votes(queries=400, candidates=4, votes=3, raters=9, seed=2, clarity=0.0)
    found = agreement(ballots(tasks, votes))
    assert found.alpha.value == pytest.approx(0.0, abs=0.04)
    assert found.alpha.low is not None
    assert found.alpha.high is not None
    assert found.alpha.low < 0 < found.alpha.high
    assert found.unanimous.value == pytest.approx(found.unanimous_by_chance, abs=0.03)
    assert found.unanimous_by_chance == 0.25
    for rater in rater_agreement(ballots(tasks, votes)):
        assert rater.share.value == pytest.approx(0.5, abs=0.08)


def test_the_interval_over_queries_is_the_jackknife_done_the_long_way() -> None:
    tasks, votes = random_votes(queries=12, candidates=4, votes=3, raters=6, seed=3, share=0.7)
    found = agreement(ballots(tasks, votes)).alpha_by_query
    queries = sorted({task.query_id for task in tasks})
    left_out = []
    for query in queries:
        rest = {task.id for task in tasks if task.query_id != query}
        some = ballots([t for t in tasks if t.id in rest], [v for v in votes if v.task_id in rest])
        left_out.append(agreement(some).alpha.value)
    values, n = np.array(left_out, dtype=np.float64), len(queries)
    error = np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum())
    assert found.value is not None
    assert found.value - 2.200985 * error == pytest.approx(found.low, abs=1e-6)  # Student's t, 11 degrees, 97.5 %


@given(BALLOTS)
def test_a_rater_is_compared_with_the_majority_of_the_others(rows: list[str]) -> None:
    tasks, votes = of_strings(rows)
    found = {each.rater: each for each in rater_agreement(ballots(tasks, votes))}
    assert sorted(found) == sorted({vote.rater_id for vote in votes})
    for rater, statistics in found.items():
        compared = agreed = 0
        for row in rows:
            mine, others = row[int(rater[1])], row[: int(rater[1])] + row[int(rater[1]) + 1 :]
            a, b = others.count("a"), others.count("b")
            if mine != "." and a != b:
                compared += 1
                agreed += mine == ("a" if a > b else "b")
        assert (statistics.share.count, statistics.share.n) == (agreed, compared)
        assert statistics.n_votes == sum(row[int(rater[1])] != "." for row in rows)


def test_the_majority_of_the_others_leaves_out_the_rater_and_ties() -> None:
    # r0 is alone with a in xy; in xz the others of r0 and of r1 are tied, those of r2 chose a, as r2 did not.
    found = {each.rater: each for each in rater_agreement(box("q", {"xy": "abb", "xz": "aab"}))}
    assert [(found[r].share.count, found[r].share.n) for r in ("r0", "r1", "r2")] == [(0, 1), (0, 0), (0, 1)]
    assert found["r1"].share.value is None


def test_a_careless_rater_shows_against_the_rest() -> None:
    chance = random.Random(5)
    tasks = [PreferenceTask(f"t{n}", M2P, f"q{n}", "x", "y") for n in range(400)]
    votes = []
    for task in tasks:
        right = chance.choice(list(Choice))
        for rater in ("ada", "bo", "cy", "dice"):
            is_right = chance.random() < (0.5 if rater == "dice" else 0.9)
            wrong = Choice.A if right is Choice.B else Choice.B
            votes.append(Vote(task.id, rater, right if is_right else wrong, Choice.A))
    found = {each.rater: each.share for each in rater_agreement(ballots(tasks, votes))}
    assert found["dice"].high is not None
    assert found["dice"].high < 0.62
    for rater in ("ada", "bo", "cy"):
        low = found[rater].low
        assert low is not None
        assert low > 0.7
