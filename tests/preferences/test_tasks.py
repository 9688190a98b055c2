"""Tasks from ambiguous pairs, and what becomes of them when a score changes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.models import DirectionChoice, PreferenceTask, VoteSlot
from annotation_site.preferences.selectors import LEFT_BAND, none_because, own_progress, tasks_progress
from annotation_site.preferences.services import tasks_follow
from annotation_site.scoring.models import Campaign, Pair, Slot
from annotation_site.scoring.services import rater_withdraw, rating_correct, rating_submit
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_rater, make_task
from tests.preferences.conftest import HEARD, lease, scored, vote

State = PreferenceTask.State


def _grid(campaign: Campaign, paintings: int, clips: int, score: float = 0.5) -> list[Pair]:
    music = [make_clip() for _ in range(clips)]
    return [
        scored(campaign, score, painting=painting, clip=clip)
        for painting in [make_painting() for _ in range(paintings)]
        for clip in music
    ]


def test_tasks_join_ambiguous_pairs_that_share_their_query(campaign: Campaign) -> None:
    _grid(campaign, 3, 3)
    tasks = tasks_make(campaign=campaign, count=None, seed=1, now=NOON)
    assert len(tasks) == 18  # 3 pairs of 3 for each of 3 clips, and the same for the paintings
    for task in PreferenceTask.objects.select_related("pair_a", "pair_b"):
        is_music = task.direction == DirectionChoice.MUSIC_TO_PAINTING
        shared = "clip_id" if is_music else "painting_id"
        assert getattr(task.pair_a, shared) == getattr(task.pair_b, shared)
        assert task.slots.count() == campaign.votes_per_task


def test_the_band_includes_its_ends_and_nothing_else(campaign: Campaign) -> None:
    clip = make_clip()
    for score in (0.399, 0.4, 0.6, 0.601):
        scored(campaign, score, clip=clip)
    (task,) = tasks_make(campaign=campaign, count=None, seed=1, now=NOON)
    assert {task.pair_a.score, task.pair_b.score} == {0.4, 0.6}


def test_a_count_is_of_each_direction(campaign: Campaign) -> None:
    _grid(campaign, 3, 3)
    tasks = tasks_make(campaign=campaign, count=4, seed=1, now=NOON)
    assert sorted(task.direction for task in tasks) == ["music->painting"] * 4 + ["painting->music"] * 4


def test_no_task_is_made_twice(campaign: Campaign) -> None:
    _grid(campaign, 3, 3)
    tasks_make(campaign=campaign, count=4, seed=1, now=NOON)
    assert len(tasks_make(campaign=campaign, count=None, seed=1, now=NOON)) == 10
    assert tasks_make(campaign=campaign, count=None, seed=2, now=NOON) == []


def test_the_same_scores_and_seed_give_the_same_tasks(campaign: Campaign) -> None:
    pairs, other = _grid(campaign, 3, 3), make_campaign()
    for pair in pairs:
        scored(other, painting=pair.painting, clip=pair.clip)
    keys = [[task.key for task in tasks_make(campaign=each, count=4, seed=9, now=NOON)] for each in (campaign, other)]
    assert keys[0] == keys[1]


def test_an_unanswered_task_closes_when_a_pair_leaves_the_band_and_opens_when_it_is_back(
    campaign: Campaign, task: PreferenceTask, vera: Rater
) -> None:
    for score, state in ((0.7, State.LEFT_BAND), (0.55, State.OPEN), (None, State.LEFT_BAND), (0.6, State.OPEN)):
        Pair.objects.filter(pk=task.pair_b_id).update(score=score)
        tasks_follow(pair_ids=[task.pair_b_id])
        task.refresh_from_db()
        assert task.state == state
        held = lease_hold(model=VoteSlot, rater=make_rater(), campaign=campaign, count=1, now=NOON)
        assert bool(held) == (state == State.OPEN)


def test_it_stays_closed_while_the_other_pair_is_outside(campaign: Campaign, task: PreferenceTask) -> None:
    for pair, score in ((task.pair_a, 0.7), (task.pair_b, 0.2), (task.pair_a, 0.5)):
        Pair.objects.filter(pk=pair.pk).update(score=score)
        tasks_follow(pair_ids=[pair.pk])
    task.refresh_from_db()
    assert task.state == State.LEFT_BAND


def test_an_answered_task_stays_when_a_pair_leaves_the_band_and_says_so(
    campaign: Campaign, task: PreferenceTask, vera: Rater, boris: Rater
) -> None:
    vote(vera, campaign, "a")
    Pair.objects.filter(pk=task.pair_a_id).update(score=0.9)
    tasks_follow(pair_ids=[task.pair_a_id])
    task.refresh_from_db()
    assert task.state == State.OPEN
    assert PreferenceTask.objects.annotate(left_band=LEFT_BAND).get().left_band, "and says so"
    vote(boris, campaign, "b")
    vote(make_rater(), campaign, "a")
    task.refresh_from_db()
    assert (task.state, task.winner) == (State.KEPT, "a"), "it goes on to its end"
    assert {row.outside for row in tasks_progress(campaign=campaign) if row.tasks} == {1}
    Pair.objects.filter(pk=task.pair_a_id).update(score=0.4)
    tasks_follow(pair_ids=[task.pair_a_id])
    assert not PreferenceTask.objects.annotate(left_band=LEFT_BAND).get().left_band
    Pair.objects.filter(pk=task.pair_a_id).update(score=None)
    assert PreferenceTask.objects.annotate(left_band=LEFT_BAND).get().left_band, "no score is not ambiguous either"


@pytest.mark.parametrize(("choices", "state"), [("a", "open"), ("aba", "kept")])
def test_votes_on_their_way_when_it_closed_count_once_its_pairs_are_back(
    campaign: Campaign, task: PreferenceTask, choices: str, state: str
) -> None:
    crew = [make_rater() for _ in choices]
    for rater in crew:
        lease(rater, campaign)
    for score, closed in ((0.9, State.LEFT_BAND), (0.5, state)):
        Pair.objects.filter(pk=task.pair_a_id).update(score=score)
        tasks_follow(pair_ids=[task.pair_a_id])
        if score == 0.9:
            for rater, choice in zip(crew, choices, strict=True):
                vote(rater, campaign, choice)
        task.refresh_from_db()
        assert task.state == closed


def test_a_vote_that_comes_after_its_task_closed_is_counted_there(
    campaign: Campaign, task: PreferenceTask, vera: Rater
) -> None:
    slot = lease(vera, campaign)
    Pair.objects.filter(pk=task.pair_a_id).update(score=0.9)
    tasks_follow(pair_ids=[task.pair_a_id])
    assert vote(vera, campaign, "b").vote.slot == slot
    task.refresh_from_db()
    assert (task.state, task.votes_b) == (State.LEFT_BAND, 1)


def test_a_correction_and_a_withdrawal_move_tasks_along_with_the_score(campaign: Campaign) -> None:
    clip = make_clip()
    other = scored(campaign, clip=clip)
    pair = scored(campaign, 0.5, clip=clip)
    Pair.objects.filter(pk=pair.pk).update(score=None, rating_count=0, completed_at=None)
    other.slots.all().delete()
    crew = [make_rater() for _ in range(3)]
    ratings = []
    for rater in crew:
        (slot,) = lease_hold(model=Slot, rater=rater, campaign=campaign, count=1, now=NOON)
        assert slot.token is not None
        ratings.append(rating_submit(rater=rater, token=slot.token, key=uuid4(), value=0.5, now=HEARD).rating)
    (task,) = tasks_make(campaign=campaign, count=None, seed=1, now=NOON)
    for number in (0, 1):
        key = ratings[number].key
        rating_correct(rater=crew[number], rating_key=key, key=uuid4(), value=0.9, now=HEARD)
    task.refresh_from_db()
    assert task.state == State.LEFT_BAND  # the trimmed mean of 0.5, 0.9, 0.9 is 0.9
    newest = crew[0].ratings.get(state="counted")
    rating_correct(rater=crew[0], rating_key=newest.key, key=uuid4(), value=0.5, now=HEARD)
    task.refresh_from_db()
    assert task.state == State.OPEN
    rater_withdraw(rater=crew[2], now=HEARD)
    task.refresh_from_db()
    assert task.state == State.LEFT_BAND


def test_the_progress_is_counted_by_direction(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    painting = make_painting()
    make_task(pair_a=scored(campaign, painting=painting), pair_b=scored(campaign, painting=painting))
    vote(vera, campaign, "a")
    for rater in (make_rater(), make_rater()):
        for number in (0, 1):
            vote(rater, campaign, "a", now=NOON + number * (HEARD - NOON))
    by_direction = {row.direction: row for row in tasks_progress(campaign=campaign)}
    rows = [by_direction[direction] for direction in DirectionChoice]
    assert [row.tasks for row in rows] == [1, 1]
    assert sorted(row.votes for row in rows) == [2, 3]
    assert sorted(row.kept for row in rows) == [0, 1]
    assert sum(row.open + row.undecided + row.closed for row in rows) == 1
    seen = own_progress(rater=vera, campaign=campaign, now=HEARD)
    assert (seen.mine, seen.session) == (1, 1)


def test_why_there_is_nothing_to_compare_is_said(campaign: Campaign, vera: Rater, boris: Rater) -> None:
    assert "nothing to compare" in none_because(rater=vera, campaign=campaign)
    clip = make_clip()
    make_task(pair_a=scored(campaign, clip=clip), pair_b=scored(campaign, clip=clip))
    assert "with other raters" in none_because(rater=vera, campaign=campaign)
    vote(vera, campaign, "a")
    assert "You have answered or skipped" in none_because(rater=vera, campaign=campaign)
    for rater in (boris, make_rater()):
        vote(rater, campaign, "a")
    assert "all its votes" in none_because(rater=vera, campaign=campaign)
    campaign.is_open = False
    assert "closed" in none_because(rater=vera, campaign=campaign)


def test_tasks_need_ambiguous_pairs(campaign: Campaign) -> None:
    assert tasks_make(campaign=campaign, count=None, seed=1, now=NOON) == []
    with pytest.raises(ValueError, match="cannot be negative"):
        tasks_make(campaign=campaign, count=-1, seed=1, now=NOON)
