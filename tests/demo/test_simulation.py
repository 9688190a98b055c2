"""Simulated raters go through the same services as people, so the same promises hold for them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from annotation_site.accounts.models import Rater
from annotation_site.demo.simulation import Studio, panel_enlist, ratings_simulate, votes_simulate
from annotation_site.demo.truths import Truths
from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.models import PreferenceTask, Vote
from annotation_site.scoring.models import Campaign, Pair, Rating
from tests.conftest import NOON
from tests.factories import make_campaign, make_painting, make_pair, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """Six paintings with two clips each: 12 pairs."""
    campaign = make_campaign()
    clips = list(make_track(clips=2).clips.all())
    for painting in [make_painting() for _ in range(6)]:
        for clip in clips:
            make_pair(campaign=campaign, painting=painting, clip=clip)
    return campaign


def studio(*, raters: int = 7, seed: int = 3) -> Studio:
    panel, people = panel_enlist(preset="paper", count=raters, seed=seed, now=NOON)
    return Studio(panel, people, Truths(None, seed), seed, NOON, timedelta(seconds=1))


def test_they_fill_every_place_and_no_more(campaign):
    given = ratings_simulate(studio(), campaign=campaign, limit=10_000)
    assert given == 12 * 5
    assert all(pair.rating_count == 5 and pair.score is not None for pair in campaign.pairs.all())
    pairs = Counter(Rating.objects.values_list("pair", "rater"))
    assert set(pairs.values()) == {1}
    assert set(Rating.objects.values_list("is_simulated", flat=True)) == {True}


def test_four_raters_alone_leave_each_pair_one_short(campaign):
    crew = studio()
    assert ratings_simulate(crew, campaign=campaign, limit=1000, raters=crew.raters[:4]) == 12 * 4
    assert set(campaign.pairs.values_list("rating_count", flat=True)) == {4}


def test_the_same_seed_gives_the_same_scores(campaign):
    ratings_simulate(studio(seed=3), campaign=campaign, limit=1000)
    first = dict(Rating.objects.values_list("pair__key", "value").order_by("slot__index"))
    other = make_campaign()
    for pair in campaign.pairs.all():
        make_pair(campaign=other, painting=pair.painting, clip=pair.clip)
    ratings_simulate(studio(seed=3), campaign=other, limit=1000)
    means = {pair.key: pair.score for pair in campaign.pairs.all()}
    assert len(first) == 12
    for pair in other.pairs.all():
        # Who takes which slot may differ; a pair's level may not.
        assert pair.score == pytest.approx(means[pair.key], abs=0.08)


def test_they_answer_repeats_beside_their_ratings():
    campaign = make_campaign(raters_per_pair=2, trim=0, repeat_percent=25, repeat_distance=10)
    painting = make_painting()
    for clip in make_track(clips=20).clips.all():
        make_pair(campaign=campaign, painting=painting, clip=clip)
    assert ratings_simulate(studio(raters=2), campaign=campaign, limit=10_000) == 20 * 2
    first = {(rating.pair_id, rating.rater_id): rating.value for rating in Rating.objects.filter(state="counted")}
    again = Rating.objects.filter(state="repeat")
    assert len(first) == 40
    assert 2 <= len(again) <= 8
    assert all(abs(rating.value - first[rating.pair_id, rating.rater_id]) < 0.35 for rating in again)


def test_they_vote_until_every_task_is_decided(campaign):
    Pair.objects.filter(campaign=campaign).update(score=0.5, completed_at=NOON)
    tasks = tasks_make(campaign=campaign, count=5, seed=1, now=NOON)
    given = votes_simulate(studio(), campaign=campaign, limit=1000)
    assert given == 3 * len(tasks) > 0
    assert not PreferenceTask.objects.filter(state=PreferenceTask.State.OPEN).exists()
    assert set(Vote.objects.values_list("left", flat=True)) == {"a", "b"}


def test_nobody_can_log_in_as_a_simulated_rater():
    studio(raters=2)
    for rater in Rater.objects.select_related("user"):
        assert rater.is_simulated
        assert not rater.user.is_active
        assert not rater.user.has_usable_password()


def test_the_command_says_what_was_done(campaign, capsys):
    call_command("simulate_raters", "--raters", "6", "--preset", "paper", "--seed", "1", "--campaign", campaign.slug)
    assert "6 simulated raters gave 60 ratings and 0 votes" in capsys.readouterr().out


def test_the_command_names_a_campaign_that_is_not_there():
    with pytest.raises(CommandError, match="no open campaign 'nowhere'"):
        call_command("simulate_raters", "--seed", "1", "--campaign", "nowhere")
