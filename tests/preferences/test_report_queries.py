"""Scales and cycles of one query: the same as in the whole report, in full."""

from __future__ import annotations

from math import log
from random import Random

import pytest

from annotation_site.preferences.report.computing import MOST_CYCLES, report_compute
from annotation_site.preferences.report.numbers import report_as_dict
from annotation_site.preferences.report.query import query_report
from mpd_builder import records
from mpd_builder.preferences import task_id
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_task
from tests.preferences.many_votes import votes_store
from tests.preferences.worked import Worked, ambiguous, cast, worked_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked() -> Worked:
    return worked_campaign()


def test_one_query_is_the_same_as_in_the_report(worked: Worked) -> None:
    for row in report_compute(campaign=worked.campaign, now=NOON).queries:
        found = query_report(campaign=worked.campaign, query=row.query_id)
        assert found is not None
        [scale] = found.scales
        assert scale.scale.items == row.scale.items
        assert scale.scale.abilities == pytest.approx(row.scale.abilities, abs=1e-12)
        assert scale.scale.errors == pytest.approx(row.scale.errors, abs=1e-12)
        assert (scale.scores, found.likelihoods) == (row.scores, (None,))


def test_every_comparison_is_seen_from_both_sides(worked: Worked) -> None:
    found = query_report(campaign=worked.campaign, query=worked.clip.key)
    assert found is not None
    a, b, c, d = (worked.pairs[letter].key for letter in "ABCD")
    assert (found.tallies[a, b].votes, found.tallies[a, b].against, found.tallies[a, b].is_decided) == (2, 1, True)
    assert (found.tallies[b, a].votes, found.tallies[b, a].against) == (1, 2)
    assert not found.tallies[c, d].is_decided
    assert (a, d) not in found.tallies
    assert (len(found.cycles), found.n_tasks, found.n_votes) == (1, 4, 11)
    assert found.candidates()[-1] == d  # which lost all


def test_nothing_is_told_of_what_nobody_asks_about(worked: Worked) -> None:
    assert query_report(campaign=worked.campaign, query="c_nothing") is None
    assert query_report(campaign=make_campaign(), query=worked.clip.key) is None


def test_a_query_that_falls_apart_has_two_scales_and_candidates_on_none(worked: Worked) -> None:
    campaign, clip = make_campaign(), make_clip()
    pairs = [ambiguous(campaign, clip=clip) for _ in range(8)]
    for first, second in ((0, 1), (1, 2), (3, 4), (4, 5), (6, 7)):
        task = make_task(pair_a=pairs[first], pair_b=pairs[second])
        for choice, rater in zip("aab", worked.raters, strict=True):
            cast(task, rater, choice, is_left=True)
    rows = report_compute(campaign=campaign, now=NOON).queries
    assert [(len(row.scale.items), row.part) for row in rows] == [(3, 0), (3, 1)]
    found = query_report(campaign=campaign, query=clip.key)
    assert found is not None
    assert len(found.scales) == 2
    assert set(found.unplaced) == {pairs[6].key, pairs[7].key}
    assert set(found.candidates()) == {pair.key for pair in pairs}
    for row, likelihood in zip(found.scales, found.likelihoods, strict=True):
        assert row.scale.is_bounded
        assert likelihood is not None
        # 2 to 1 twice: maximum likelihood puts each log 2 above the next, the prior a little less.
        assert sorted(likelihood.abilities) == pytest.approx([-log(2), 0, log(2)], abs=1e-6)
        assert 0 < max(row.scale.abilities) < log(2)


def test_very_many_cycles_are_all_counted_and_some_are_listed() -> None:
    """26 candidates, every two compared by coin: about a quarter of the 2,600 triads are cycles."""
    chance, choices = Random(1), list(records.Choice)
    pairs = [records.Pair(f"p{number:02d}.c0", f"p{number:02d}", "c0") for number in range(26)]
    asked = [
        (records.Direction.MUSIC_TO_PAINTING, "c0", one.id, other.id)
        for place, one in enumerate(pairs)
        for other in pairs[place + 1 :]
    ]
    tasks = [records.PreferenceTask(task_id(*each), *each) for each in asked]
    winners = [chance.choice(choices) for _ in tasks]
    votes = [
        records.Vote(task.id, f"r{rater}", winner, winner)
        for task, winner in zip(tasks, winners, strict=True)
        for rater in range(3)
    ]
    campaign = make_campaign()
    votes_store(campaign=campaign, pairs=pairs, tasks=tasks, votes=votes, scores={})
    told = report_as_dict(report=report_compute(campaign=campaign, now=NOON))["transitivity"]
    assert told["triads"] == 26 * 25 * 24 // 6
    assert told["cyclic"] > MOST_CYCLES
    assert len(told["cycles"]) == MOST_CYCLES
    assert told["cycles_not_listed"] == told["cyclic"] - MOST_CYCLES
