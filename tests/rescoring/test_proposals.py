"""A proposed batch: chosen from the scores, edited, approved once. Until then nobody is asked."""

from __future__ import annotations

import pytest

from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.models import JobState
from annotation_site.leases.models import Queue
from annotation_site.rescoring import sharding, tasks
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.models import Method, Pool, Proposal, Rescoring, Route
from annotation_site.rescoring.proposals import (
    pair_add,
    pairs_drop,
    proposal_approve,
    proposal_discard,
    proposal_folder,
    proposal_start,
)
from annotation_site.rescoring.selectors import paid_of, time_words, totals_of
from annotation_site.scoring.models import Campaign, Pair, Slot
from tests.conftest import NOON
from tests.factories import make_admin, make_rater, make_rating
from tests.rescoring.makers import make_version, proposed, scored, start, told

pytestmark = pytest.mark.django_db


def done(campaign: Campaign, **fields) -> Rescoring:
    """Scored by the fake model, shard by shard."""
    rescoring = start(campaign, **{"pool_size": 11} | fields)
    tasks.run(rescoring.pk)
    for one in rescoring.shards.all():
        tasks.score_shard(one.pk)
    assert tasks.run(rescoring.pk) == JobState.DONE
    rescoring.refresh_from_db()
    return rescoring


def propose(rescoring: Rescoring, **fields) -> Proposal:
    proposal = proposal_start(**{"rescoring": rescoring, "count": 5, "method": Method.BAND, "now": NOON} | fields)
    assert tasks.choose(proposal.pk) == JobState.DONE, Proposal.objects.get(pk=proposal.pk).error
    proposal.refresh_from_db()
    return proposal


def approve(proposal: Proposal) -> int:
    return proposal_approve(proposal=proposal, user=None, now=NOON)


# --- Choosing ----------------------------------------------------------------------------------------------------
def test_a_batch_is_kept_in_the_order_of_asking_with_what_the_model_said(campaign, fake_model):
    proposal = propose(done(campaign))
    rows = list(proposal.pairs.order_by("rank"))
    assert [row.rank for row in rows] == [0, 1, 2, 3, 4]
    assert [row.sd for row in rows] == sorted((row.sd for row in rows), reverse=True)
    assert [row.reason for row in rows] == ["band"] * 4 + ["control"]
    assert {row.route for row in rows} == {Route.RATINGS}, "the control arm is asked whatever the model is sure of"
    assert proposal.facts == {"candidates": 11, "unrated": 11, "band": [0.4, 0.6]}
    call = fake_model.calls[-1]
    settings = {name: told(call, name) for name in ("--method", "--count", "--control", "--per-painting", "--per-clip")}
    assert settings == {
        "--method": "band",
        "--count": "5",
        "--control": "0.2",
        "--per-painting": "4",
        "--per-clip": "5",
    }
    assert call[call.index("--band") + 1 :][:2] == ["0.4", "0.6"]
    assert set(Pair.objects.values_list("origin", flat=True)) == {"random"}, "nobody is asked yet"


def test_a_method_that_looks_into_the_model_has_its_features_scored(campaign, fake_model):
    rescoring = done(campaign)
    propose(rescoring, method=Method.VARIANCE, sure_sd=0.05, per_clip=2)
    score, choose = fake_model.calls[-2:]
    assert score[0] == "score"
    assert told(score, "--features") == told(choose, "--features")
    assert (told(choose, "--sure"), told(choose, "--per-clip")) == ("0.05", "2")
    propose(rescoring, method=Method.RANDOM)
    assert fake_model.calls[-1][0] == "choose"
    assert fake_model.calls[-2] == choose, "for the others the stored scores do"


def test_a_method_that_goes_by_distance_is_told_what_has_been_rated(campaign, fake_model):
    rescoring = done(campaign)
    propose(rescoring, method=Method.LCMD)
    assert "--labelled" not in fake_model.calls[-1], "nothing has all its ratings"
    pair = Pair.objects.get(rating_count=0)
    for _ in range(5):
        make_rating(pair=pair, rater=make_rater(), value=0.5)
    proposal = propose(rescoring, method=Method.CORESET)
    score, choose = fake_model.calls[-2:]
    assert told(score, "--features") == told(choose, "--labelled")
    (line,) = (proposal_folder(proposal) / "labelled-pairs.csv").read_text().splitlines()[1:]
    assert line.endswith(f",{pair.painting.key},{pair.clip.key}")


def test_an_ensemble_is_scored_by_each_of_its_members(campaign, fake_model):
    members = [make_version(number) for number in (1, 2, 3)]
    rescoring = done(campaign, version=members[0])
    with pytest.raises(RescoringError, match="two to five"):
        propose(rescoring, method=Method.ENSEMBLE, members=members[:1])
    propose(rescoring, method=Method.ENSEMBLE, members=members)
    choose = fake_model.calls[-1]
    where = choose.index("--members")
    assert [word.rsplit("/")[-1] for word in choose[where + 1 : where + 3]] == ["member-2.csv", "member-3.csv"]
    assert [told(call, "--checkpoint").rsplit("/")[-1] for call in fake_model.calls[-3:]] == [
        "run-000002",
        "run-000003",
        "run-000001",
    ]


def test_of_a_matrix_some_unrated_cells_are_drawn_and_scored_with_their_certainty(campaign, fake_model, monkeypatch):
    monkeypatch.setattr(sharding, "CELLS_A_SHARD", 4)
    proposal = propose(done(campaign, pool=Pool.MATRIX), count=3, n_candidates=6, method=Method.RANDOM)
    assert proposal.facts["candidates"] == 6
    assert proposal.facts["unrated"] == 11
    begun = Pair.objects.get(rating_count=2)
    assert not proposal.pairs.filter(painting=begun.painting, clip=begun.clip).exists()
    assert proposal.pairs.filter(sd__isnull=False).count() == 3


def test_what_was_rated_or_asked_for_meanwhile_is_no_candidate(campaign, fake_model):
    rescoring = done(campaign)
    first = propose(rescoring, count=4)
    approve(first)
    Pair.objects.filter(origin="random", rating_count=0).update(rating_count=1)
    second = propose(rescoring, count=11)
    asked = set(first.pairs.values_list("painting", "clip"))
    assert not asked & set(second.pairs.values_list("painting", "clip"))
    assert second.facts["candidates"] == 11 - 4 - Pair.objects.filter(rating_count=1).count()


def test_choosing_again_after_a_kill_replaces_the_batch(campaign, fake_model):
    proposal = propose(done(campaign))
    before = list(proposal.pairs.order_by("rank").values_list("painting", "clip"))
    Proposal.objects.update(state=JobState.QUEUED)
    assert tasks.choose(proposal.pk) == JobState.DONE
    assert list(proposal.pairs.order_by("rank").values_list("painting", "clip")) == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"count": 0}, "from 1 to 5,000"),
        ({"control_share": -0.1}, "from 0 to 1"),
        ({"count": 9, "n_candidates": 5}, "at least as many pairs as it has"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_in_words(campaign, fields, words):
    with pytest.raises(RescoringError, match=words):
        proposal_start(**{"rescoring": scored(campaign), "now": NOON} | fields)
    with pytest.raises(RescoringError, match="no scores yet"):
        proposal_start(rescoring=start(campaign), now=NOON)


# --- Approving ---------------------------------------------------------------------------------------------------
def test_approved_pairs_come_before_all_others_and_what_is_dropped_or_left_does_not(campaign):
    proposal = proposed(scored(campaign), count=6)
    dropped, left = proposal.pairs.order_by("rank")[:2]
    pairs_drop(proposal=proposal, pair_ids=[dropped.pk])
    proposal.pairs.filter(pk=left.pk).update(route=Route.LEAVE)
    assert approve(proposal) == 4
    asked = set(Slot.objects.filter(queue=Queue.ASKED).values_list("pair__painting", "pair__clip", "pair__origin"))
    wanted = {
        (one.painting_id, one.clip_id, "control" if one.reason == "control" else "model")
        for one in proposal.pairs.order_by("rank")[2:]
    }
    assert asked == wanted
    assert proposal.pairs.filter(pair=None).count() == 2
    proposal.refresh_from_db()
    proposal.rescoring.refresh_from_db()
    assert (proposal.standing, proposal.n_asked, proposal.rescoring.n_asked) == ("approved", 4, 4)


def test_approving_twice_asks_once(campaign):
    proposal = proposed(scored(campaign))
    first = approve(proposal)
    slots = Slot.objects.count()
    assert approve(proposal) == first
    assert (Slot.objects.count(), Rescoring.objects.get().n_asked) == (slots, first)


def test_a_pair_that_somebody_has_begun_meanwhile_is_not_asked(campaign):
    begun = Pair.objects.get(rating_count=2)
    proposal = proposed(scored(campaign), count=12)
    assert approve(proposal) == 11
    one = proposal.pairs.get(painting=begun.painting, clip=begun.clip)
    assert one.pair is None
    begun.refresh_from_db()
    assert begun.origin == "random"


def test_a_settled_batch_cannot_be_changed(campaign):
    rescoring = scored(campaign)
    approved, discarded = proposed(rescoring, count=3), proposed(rescoring, count=3)
    approve(approved)
    for _ in range(2):
        proposal_discard(proposal=discarded, user=make_admin(), now=NOON)
    with pytest.raises(RescoringError, match="approved"):
        proposal_discard(proposal=approved, user=None, now=NOON)
    with pytest.raises(RescoringError, match="nothing to approve"):
        approve(discarded)
    for settled in (approved, discarded):
        with pytest.raises(RescoringError, match="cannot be changed"):
            pairs_drop(proposal=settled, pair_ids=settled.pairs.values_list("pk", flat=True))


def test_a_batch_without_anything_to_ask_and_one_of_a_closed_campaign_are_refused(campaign):
    proposal = proposed(scored(campaign))
    pairs_drop(proposal=proposal, pair_ids=proposal.pairs.values_list("pk", flat=True))
    with pytest.raises(RescoringError, match="nothing to ask"):
        approve(proposal)
    pairs_drop(proposal=proposal, pair_ids=proposal.pairs.values_list("pk", flat=True), is_dropped=False)
    Campaign.objects.filter(pk=campaign.pk).update(is_open=False)
    with pytest.raises(RescoringError, match="closed"):
        approve(Proposal.objects.get())


def test_a_pair_added_by_hand_is_asked_and_one_that_was_left_comes_back_so(campaign):
    proposal = proposed(scored(campaign), count=3)
    painting, clip = Painting.objects.order_by("pk")[2], Clip.objects.order_by("pk")[0]
    added = pair_add(proposal=proposal, painting=painting, clip=clip, score=0.4, sd=None)
    assert (added.rank, added.reason, added.route) == (3, "hand", Route.RATINGS)
    assert pair_add(proposal=proposal, painting=painting, clip=clip, score=0.4, sd=None) == added
    left = proposal.pairs.order_by("rank")[0]
    proposal.pairs.filter(pk=left.pk).update(route=Route.LEAVE, is_dropped=True)
    back = pair_add(proposal=proposal, painting=left.painting, clip=left.clip, score=0.4, sd=None)
    assert (back.pk, back.reason, back.route, back.is_dropped) == (left.pk, "hand", Route.RATINGS, False)
    assert approve(proposal) == 4


# --- What it costs, and whether it paid --------------------------------------------------------------------------
def test_the_totals_say_what_approving_would_ask(campaign):
    proposal = proposed(scored(campaign), count=8)
    control = proposal.pairs.filter(reason="control").order_by("rank")
    pairs_drop(proposal=proposal, pair_ids=[control[0].pk])
    proposal.pairs.filter(rank=0).update(route=Route.LEAVE)
    totals = totals_of(proposal, now=NOON)
    assert (totals.preference, totals.left, totals.dropped, totals.control, totals.control_dropped) == (2, 1, 1, 1, 1)
    assert (totals.asked, totals.judgments) == (6, 30)
    assert "too few ratings" in totals.time


def test_the_time_follows_the_campaigns_pace(campaign):
    for pair in Pair.objects.all():
        for _ in range(5):
            make_rating(pair=pair, rater=make_rater(), value=0.5)
    assert time_words(campaign, 35, now=NOON) == "about 4 days at 10 ratings a day"
    assert time_words(campaign, 5, now=NOON) == "less than a day at 10 ratings a day"


def test_what_people_say_of_the_asked_pairs_is_compared_by_arm(campaign):
    rescoring = scored(campaign)
    assert paid_of(rescoring) is None
    proposal = proposed(rescoring, count=6)
    assert paid_of(rescoring) is None, "nothing was asked yet"
    approve(proposal)
    before = paid_of(rescoring)
    assert (before.rated, before.chosen.asked, before.control.asked) == (0, 4, 2)
    for one in proposal.pairs.select_related("pair").order_by("rank")[:4]:
        for _ in range(5):
            make_rating(pair=one.pair, rater=make_rater(), value=0.5)
    paid = paid_of(rescoring)
    assert (paid.chosen.rated, paid.control.rated) == (3, 1)
    predicted = [0.30, 0.32, 0.36]
    assert paid.chosen.error.value == pytest.approx(sum(0.5 - score for score in predicted) / 3)
    assert (paid.chosen.within_1, paid.chosen.within_2) == (0, 1)
    assert paid.control.error.value == pytest.approx(0.16)
    assert (paid.expected_ambiguous, paid.found_ambiguous) == (1, 1)
