"""Votes as arrays: what is refused, and what a direction alone holds."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mpd_builder.preference_statistics import agreement, ballots, rater_agreement, side_bias
from mpd_builder.records import Choice, PreferenceTask, Vote
from tests.mpd_builder.preference_statistics.small_votes import M2P, P2M, asked, random_votes


def test_votes_are_counted_by_task_whatever_the_order() -> None:
    tasks, votes = asked("q", {"xy": "aab", "xz": "b.b", "yz": "..."})
    random.Random(1).shuffle(votes)
    given = ballots(reversed(tasks), votes)
    assert [task.id[-2:] for task in given.tasks] == ["xy", "xz", "yz"]
    assert (given.votes_a.tolist(), given.votes_b.tolist()) == ([2, 0, 0], [1, 2, 0])
    assert given.raters == ("r0", "r1", "r2")


def test_a_direction_is_as_if_only_it_had_been_asked() -> None:
    there, back = asked("q", {"xy": "aab", "xz": "b.b"}), asked("p", {"xw": ".ab"}, P2M)
    both = ballots(there[0] + back[0], there[1] + back[1])
    for direction, alone in ((M2P, ballots(*there)), (P2M, ballots(*back))):
        part = both.towards(direction)
        assert (part.tasks, part.raters) == (alone.tasks, alone.raters)
        assert rater_agreement(part) == rater_agreement(alone)
        assert agreement(part) == agreement(alone)
        assert side_bias(part) == side_bias(alone)
        assert np.array_equal(part.votes_a, alone.votes_a)


TASK = PreferenceTask("t", M2P, "q", "x", "y")


@pytest.mark.parametrize(
    ("tasks", "voters", "words"),
    [
        ([TASK], ["r1", "r2", "r1"], "rater r1 voted more than once on the task t"),
        ([], ["r1"], "rater r1 voted on the task t, which is not among the tasks"),
        ([TASK, TASK], [], "the task t is listed twice"),
        ([TASK, PreferenceTask("u", M2P, "q", "y", "x")], [], "the tasks t and u ask the same"),
    ],
)
def test_votes_that_cannot_be_are_an_error_in_words(tasks: list[PreferenceTask], voters: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ballots(tasks, [Vote("t", rater, Choice.A, Choice.B) for rater in voters])


def test_the_same_pairs_may_be_asked_in_both_directions() -> None:
    given = ballots([TASK, PreferenceTask("u", P2M, "q", "y", "x")], [])
    assert len(given.tasks) == 2


def test_no_votes_give_no_figures_and_no_errors() -> None:
    for given in (ballots([], []), ballots([TASK], [])):
        found = agreement(given)
        assert (found.n_votes, found.n_judged, found.alpha.value) == (0, 0, None)
        assert (found.kept.value, found.unanimous.value, found.unanimous_by_chance) == (None, None, None)
        assert rater_agreement(given) == []
        assert side_bias(given).everyone.left.value is None
        assert not side_bias(given).everyone.is_flagged
        assert side_bias(given).raters == ()


def test_random_votes_of_the_tests_are_what_they_say() -> None:
    tasks, votes = random_votes(queries=3, candidates=4, votes=3, raters=5, seed=1)
    assert (len(tasks), len(votes)) == (18, 54)
