"""Voting: exactly once, exactly N, the side that was shown, and the majority that follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import CannotCorrect, KeyReused, TooSoon
from annotation_site.preferences import services
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot, VoteState
from annotation_site.preferences.services import VoteSubmission, vote_correct, vote_submit
from annotation_site.protocols.services import draft_make, version_publish
from annotation_site.scoring.models import Campaign
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_rater, make_task
from tests.preferences.conftest import HEARD, lease, scored, vote

State = PreferenceTask.State


def test_a_vote_is_stored_with_the_side_that_was_shown(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    slot = lease(vera, campaign)
    done = vote(vera, campaign, "b", active_ms=9000, evidence={"switches": 3})
    stored = Vote.objects.get()
    assert done.is_new
    assert (stored.task, stored.rater, stored.slot, stored.choice) == (task, vera, slot, "b")
    assert (stored.active_ms, stored.evidence, stored.left) == (9000, {"switches": 3}, slot.left)
    assert slot.token
    assert VoteSlot.dealt(slot.token) == {"left": stored.left, "first": stored.first}
    assert (slot.left, slot.first) == (stored.left, stored.first)
    assert stored.protocol == "1"


def test_side_and_order_are_drawn_apart_for_each_rater(campaign: Campaign, task: PreferenceTask) -> None:
    """Each half of the time, and neither tells the other: chances of a false alarm below 1 in 10 million."""
    dealt = [VoteSlot.dealt(uuid4()) for _ in range(2000)]
    for left in "ab":
        for first in "ab":
            assert 390 < dealt.count({"left": left, "first": first}) < 610
    tokens = [lease(make_rater(), campaign).token for _ in range(3)]
    assert len(set(tokens)) == 3


def test_a_vote_tells_which_instructions_its_rater_was_shown(
    campaign: Campaign, task: PreferenceTask, vera: Rater
) -> None:
    second, third = (version_publish(version=draft_make(now=NOON), by=None, now=NOON) for _ in range(2))
    Rater.objects.filter(pk=vera.pk).update(protocol=second)
    done = vote(vera, campaign, "a").vote
    assert done.protocol == "2"
    Rater.objects.filter(pk=vera.pk).update(protocol=third)
    corrected = vote_correct(rater=vera, vote_key=done.key, key=uuid4(), choice="b", now=HEARD).vote
    assert corrected.protocol == "2", "a correction is of the same hearing"


def test_a_correction_keeps_all_that_was_told_but_the_choice(
    campaign: Campaign, task: PreferenceTask, vera: Rater
) -> None:
    old = vote(vera, campaign, "a", active_ms=9000, evidence={"switches": 3}).vote
    new = vote_correct(rater=vera, vote_key=old.key, key=uuid4(), choice="b", now=HEARD + timedelta(hours=1)).vote
    changed = {"id", "choice", "key", "supersedes_id", "created_at"}
    before, after = (Vote.objects.filter(pk=pk).values().get() for pk in (old.pk, new.pk))
    assert {name for name in after if after[name] != before[name]} == changed | {"state"}
    assert (new.supersedes_id, new.choice, new.state) == (old.pk, "b", VoteState.COUNTED)


@pytest.mark.parametrize(
    ("choices", "unanimous", "agreement"),
    [("", False, None), ("a", False, None), ("aaa", True, 1.0), ("aab", False, 2 / 3), ("bab", False, 2 / 3)],
)
def test_unanimity_and_agreement_are_columns_of_the_outcome(
    campaign: Campaign, task: PreferenceTask, choices: str, unanimous: bool, agreement: float | None
) -> None:
    for choice in choices:
        vote(make_rater(), campaign, choice)
    task.refresh_from_db()
    assert task.unanimous is unanimous
    assert task.agreement == (None if agreement is None else pytest.approx(agreement))
    assert PreferenceTask.objects.filter(unanimous=True).count() == unanimous
    assert PreferenceTask.objects.filter(agreement__gte=0.9).count() == (agreement == 1.0)


def test_a_tie_has_no_agreement(db: None) -> None:
    campaign, clip = make_campaign(votes_per_task=4), make_clip()
    task = make_task(pair_a=scored(campaign, clip=clip), pair_b=scored(campaign, clip=clip))
    for choice in "abab":
        vote(make_rater(), campaign, choice)
    task.refresh_from_db()
    assert (task.unanimous, task.agreement) == (False, None)


def test_a_strict_majority_keeps_the_task(campaign: Campaign, task: PreferenceTask) -> None:
    for choice in "ab":
        vote(make_rater(), campaign, choice)
    task.refresh_from_db()
    assert (task.state, task.winner, task.votes_a, task.votes_b) == (State.OPEN, "", 1, 1)
    vote(make_rater(), campaign, "b")
    task.refresh_from_db()
    assert (task.state, task.winner, task.votes_a, task.votes_b) == (State.KEPT, "b", 1, 2)
    assert task.decided_at == HEARD


def test_a_tie_stays_visible_as_undecided(db: None) -> None:
    campaign, clip = make_campaign(votes_per_task=4), make_clip()
    task = make_task(pair_a=scored(campaign, clip=clip), pair_b=scored(campaign, clip=clip))
    for choice in "abab":
        vote(make_rater(), campaign, choice)
    task.refresh_from_db()
    assert (task.state, task.winner, task.votes_a, task.votes_b) == (State.UNDECIDED, "", 2, 2)


def test_the_same_key_is_the_same_vote(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    slot, key = lease(vera, campaign), uuid4()
    assert slot.token
    answers = [
        vote_submit(rater=vera, token=slot.token, key=key, choice=choice, now=HEARD) for choice in ("a", "a", "b")
    ]
    assert [answer.is_new for answer in answers] == [True, False, False]
    assert {answer.vote.pk for answer in answers} == {Vote.objects.get().pk}
    assert Vote.objects.get().choice == "a"


def test_a_key_cannot_serve_for_another_task(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    key = uuid4()
    vote(vera, campaign, "a", key=key)
    painting = make_painting()
    make_task(pair_a=scored(campaign, painting=painting), pair_b=scored(campaign, painting=painting))
    with pytest.raises(KeyReused):
        vote(vera, campaign, "a", key=key, now=HEARD)


def test_a_key_stored_between_the_look_and_the_write_gives_the_first_answer(
    campaign: Campaign, task: PreferenceTask, vera: Rater, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = uuid4()
    slot = lease(vera, campaign)
    first = vote(vera, campaign, "a", key=key).vote
    looks = iter([None, VoteSubmission(first, is_new=False)])
    monkeypatch.setattr(services, "_answered", lambda *told: next(looks))
    assert slot.token
    again = vote_submit(rater=vera, token=slot.token, key=key, choice="b", now=HEARD + timedelta(minutes=1))
    assert (again.vote, again.is_new) == (first, False)
    assert Vote.objects.count() == 1


def test_a_vote_for_neither_candidate_is_refused(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    with pytest.raises(ValueError, match="c"):
        vote(vera, campaign, "c")
    assert not Vote.objects.exists()


def test_two_clips_take_twice_as_long_to_hear_as_one(campaign: Campaign, vera: Rater, boris: Rater) -> None:
    painting = make_painting()
    make_task(pair_a=scored(campaign, painting=painting), pair_b=scored(campaign, painting=painting))
    slot = lease(vera, campaign)
    assert slot.token
    told: dict[str, Any] = {"rater": vera, "token": slot.token, "key": uuid4(), "choice": "a"}
    with pytest.raises(TooSoon):
        vote_submit(**told, now=NOON + timedelta(seconds=20))
    assert vote_submit(**told, now=NOON + timedelta(seconds=30)).is_new


def test_one_clip_is_heard_after_its_length(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    slot = lease(vera, campaign)
    assert slot.token
    told: dict[str, Any] = {"rater": vera, "token": slot.token, "key": uuid4(), "choice": "a"}
    with pytest.raises(TooSoon):
        vote_submit(**told, now=NOON + timedelta(seconds=14))
    assert vote_submit(**told, now=NOON + timedelta(seconds=15)).is_new


def test_a_correction_changes_the_tally_and_the_outcome(campaign: Campaign, task: PreferenceTask, vera: Rater) -> None:
    for choice in "ab":
        vote(make_rater(), campaign, choice)
    old = vote(vera, campaign, "a").vote
    key = uuid4()
    new = vote_correct(rater=vera, vote_key=old.key, key=key, choice="b", now=HEARD)
    again = vote_correct(rater=vera, vote_key=old.key, key=key, choice="b", now=HEARD)
    task.refresh_from_db()
    old.refresh_from_db()
    assert (task.state, task.winner, task.votes_a, task.votes_b) == (State.KEPT, "b", 1, 2)
    assert (old.state, new.vote.supersedes, new.vote.left) == (VoteState.SUPERSEDED, old, old.left)
    assert (again.vote, again.is_new) == (new.vote, False)


def test_only_one_s_own_latest_votes_can_be_corrected(
    campaign: Campaign, task: PreferenceTask, vera: Rater, boris: Rater
) -> None:
    his = vote(boris, campaign, "a").vote
    with pytest.raises(CannotCorrect):
        vote_correct(rater=vera, vote_key=his.key, key=uuid4(), choice="b", now=HEARD)


def test_the_database_itself_refuses_a_vote_too_many(
    campaign: Campaign, task: PreferenceTask, vera: Rater, boris: Rater
) -> None:
    first = vote(vera, campaign, "a").vote
    with pytest.raises(IntegrityError):
        Vote.objects.create(task=task, slot=first.slot, rater=boris, choice="a", left="a", key=uuid4(), created_at=NOON)
