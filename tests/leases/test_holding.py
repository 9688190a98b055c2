"""Holding, renewing, giving back and skipping a lease; what runs out and what comes late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.leases.errors import AlreadyJudged, LeaseLost, LeaseUnknown, RaterNotActive, TooSoon
from annotation_site.leases.gate import gate_check
from annotation_site.leases.models import LeaseEnd, Queue, SlotState
from annotation_site.leases.services import lease_release, lease_renew
from annotation_site.scoring.models import Campaign
from tests.conftest import NOON
from tests.factories import make_clip, make_rater
from tests.leases.conftest import Kind

LEASE = timedelta(minutes=20)
SOON = NOON + timedelta(minutes=1)
AFTER = NOON + LEASE


def test_a_lease_lasts_as_long_as_the_campaign_says(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    assert (slot.state, slot.rater, slot.leased_at) == (SlotState.LEASED, vera, NOON)
    assert slot.lease_expires_at == NOON + LEASE


def test_asking_again_resumes_the_same_lease(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (first,) = kind.hold(vera, campaign, NOON)
    (again,) = kind.hold(vera, campaign, SOON)
    assert (again.pk, again.token, again.leased_at) == (first.pk, first.token, NOON)


def test_asking_for_more_tops_up_oldest_first(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    for _ in range(4):
        kind.make(campaign)
    (first,) = kind.hold(vera, campaign, NOON)
    held = kind.hold(vera, campaign, SOON, count=3)
    assert held[0].token == first.token
    assert len({slot.subject_id for slot in held}) == 3


def test_a_rater_never_holds_two_places_of_one_subject(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    assert len(kind.hold(vera, campaign, NOON, count=3)) == 1


def test_no_more_than_the_quota_can_hold_a_subject(kind: Kind, campaign: Campaign) -> None:
    kind.make(campaign)
    crew = [make_rater() for _ in range(4)]
    assert [len(kind.hold(rater, campaign, NOON)) for rater in crew] == [1, 1, 1, 0]


def test_an_expired_lease_goes_to_the_next_rater(kind: Kind, campaign: Campaign) -> None:
    kind.make(campaign)
    first, *others = (make_rater() for _ in range(4))
    (lost,) = kind.hold(first, campaign, NOON)
    for rater in others:
        assert kind.hold(rater, campaign, AFTER)
    assert not kind.hold(first, campaign, AFTER)
    ended = kind.ended.objects.get()
    assert (ended.token, ended.rater, ended.end, ended.slot) == (lost.token, first, LeaseEnd.TAKEN, lost)


def test_a_lease_is_not_taken_a_moment_before_it_ends(kind: Kind, campaign: Campaign) -> None:
    kind.make(campaign)
    crew = [make_rater() for _ in range(4)]
    held = [kind.hold(rater, campaign, NOON) for rater in crew]
    assert not held[3]
    assert not kind.hold(crew[3], campaign, AFTER - timedelta(seconds=1))


def test_an_expired_lease_that_nobody_took_is_given_again_under_a_fresh_token(
    kind: Kind, campaign: Campaign, vera: Rater
) -> None:
    kind.make(campaign)
    (old,) = kind.hold(vera, campaign, NOON)
    (new,) = kind.hold(vera, campaign, AFTER)
    assert new.pk == old.pk
    assert new.token != old.token
    assert new.leased_at == AFTER


def test_renewing_keeps_a_lease_and_its_token(kind: Kind, campaign: Campaign, vera: Rater, boris: Rater) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    later = AFTER - timedelta(seconds=1)
    assert lease_renew(model=kind.model, rater=vera, token=slot.token, now=later) == later + LEASE
    (still,) = kind.hold(vera, campaign, AFTER)
    assert still.token == slot.token


def test_renewing_what_another_took_says_so(kind: Kind, campaign: Campaign) -> None:
    kind.make(campaign)
    crew = [make_rater() for _ in range(4)]
    (lost,) = kind.hold(crew[0], campaign, NOON)
    for rater in crew[1:]:
        kind.hold(rater, campaign, AFTER)
    with pytest.raises(LeaseLost):
        lease_renew(model=kind.model, rater=crew[0], token=lost.token, now=AFTER)


def test_nobody_renews_releases_or_skips_the_lease_of_another(
    kind: Kind, campaign: Campaign, vera: Rater, boris: Rater
) -> None:
    subject = kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    with pytest.raises(LeaseUnknown):
        lease_renew(model=kind.model, rater=boris, token=slot.token, now=SOON)
    with pytest.raises(LeaseUnknown):
        kind.skip(rater=boris, token=slot.token, reason="other", now=SOON)
    with pytest.raises(LeaseUnknown):
        kind.judge(boris, slot.token, SOON)
    lease_release(model=kind.model, rater=boris, token=slot.token, now=SOON)
    assert kind.slots(subject).get(token=slot.token).rater == vera


def test_a_released_place_is_free_for_others_and_for_the_same_rater(
    kind: Kind, campaign: Campaign, vera: Rater
) -> None:
    subject = kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    lease_release(model=kind.model, rater=vera, token=slot.token, now=SOON)
    lease_release(model=kind.model, rater=vera, token=slot.token, now=SOON)
    assert kind.slots(subject).filter(state=SlotState.FREE).count() == 3
    (again,) = kind.hold(vera, campaign, SOON)
    assert again.subject_id == subject.pk


def test_releasing_does_not_undo_a_judgment(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    subject = kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    kind.judge(vera, slot.token, SOON)
    lease_release(model=kind.model, rater=vera, token=slot.token, now=SOON)
    assert kind.slots(subject).get(token=slot.token).state == SlotState.FILLED


def test_what_was_skipped_is_never_offered_again_but_stays_open_for_others(
    kind: Kind, campaign: Campaign, vera: Rater, boris: Rater
) -> None:
    subject = kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    assert kind.skip(rater=vera, token=slot.token, reason="media", note="no sound", now=SOON) == subject
    assert kind.skip(rater=vera, token=slot.token, reason="media", now=SOON) == subject
    assert not kind.hold(vera, campaign, AFTER)
    assert kind.hold(boris, campaign, AFTER)
    bar = subject.bars.get()
    assert (bar.rater, bar.reason, bar.note) == (vera, "media", "no sound")


def test_what_is_judged_cannot_be_skipped(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    kind.judge(vera, slot.token, SOON)
    with pytest.raises(AlreadyJudged):
        kind.skip(rater=vera, token=slot.token, reason="other", now=SOON)


def test_late_work_counts_while_nobody_took_the_place(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    assert kind.judge(vera, slot.token, AFTER + LEASE).state == "counted"


def test_late_work_takes_another_place_while_one_is_open(
    kind: Kind, campaign: Campaign, vera: Rater, boris: Rater
) -> None:
    subject = kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    lease_release(model=kind.model, rater=vera, token=slot.token, now=SOON)
    (taken,) = kind.hold(boris, campaign, SOON)
    done = kind.judge(vera, slot.token, SOON)
    assert done.state == "counted"
    assert done.slot_id != taken.pk
    assert kind.slots(subject).filter(state=SlotState.FILLED).count() == 1


def test_late_work_on_a_full_subject_is_kept_as_surplus(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    crew = [make_rater() for _ in range(4)]
    (lost,) = kind.hold(crew[0], campaign, NOON)
    for rater in crew[1:]:
        kind.hold(rater, campaign, AFTER)
    late = kind.judge(crew[0], lost.token, AFTER)
    assert (late.state, late.slot) == ("surplus", None)
    assert kind.slots(subject).filter(state=SlotState.LEASED).count() == 3


def test_late_work_fills_the_lease_that_the_rater_holds_by_now(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (old,) = kind.hold(vera, campaign, NOON)
    (new,) = kind.hold(vera, campaign, AFTER)
    assert kind.judge(vera, old.token, AFTER + LEASE).state == "counted"
    assert kind.judge(vera, new.token, AFTER + LEASE + LEASE).state == "surplus"


def test_late_work_on_what_was_skipped_does_not_count(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    kind.skip(rater=vera, token=slot.token, reason="other", now=SOON)
    assert kind.judge(vera, slot.token, SOON).state == "surplus"


def test_an_unknown_token_is_refused(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    with pytest.raises(LeaseUnknown):
        kind.judge(vera, uuid4(), NOON)
    with pytest.raises(LeaseUnknown):
        lease_renew(model=kind.model, rater=vera, token=uuid4(), now=NOON)


@pytest.mark.parametrize("state", [RaterState.PAUSED, RaterState.EXCLUDED, RaterState.WITHDRAWN])
def test_a_rater_who_is_not_active_neither_gets_nor_gives(
    kind: Kind, campaign: Campaign, vera: Rater, state: RaterState
) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    Rater.objects.update(state=state)
    for act in (
        lambda: kind.hold(vera, campaign, SOON),
        lambda: kind.judge(vera, slot.token, SOON),
        lambda: kind.skip(rater=vera, token=slot.token, reason="other", now=SOON),
    ):
        with pytest.raises(RaterNotActive) as refusal:
            act()
        assert refusal.value.code == f"rater_{state.value}"


def test_a_closed_campaign_gives_nothing_new_but_takes_what_is_held(
    kind: Kind, campaign: Campaign, vera: Rater
) -> None:
    kind.make(campaign)
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    campaign.is_open = False
    campaign.save()
    assert [held.pk for held in kind.hold(vera, campaign, SOON, count=2)] == [slot.pk]
    assert kind.judge(vera, slot.token, SOON).state == "counted"
    assert not kind.hold(vera, campaign, SOON)


def test_an_answer_before_the_music_can_have_been_heard_is_refused(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    with pytest.raises(TooSoon) as refusal:
        kind.judge(vera, slot.token, NOON + timedelta(seconds=5))
    waited = NOON + timedelta(seconds=5 + refusal.value.wait_s)
    assert kind.judge(vera, slot.token, waited).state == "counted"


def test_the_music_of_a_lease_fetched_ahead_counts_from_the_answer_before_it(
    kind: Kind, campaign: Campaign, vera: Rater
) -> None:
    kind.make(campaign)
    kind.make(campaign)
    first, second = kind.hold(vera, campaign, NOON, count=2)
    kind.judge(vera, first.token, SOON)
    with pytest.raises(TooSoon):
        kind.judge(vera, second.token, SOON + timedelta(seconds=10))
    assert kind.judge(vera, second.token, SOON + timedelta(seconds=29)).state == "counted"


def test_only_a_simulated_rater_passes_the_gate(kind: Kind, campaign: Campaign) -> None:
    clip = make_clip()
    told: dict[str, Any] = {"clips": [clip], "share": 0.95, "issued_at": NOON, "last_answer_at": None, "now": NOON}
    gate_check(rater=make_rater(is_simulated=True), waive_gate=True, **told)
    for rater, waive in ((make_rater(), True), (make_rater(is_simulated=True), False)):
        with pytest.raises(TooSoon):
            gate_check(rater=rater, waive_gate=waive, **told)


def test_begun_subjects_go_out_first(kind: Kind, campaign: Campaign, vera: Rater, boris: Rater) -> None:
    for _ in range(6):
        kind.make(campaign)
    (slot,) = kind.hold(vera, campaign, NOON)
    siblings = kind.model._default_manager.filter(**{kind.model.subject_field: slot.subject_id})
    assert set(siblings.values_list("queue", flat=True)) == {Queue.BEGUN}
    (his,) = kind.hold(boris, campaign, NOON)
    assert his.subject_id == slot.subject_id


def test_what_is_asked_for_goes_before_the_begun(kind: Kind, campaign: Campaign, vera: Rater, boris: Rater) -> None:
    for _ in range(6):
        kind.make(campaign)
    kind.hold(vera, campaign, NOON)
    asked = kind.make(campaign)
    kind.slots(asked).update(queue=Queue.ASKED)
    (his,) = kind.hold(boris, campaign, NOON)
    assert his.subject_id == asked.pk
    assert set(kind.slots(asked).values_list("queue", flat=True)) == {Queue.ASKED_BEGUN}


def test_a_live_lease_goes_before_one_that_ran_out(kind: Kind, campaign: Campaign, vera: Rater) -> None:
    for _ in range(2):
        kind.make(campaign)
    first, second = kind.hold(vera, campaign, NOON, count=2)
    lease_renew(model=kind.model, rater=vera, token=second.token, now=SOON)
    assert [slot.token for slot in kind.hold(vera, campaign, AFTER, count=1)] == [second.token]
    assert [slot.pk for slot in kind.hold(vera, campaign, AFTER, count=2)] == [second.pk, first.pk]
