"""The preference report: the right votes, and numbers worked out by hand."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.models import DirectionChoice, PreferenceTask, Vote, VoteState
from annotation_site.preferences.report import words
from annotation_site.preferences.report.computing import report_compute
from annotation_site.preferences.report.loading import ballots_load, campaign_choose
from annotation_site.preferences.report.numbers import report_as_dict
from annotation_site.preferences.selectors import pairs_for_tasks
from annotation_site.preferences.services import tasks_follow
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder.preference_statistics import agreement, rater_agreement, side_bias, transitivity
from mpd_builder.records import Direction
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_rater, make_task
from tests.preferences.worked import ANSWERS, SCORES, Worked, ambiguous, cast, worked_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked() -> Worked:
    return worked_campaign()


def test_the_worked_campaign_holds_the_answers_that_it_names(worked: Worked) -> None:
    for letters, winners in ANSWERS.items():
        task = PreferenceTask.objects.get(pk=worked.tasks[letters].pk)
        assert (task.votes_a, task.votes_b) == (winners.count(letters[0]), winners.count(letters[1]))


def test_the_numbers_are_those_worked_out_by_hand(worked: Worked) -> None:
    report = report_compute(campaign=worked.campaign, now=NOON)
    assert (report.n_tasks, report.n_votes, report.n_simulated, report.votes_needed) == (7, 20, 0, 3)
    found = report.agreement
    assert (found.n_judged, found.kept.count, found.unanimous.count) == (6, 6, 3)  # BC, xy, xz
    assert found.unanimous_by_chance == 0.25
    # Three tasks of 2 to 1 disagree: D_o = 3 * 2 / 20, alpha = 1 - (2 - 1/20) D_o.
    assert found.alpha.value == pytest.approx(1 - 1.95 * 0.3)
    assert (report.transitivity.n_triads, report.transitivity.n_cyclic) == (2, 1)
    [cycle] = report.transitivity.cycles
    assert set(cycle.pairs) == {worked.pairs[letter].key for letter in "ABC"}
    assert set(cycle.tasks) == {worked.tasks[letters].key for letters in ("AB", "BC", "CA")}


def test_progress_and_what_is_possible_are_told_by_direction(worked: Worked) -> None:
    to_painting, to_music = report_compute(campaign=worked.campaign, now=NOON).directions
    assert to_painting.progress.direction == DirectionChoice.MUSIC_TO_PAINTING
    told = [(one.tasks, one.kept, one.open, one.votes) for one in (to_painting.progress, to_music.progress)]
    assert told == [(4, 3, 1, 11), (3, 3, 0, 9)]
    # One clip is shared by four ambiguous pairs, three clips are in one each; one painting by three, four in one.
    assert to_painting.supply.sizes == ((1, 3), (4, 1))
    assert to_music.supply.sizes == ((1, 4), (3, 1))
    counts = [(row.supply.possible, row.supply.existing, row.supply.left) for row in (to_painting, to_music)]
    assert counts == [(6, 4, 2), (3, 3, 0)]
    assert words.size_rows(to_painting.supply) == [("1 pair", 3), ("2 pairs", 0), ("3 pairs", 0), ("4 pairs", 1)]
    assert (to_painting.agreement.n_judged, to_music.agreement.unanimous.count) == (3, 2)


def test_raters_stand_against_the_rest_and_against_chance(worked: Worked) -> None:
    report = report_compute(campaign=worked.campaign, now=NOON)
    rows = {row.pk: row for row in report.raters}
    told = [rows[rater.pk] for rater in worked.raters]
    assert [row.votes for row in told] == [7, 7, 6]
    assert [(row.agreement.count, row.agreement.n) for row in told] == [(4, 4), (4, 4), (3, 6)]
    assert [(row.left.left.count, row.left.left.n) for row in told] == [(7, 7), (3, 7), (3, 6)]
    # Seven heads or tails in a row: p = 2 / 128, three raters: 6 / 128 < 0.05.
    assert told[0].left.p_adjusted == pytest.approx(6 / 128)
    assert report.flagged == (told[0],)
    assert words.side_words(told[0].left) == "chooses left more often than chance allows: 100 % of 7"
    assert words.side_words(told[1].left) == "within what chance allows"
    assert (report.left.left.count, report.left.left.n, report.left.is_flagged) == (13, 20, False)


def test_they_are_the_pure_functions_of_the_stored_votes(worked: Worked) -> None:
    given = ballots_load(campaign=worked.campaign).given
    report = report_compute(campaign=worked.campaign, now=NOON)
    assert report.agreement == agreement(given)
    assert report.left == side_bias(given).everyone
    assert {row.code: row.agreement for row in report.raters} == {
        one.rater: one.share for one in rater_agreement(given)
    }
    assert report.transitivity == transitivity(given)
    for row, direction in zip(report.directions, Direction, strict=True):
        assert row.agreement == agreement(given.towards(direction))
        assert row.left == side_bias(given.towards(direction)).everyone


def test_scales_stand_beside_the_trimmed_means(worked: Worked) -> None:
    report = report_compute(campaign=worked.campaign, now=NOON)
    larger, smaller = report.queries  # the largest first
    assert (larger.query_id, smaller.query_id) == (worked.clip.key, worked.painting.key)
    assert (larger.scale.is_bounded, smaller.scale.is_bounded) == (False, False)  # D and x never won
    score_of = {pair.key: SCORES[letter] for letter, pair in worked.pairs.items()}
    for row in report.queries:
        assert list(row.scores) == [score_of[item] for item in row.scale.items]
    assert [score_of[smaller.scale.items[place]] for place in smaller.by_ability()] == [0.58, 0.50, 0.42]
    assert (smaller.ranks.spearman, smaller.ranks.kendall) == (1.0, 1.0)
    assert report.ranks.n == 7


def test_a_pair_whose_score_is_gone_stays_on_its_scale_without_one(worked: Worked) -> None:
    Pair.objects.filter(pk=worked.pairs["z"].pk).update(score=None)
    row = report_compute(campaign=worked.campaign, now=NOON).queries[1]
    assert row.scores[row.scale.items.index(worked.pairs["z"].key)] is None
    assert row.ranks.n == 2


def test_only_counted_votes_of_this_campaign_are_loaded(worked: Worked) -> None:
    other = two_votes_elsewhere()
    Vote.objects.filter(task=worked.tasks["xz"]).update(state=VoteState.SURPLUS)
    Vote.objects.filter(task=worked.tasks["xy"]).update(state=VoteState.SUPERSEDED)
    assert report_compute(campaign=worked.campaign, now=NOON).n_votes == 20 - 6
    assert report_compute(campaign=other, now=NOON).n_votes == 2


def two_votes_elsewhere() -> Campaign:
    campaign, clip = make_campaign(slug="other"), make_clip()
    task = make_task(pair_a=ambiguous(campaign, clip=clip), pair_b=ambiguous(campaign, clip=clip))
    for choice in "ab":
        cast(task, make_rater(), choice, is_left=True)
    return campaign


def test_votes_stay_counted_when_a_pair_leaves_the_band_and_the_supply_says_so(worked: Worked) -> None:
    Pair.objects.filter(pk=worked.pairs["A"].pk).update(score=0.9)
    tasks_follow(pair_ids=[worked.pairs["A"].pk])
    report = report_compute(campaign=worked.campaign, now=NOON)
    assert report.n_votes == 20
    supply = report.directions[0].supply
    assert (supply.possible, supply.existing, supply.outside) == (3, 2, 2)


def test_what_is_left_to_make_is_what_making_makes(worked: Worked) -> None:
    """The construction report and `tasks_make` must agree on which pairs may come into a task."""
    for score in (0.4, 0.5, 0.6):
        ambiguous(worked.campaign, score, clip=worked.clip)  # the band's ends belong to it
    Pair.objects.filter(pk=worked.pairs["B"].pk).update(closed_at=NOON)
    withdrawn = make_painting(withdrawn_at=NOON)
    ambiguous(worked.campaign, painting=withdrawn, clip=worked.clip)
    gone = make_clip()
    gone.track.withdrawn_at = NOON
    gone.track.save()
    ambiguous(worked.campaign, painting=worked.painting, clip=gone)
    before = report_compute(campaign=worked.campaign, now=NOON)
    assert before.n_set_aside == 3
    made = tasks_make(campaign=worked.campaign, count=None, seed=1, now=NOON)
    by_direction = [sum(task.direction == row.progress.direction for task in made) for row in before.directions]
    assert by_direction == [row.supply.left for row in before.directions]
    assert sum(by_direction) > 5
    assert [row.supply.left for row in report_compute(campaign=worked.campaign, now=NOON).directions] == [0, 0]
    assert pairs_for_tasks(campaign=worked.campaign).count() == 7 + 3 - 1


def test_a_campaign_without_anything_is_undefined_not_an_error() -> None:
    report = report_compute(campaign=make_campaign(), now=NOON)
    assert (report.agreement.alpha.value, report.left.left.value, report.transitivity.share) == (None, None, None)
    assert (report.raters, report.queries, report.ranks.kendall) == ((), (), None)
    told = {figure.label: figure.value for figure in words.figures(report)}
    assert told["Unanimous"] == told["Cycles"] == "undefined"
    json.dumps(report_as_dict(report=report), allow_nan=False)


def test_one_vote_alone_is_undefined_too() -> None:
    campaign, clip = make_campaign(), make_clip()
    task = make_task(pair_a=ambiguous(campaign, clip=clip), pair_b=ambiguous(campaign, clip=clip))
    cast(task, make_rater(), "a", is_left=True)
    report = report_compute(campaign=campaign, now=NOON)
    assert report.agreement.alpha.value is None
    assert report.raters[0].agreement.value is None
    assert report.queries == ()
    assert words.alpha_interval(report.agreement) == "needs a task with two votes"
    json.dumps(report_as_dict(report=report), allow_nan=False)


def test_alpha_is_told_with_the_wider_interval(worked: Worked) -> None:
    found = report_compute(campaign=worked.campaign, now=NOON).agreement
    told = words.alpha_interval(found)
    widths = {}
    for over, alpha in (("tasks", found.alpha), ("queries", found.alpha_by_query)):
        assert alpha.low is not None
        assert alpha.high is not None
        widths[over] = (alpha.high - alpha.low, f"{alpha.low:.3f} to {alpha.high:.3f}")
    widest = max(widths, key=lambda over: widths[over][0])
    assert told == f"95 % interval {widths[widest][1]}, over {widest}"
    assert widths["tasks"] != widths["queries"]


def test_alpha_of_a_single_query_has_no_interval(worked: Worked) -> None:
    found = report_compute(campaign=worked.campaign, now=NOON).directions[0].agreement
    assert found.alpha.low is not None
    assert words.alpha_interval(found) == "too few queries for an interval"


def test_the_campaign_of_the_newest_vote_is_shown_first(worked: Worked) -> None:
    newer = make_campaign(slug="newer", now=NOON + timedelta(days=1))
    assert campaign_choose(slug=None) == worked.campaign
    assert campaign_choose(slug="newer") == newer
    Vote.objects.all().delete()
    assert campaign_choose(slug=None) == worked.campaign  # of the newest task
    PreferenceTask.objects.all().delete()
    assert campaign_choose(slug=None) == newer


def test_no_campaign_at_all_is_no_error() -> None:
    assert campaign_choose(slug=None) is None
