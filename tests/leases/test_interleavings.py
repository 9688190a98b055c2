"""Two transactions that meet: the second waits for the first and then does what is right by then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import RaterNotActive
from annotation_site.leases.models import Queue, SlotState
from annotation_site.preferences.making import tasks_extend
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot
from annotation_site.scoring.holding import pairs_hold
from annotation_site.scoring.models import Campaign, Pair, Rating, Repeat, Slot
from annotation_site.scoring.services import pairs_close, rater_withdraw
from tests.conftest import NOON
from tests.factories import make_campaign, make_painting, make_pair, make_rater, make_rating
from tests.leases.conftest import PAIRS, TASKS, Kind

SOON = NOON + timedelta(minutes=1)
AFTER = NOON + timedelta(minutes=20)

pytestmark = pytest.mark.django_db(transaction=True)


class Other(threading.Thread):
    """Something done over a connection of its own; `result` is what it returned or raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.result: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.result = error
        finally:
            connections.close_all()

    def done(self) -> Any:
        self.join(30)
        assert not self.is_alive()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@contextmanager
def open_transaction(work: Callable[[], Any]) -> Iterator[Other]:
    """`work` is done and its transaction stays open until the block ends."""
    did, may_end = threading.Event(), threading.Event()

    def hold() -> Any:
        with transaction.atomic():
            result = work()
            did.set()
            may_end.wait(30)
            return result

    other = Other(hold)
    assert did.wait(30), other.result
    try:
        yield other
    finally:
        may_end.set()
        other.join(30)


def _meanwhile(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Other, Other]:
    with open_transaction(first) as one:
        two = Other(second)
        two.join(0.4)
        assert two.is_alive(), f"it did not wait: {two.result}"
    two.join(30)
    return one, two


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(raters_per_pair=3)


def test_late_work_waits_for_the_claim_that_takes_its_place(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    vera, boris, *others = (make_rater() for _ in range(4))
    (lost,) = kind.hold(vera, campaign, NOON)
    for rater in others:
        kind.hold(rater, campaign, SOON)
    claim, late = _meanwhile(lambda: kind.hold(boris, campaign, AFTER), lambda: kind.judge(vera, lost.token, AFTER))
    assert [slot.pk for slot in claim.done()] == [lost.pk]
    assert late.done().state == "surplus"
    assert kind.slots(subject).get(pk=lost.pk).rater == boris


def test_a_claim_takes_no_place_whose_late_answer_is_being_stored(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    vera, boris, *others = (make_rater() for _ in range(4))
    (slot,) = kind.hold(vera, campaign, NOON)
    for rater in others:
        kind.hold(rater, campaign, SOON)
    with open_transaction(lambda: kind.judge(vera, slot.token, AFTER)) as late:
        claim = Other(lambda: kind.hold(boris, campaign, AFTER))
        claim.join(0.4)  # PostgreSQL skips the locked row at once, SQLite waits for its turn
    assert late.done().state == "counted"
    assert claim.done() == []
    assert kind.slots(subject).get(pk=slot.pk).rater == vera


def test_two_tabs_that_ask_at_once_get_the_same_lease(kind: Kind, campaign: Campaign) -> None:
    kind.make(campaign)
    kind.make(campaign)
    vera = make_rater()
    one, two = _meanwhile(lambda: kind.hold(vera, campaign, NOON), lambda: kind.hold(vera, campaign, NOON))
    assert [slot.token for slot in one.done()] == [slot.token for slot in two.done()]


@pytest.fixture
def vera_is_due() -> tuple[Rater, Campaign]:
    """A rater with 12 ratings, to whom a hidden repeat is due; other pairs wait too."""
    campaign = make_campaign(raters_per_pair=2, trim=0, repeat_percent=50, repeat_distance=10)
    vera, painting = make_rater(), make_painting()
    with transaction.atomic():
        for number in range(14):
            pair = make_pair(campaign=campaign, painting=painting)
            if number < 12:
                make_rating(pair=pair, rater=vera, value=0.5, now=NOON - timedelta(hours=20 - number))
    return vera, campaign


def test_two_tabs_to_which_a_repeat_is_due_get_one(vera_is_due: tuple[Rater, Campaign]) -> None:
    vera, campaign = vera_is_due

    def ask() -> list[Any]:
        return pairs_hold(rater=vera, campaign=campaign, count=2, now=NOON).leases

    one, two = _meanwhile(ask, ask)
    tokens = [lease.token for lease in one.done()]
    assert [lease.token for lease in two.done()] == tokens
    assert len(set(tokens)) == 2
    assert [type(lease) for lease in one.done()] == [Slot, Repeat]
    assert Repeat.objects.count() == 1


def test_two_answers_to_a_repeat_at_once_are_one_and_surplus(vera_is_due: tuple[Rater, Campaign]) -> None:
    vera, campaign = vera_is_due
    (repeat,) = pairs_hold(rater=vera, campaign=campaign, count=1, now=NOON).leases
    one, two = (partial(PAIRS.judge, vera, repeat.token, at, uuid4()) for at in (SOON, SOON + timedelta(minutes=1)))
    first, second = _meanwhile(one, two)
    assert (first.done().state, second.done().state) == ("repeat", "surplus")


def test_a_repeat_s_answer_that_meets_a_withdrawal_is_refused(vera_is_due: tuple[Rater, Campaign]) -> None:
    vera, campaign = vera_is_due
    (repeat,) = pairs_hold(rater=vera, campaign=campaign, count=1, now=NOON).leases
    _, answer = _meanwhile(lambda: rater_withdraw(rater=vera, now=SOON), lambda: PAIRS.judge(vera, repeat.token, SOON))
    with pytest.raises(RaterNotActive):
        answer.done()
    assert set(Repeat.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert not Rating.objects.filter(state="repeat").exists()


def test_an_answer_that_meets_its_rater_s_withdrawal_is_refused(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    vera = make_rater()
    (slot,) = kind.hold(vera, campaign, NOON)
    _, answer = _meanwhile(lambda: rater_withdraw(rater=vera, now=SOON), lambda: kind.judge(vera, slot.token, SOON))
    with pytest.raises(RaterNotActive):
        answer.done()
    assert set(kind.slots(subject).values_list("state", flat=True)) == {SlotState.FREE}


def test_a_withdrawal_that_meets_an_answer_takes_it_out(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    vera = make_rater()
    (slot,) = kind.hold(vera, campaign, NOON)
    answer, _ = _meanwhile(lambda: kind.judge(vera, slot.token, SOON), lambda: rater_withdraw(rater=vera, now=SOON))
    stored = answer.done()
    stored.refresh_from_db()
    assert stored.state == "withdrawn"
    assert set(kind.slots(subject).values_list("state", flat=True)) == {SlotState.FREE}


def test_two_last_answers_at_once_complete_the_subject(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    crew = [make_rater() for _ in range(3)]
    tokens = [kind.hold(rater, campaign, NOON)[0].token for rater in crew]
    kind.judge(crew[0], tokens[0], SOON)
    _meanwhile(lambda: kind.judge(crew[1], tokens[1], SOON), lambda: kind.judge(crew[2], tokens[2], SOON))
    subject.refresh_from_db()
    complete = subject.completed_at if hasattr(subject, "completed_at") else subject.decided_at
    assert complete == SOON


def test_raters_who_begin_one_subject_at_once_do_not_block_each_other(kind: Kind, campaign: Campaign) -> None:
    subject = kind.make(campaign)
    vera, boris = make_rater(), make_rater()
    with open_transaction(lambda: kind.hold(vera, campaign, NOON)) as one:
        two = Other(lambda: kind.hold(boris, campaign, NOON))
        two.join(0.4)
    assert one.done()[0].subject_id == two.done()[0].subject_id == subject.pk
    assert one.done()[0].pk != two.done()[0].pk


# --- Closing, while raters are at work -----------------------------------------------------------------------------
@pytest.mark.parametrize("closing_is_first", [False, True])
def test_a_correction_and_the_closing_of_its_subject_wait_for_each_other_in_one_order(
    kind: Kind, campaign: Campaign, closing_is_first: bool
) -> None:
    """A correction makes sure of its slot only as it commits, when the closing may hold all slots and want the pair."""
    subject = kind.make(campaign)
    vera = make_rater()
    (slot,) = kind.hold(vera, campaign, NOON)
    given = kind.judge(vera, slot.token, SOON)
    pair = subject.pk if isinstance(subject, Pair) else subject.pair_a_id
    acts = [
        lambda: kind.correct(vera, given.key, AFTER),
        lambda: pairs_close(pair_ids=[pair], because="tried", now=AFTER),
    ]
    one, two = _meanwhile(*(reversed(acts) if closing_is_first else acts))
    correction, closing = (two, one) if closing_is_first else (one, two)
    assert closing.done() == 1
    assert correction.done().state == "counted"
    assert set(kind.slots(subject).values_list("queue", flat=True)) == {Queue.CLOSED}


# --- More votes for a tie, while raters are at work ----------------------------------------------------------------
@pytest.fixture
def tie() -> PreferenceTask:
    """Two votes for each of two candidates; a fifth vote may be asked for, and a sixth."""
    campaign = make_campaign(raters_per_pair=3, votes_per_task=4, most_votes_per_task=6)
    task = TASKS.make(campaign)
    assert isinstance(task, PreferenceTask)
    for choice in "abab":
        rater = make_rater()
        (slot,) = TASKS.hold(rater, campaign, NOON)
        TASKS.judge(rater, slot.token, SOON, choice=choice)
    return task


def _extend(task: PreferenceTask) -> Callable[[], int]:
    return lambda: tasks_extend(campaign=task.campaign, now=AFTER)


def _correct(task: PreferenceTask) -> Callable[[], Any]:
    """One of those who chose a thinks better of it."""
    vote = task.votes.filter(choice="a").order_by("pk")[0]
    return lambda: TASKS.correct(vote.rater, vote.key, AFTER)


def test_two_who_ask_for_more_votes_at_once_get_one_place(tie: PreferenceTask) -> None:
    one, two = _meanwhile(_extend(tie), _extend(tie))
    assert (one.done(), two.done()) == (1, 0)
    tie.refresh_from_db()
    assert (tie.places, tie.slots.count(), tie.state) == (5, 5, "open")


def test_a_tie_that_a_correction_is_breaking_gets_no_more_votes(tie: PreferenceTask) -> None:
    _, extension = _meanwhile(_correct(tie), _extend(tie))
    assert extension.done() == 0
    tie.refresh_from_db()
    assert (tie.state, tie.winner, tie.places, tie.slots.count()) == ("kept", "b", 4, 4)


def test_a_correction_that_meets_new_places_waits_for_their_votes(tie: PreferenceTask) -> None:
    """It is stored after the places are there, so it may not decide over the heads of those who are asked."""
    extension, correction = _meanwhile(_extend(tie), _correct(tie))
    assert extension.done() == 1
    assert correction.done().state == "counted"
    tie.refresh_from_db()
    assert (tie.state, tie.winner, tie.votes_a, tie.votes_b, tie.places) == ("open", "", 1, 3, 5)


def test_a_claim_never_sees_half_of_an_extension(tie: PreferenceTask) -> None:
    rater = make_rater()
    with open_transaction(_extend(tie)) as extension:
        claim = Other(lambda: TASKS.hold(rater, tie.campaign, AFTER))
        claim.join(0.4)  # PostgreSQL sees no open place yet, SQLite waits for its turn
    assert extension.done() == 1
    early = claim.done()
    (slot,) = early or TASKS.hold(rater, tie.campaign, AFTER)
    assert (slot.index, slot.quota) == (4, 5)
    assert TASKS.judge(rater, slot.token, AFTER + timedelta(minutes=1), choice="a").state == "counted"
    tie.refresh_from_db()
    assert (tie.state, tie.winner) == ("kept", "a")


def test_late_work_fills_a_new_place_or_is_surplus_and_never_one_too_many(tie: PreferenceTask) -> None:
    """Somebody's lease had run out when the tie came about; their answer meets the extension."""
    late, token = make_rater(), uuid4()
    slot = tie.slots.order_by("index")[0]
    slot.ended_leases.create(rater=late, token=token, end="taken", issued_at=NOON, ended_at=SOON)
    with open_transaction(_extend(tie)) as extension:
        answer = Other(lambda: TASKS.judge(late, token, AFTER, choice="b"))
        answer.join(0.4)  # PostgreSQL sees no open place yet, SQLite waits for its turn
    assert extension.done() == 1
    answer.join(30)
    tie.refresh_from_db()
    counted = Vote.objects.filter(task=tie, state="counted").count()
    assert answer.done().state in ("counted", "surplus")
    assert counted == tie.votes_a + tie.votes_b == VoteSlot.objects.filter(task=tie, state=SlotState.FILLED).count()
    assert counted <= tie.places == 5
