"""Side bias: found in simulated panels that have one as often as theory says, and seldom in those without."""

from __future__ import annotations

import dataclasses

import pytest
from scipy import stats

from mpd_builder.preference_statistics import ballots, side_bias
from mpd_builder.preference_statistics.sides import SideReport
from mpd_builder.records import Choice, PreferenceTask, Vote
from mpd_builder.synthetic.raters import Panel, panel
from tests.mpd_builder.preference_statistics.small_votes import M2P

VOTES, PANELS = 1_000, 60


def votes_of(people: Panel, *, tasks: int, per_task: int, seed: int) -> SideReport:
    """What the panel's votes show, raters taking turns. Candidates differ a little, as ambiguous pairs do."""
    asked = [PreferenceTask(f"t{n:05d}", M2P, f"q{n}", "x", "y") for n in range(tasks)]
    votes = []
    for number, task in enumerate(asked):
        for turn in range(per_task):
            rater = people.raters[(number * per_task + turn) % len(people.raters)].id
            difference = (number % 11 - 5) / 50  # -0.1 to 0.1
            votes.append(
                people.vote(
                    task_id=task.id,
                    truth_a=0.5 + difference / 2,
                    truth_b=0.5 - difference / 2,
                    rater_id=rater,
                    seed=seed,
                )
            )
    return side_bias(ballots(asked, votes))


def caught(bias: float) -> float:
    """The share of panels of 1,000 votes that are flagged, all raters leaning to the left alike."""
    reports = (votes_of(panel("paper", 10, 1, side_bias=bias), tasks=250, per_task=4, seed=n) for n in range(PANELS))
    return sum(report.everyone.is_flagged for report in reports) / PANELS


def power(share: float) -> float:
    """How often the exact test at 5 % rejects, by adding up the binomial distribution."""
    least = next(k for k in range(VOTES // 2, VOTES + 1) if stats.binomtest(k, VOTES).pvalue <= 0.05)
    return float(stats.binom.sf(least - 1, VOTES, share) + stats.binom.cdf(VOTES - least, VOTES, share))


@pytest.mark.parametrize(
    ("bias", "share", "theory"),
    [
        (0.10, 0.550, 0.880),  # a side bias of 5 %: left in 55 % of the votes instead of 50 %
        (0.05, 0.525, 0.341),  # 5 % of the answers are left without looking: half as much
        (0.00, 0.500, 0.046),
    ],
)
def test_a_known_side_bias_is_caught_at_a_thousand_votes(bias: float, share: float, theory: float) -> None:
    assert power(share) == pytest.approx(theory, abs=0.001)
    tolerance = 3 * (theory * (1 - theory) / PANELS) ** 0.5
    assert caught(bias) == pytest.approx(theory, abs=tolerance)


def test_a_five_percent_bias_of_one_panel_comes_with_its_interval() -> None:
    found = votes_of(panel("paper", 10, 1, side_bias=0.10), tasks=250, per_task=4, seed=1).everyone
    assert found.is_flagged
    assert found.left.n == VOTES
    assert found.left.low is not None
    assert found.left.high is not None
    assert 0.5 < found.left.low < 0.55 < found.left.high
    assert (found.rater, found.p_adjusted) == (None, found.p_value)


def leaning(people: Panel, rater_id: str, bias: float) -> Panel:
    raters = (dataclasses.replace(each, side_bias=bias * (each.id == rater_id)) for each in people.raters)
    return Panel(people.preset, tuple(raters))


def test_one_who_leans_among_thirty_five_is_named_and_nobody_else() -> None:
    found = votes_of(leaning(panel("paper", 35, 1), "sim_07", 0.3), tasks=3_500, per_task=3, seed=1)
    assert [each.rater for each in found.raters if each.is_flagged] == ["sim_07"]
    assert len(found.raters) == 35
    assert {each.left.n for each in found.raters} == {300}


def test_thirty_five_who_do_not_lean_are_left_alone_though_some_look_like_it() -> None:
    reports = [votes_of(panel("paper", 35, 1), tasks=700, per_task=3, seed=seed) for seed in range(10)]
    assert sum(each.p_value <= 0.05 for report in reports for each in report.raters) >= 5
    assert sum(any(each.is_flagged for each in report.raters) for report in reports) <= 1


def test_biases_that_cancel_are_still_seen_in_each() -> None:
    tasks = [PreferenceTask(f"t{n:03d}", M2P, f"q{n}", "x", "y") for n in range(100)]
    votes = [Vote(t.id, "lefty", c, c) for t, c in zip(tasks, [Choice.A, Choice.B] * 50, strict=True)]
    votes += [Vote(v.task_id, "righty", v.choice, Choice.A if v.choice is Choice.B else Choice.B) for v in votes]
    found = side_bias(ballots(tasks, votes))
    assert (found.everyone.left.value, found.everyone.p_value, found.everyone.is_flagged) == (0.5, 1.0, False)
    assert [(each.rater, each.left.value, each.is_flagged) for each in found.raters] == [
        ("lefty", 1.0, True),
        ("righty", 0.0, True),
    ]
