"""One subject's slots against a model: whatever raters do in whatever order, the quota holds and no answer is lost.

A preference task's quota may grow meanwhile: whoever is in charge gives it more votes while it is tied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.leases.errors import AlreadyJudged, LeaseLost, LeaseUnknown, RaterNotActive
from annotation_site.leases.models import SlotState
from annotation_site.leases.services import lease_release, lease_renew
from annotation_site.preferences.making import tasks_extend
from annotation_site.preferences.models import PreferenceTask, Vote
from annotation_site.scoring.models import Pair, Rating
from annotation_site.scoring.services import rater_withdraw
from tests.conftest import NOON
from tests.factories import make_campaign, make_rater
from tests.leases.conftest import PAIRS, TASKS, Kind

CREW = 7
LEASE = timedelta(minutes=20)
State = PreferenceTask.State
crew = st.integers(0, CREW - 1)
choices = st.sampled_from("ab")


@dataclass
class Person:
    """What the model knows of one rater."""

    rater: Rater
    token: UUID | None = None
    expires_at: datetime = NOON
    is_barred: bool = False
    is_out: bool = False
    has_judged: bool = False
    choice: str = ""


@dataclass
class Sent:
    """An answer that was acknowledged."""

    person: int
    token: UUID
    key: UUID
    pk: int
    state: str


class Slots(RuleBasedStateMachine):
    """Claim, renew, release, expire, skip, submit, submit again, submit late, withdraw."""

    kind: ClassVar[Kind]
    quota = 3
    tokens: Bundle[tuple[int, UUID]] = Bundle("tokens")
    answers: Bundle[Sent] = Bundle("answers")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.people: list[Person] = []
        self.sent: list[Sent] = []
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.campaign = make_campaign(raters_per_pair=3, votes_per_task=max(3, self.quota), most_votes_per_task=6)
        self.subject = self.kind.make(self.campaign)
        self.people = [Person(make_rater()) for _ in range(CREW)]

    # --- What the model says --------------------------------------------------------------------------------------
    def holder_is_live(self, person: Person) -> bool:
        return person.token is not None and person.expires_at > self.now

    def taken(self) -> int:
        """Places that nobody else can have: filled, or under a lease that has not run out."""
        return sum(person.has_judged or self.holder_is_live(person) for person in self.people)

    def may_get(self, person: Person) -> bool:
        return not person.has_judged and not person.is_barred and self.taken() < self.quota

    # --- What happens ---------------------------------------------------------------------------------------------
    @rule(seconds=st.sampled_from([20, 60, 600, 1200]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=tokens, who=crew)
    def claim(self, who: int) -> Any:
        person = self.people[who]
        if person.is_out:
            with pytest.raises(RaterNotActive):
                self.kind.hold(person.rater, self.campaign, self.now)
            return multiple()
        held = self.kind.hold(person.rater, self.campaign, self.now)
        if self.holder_is_live(person):
            assert [slot.token for slot in held] == [person.token]
            return multiple()
        if not held:
            assert not self.may_get(person)
            person.token = None
            return multiple()
        assert self.may_get(person)
        return self._given(who, held[0])

    def _given(self, who: int, slot: Any) -> tuple[int, UUID]:
        """The slot may have been another's, whose lease had run out: the database says whose it no longer is."""
        person = self.people[who]
        assert slot.token != person.token
        person.token, person.expires_at = slot.token, self.now + LEASE
        live = set(self.kind.slots(self.subject).values_list("token", flat=True))
        for other in self.people:
            if other.token is not None and other.token not in live:
                assert not self.holder_is_live(other)
                other.token = None
        return who, slot.token

    @rule(lease=tokens)
    def renew(self, lease: tuple[int, UUID]) -> None:
        who, token = lease
        person = self.people[who]
        if person.token == token:
            assert lease_renew(model=self.kind.model, rater=person.rater, token=token, now=self.now) == self.now + LEASE
            person.expires_at = self.now + LEASE
            return
        with pytest.raises((LeaseLost, LeaseUnknown)):
            lease_renew(model=self.kind.model, rater=person.rater, token=token, now=self.now)

    @rule(lease=tokens)
    def release(self, lease: tuple[int, UUID]) -> None:
        who, token = lease
        lease_release(model=self.kind.model, rater=self.people[who].rater, token=token, now=self.now)
        if self.people[who].token == token:
            self.people[who].token = None

    @rule(lease=tokens)
    def skip(self, lease: tuple[int, UUID]) -> None:
        who, token = lease
        person = self.people[who]
        if person.is_out:
            with pytest.raises(RaterNotActive):
                self.kind.skip(rater=person.rater, token=token, reason="other", now=self.now)
            return
        try:
            self.kind.skip(rater=person.rater, token=token, reason="other", now=self.now)
        except AlreadyJudged:
            assert person.has_judged
            return
        person.is_barred = True
        if person.token == token:
            person.token = None

    @rule(target=answers, lease=tokens, choice=choices)
    def submit(self, lease: tuple[int, UUID], choice: str) -> Any:
        who, token = lease
        person, key = self.people[who], uuid4()
        self.now += LEASE / 20  # a minute: the music has been heard
        if person.is_out:
            with pytest.raises(RaterNotActive):
                self.kind.judge(person.rater, token, self.now, key, choice)
            return multiple()
        holds_it = person.token is not None
        others = sum(other.has_judged or self.holder_is_live(other) for other in self.people if other is not person)
        counts = not person.has_judged and (holds_it or (not person.is_barred and others < self.quota))
        done = self.kind.judge(person.rater, token, self.now, key, choice)
        assert done.state == ("counted" if counts else "surplus")
        if counts:
            person.has_judged, person.token, person.choice = True, None, choice
            self._forget_whom_it_took_from()
        answer = Sent(who, token, key, done.pk, done.state)
        self.sent.append(answer)
        return answer

    def _forget_whom_it_took_from(self) -> None:
        live = set(self.kind.slots(self.subject).values_list("token", flat=True))
        for other in self.people:
            if other.token is not None and other.token not in live:
                assert not self.holder_is_live(other)
                other.token = None

    @rule(answer=answers)
    def submit_again(self, answer: Sent) -> None:
        person = self.people[answer.person]
        if person.is_out:
            return
        again = self.kind.judge(person.rater, answer.token, self.now, answer.key)
        assert (again.pk, again.state) == (answer.pk, answer.state)

    @precondition(lambda self: any(not person.is_out for person in self.people))
    @rule(who=crew)
    def withdraw(self, who: int) -> None:
        person = self.people[who]
        if person.is_out or sum(each.is_out for each in self.people) == 2:
            return
        rater_withdraw(rater=person.rater, now=self.now, state=RaterState.EXCLUDED)
        person.is_out, person.has_judged, person.token = True, False, None
        for answer in self.sent:
            if answer.person == who:
                answer.state = "withdrawn"

    # --- What always holds ----------------------------------------------------------------------------------------
    @invariant()
    def the_rows_are_as_the_model_says(self) -> None:
        if not self.people:
            return
        slots = list(self.kind.slots(self.subject))
        assert [(slot.index, slot.quota) for slot in slots] == [(index, self.quota) for index in range(self.quota)]
        filled = [slot.rater_id for slot in slots if slot.state == SlotState.FILLED]
        assert sorted(filled) == sorted(person.rater.pk for person in self.people if person.has_judged)
        leased = {slot.token: slot.rater_id for slot in slots if slot.state == SlotState.LEASED}
        assert leased == {person.token: person.rater.pk for person in self.people if person.token is not None}

    @invariant()
    def every_acknowledged_answer_is_there_once(self) -> None:
        if not self.people:
            return
        model: Any = Rating if self.kind is PAIRS else Vote
        rows = model.objects.filter(**{self.kind.model.subject_field: self.subject})
        assert dict(rows.values_list("pk", "state")) == {answer.pk: answer.state for answer in self.sent}

    @invariant()
    def the_aggregate_follows(self) -> None:
        if not self.people:
            return
        judged = sum(person.has_judged for person in self.people)
        self.subject.refresh_from_db()
        if isinstance(self.subject, Pair):
            assert self.subject.rating_count == judged
            assert (self.subject.score is not None) == (judged == self.quota) == (self.subject.completed_at is not None)
            return
        votes_a, votes_b = self.votes()
        assert (self.subject.votes_a, self.subject.votes_b, self.subject.places) == (votes_a, votes_b, self.quota)
        winner = "a" if votes_a > votes_b else "b" if votes_b > votes_a else ""
        if judged < self.quota:
            assert (self.subject.state, self.subject.decided_at) == (State.OPEN, None)
        else:
            assert (self.subject.state, self.subject.winner) == (State.KEPT if winner else State.UNDECIDED, winner)

    def votes(self) -> tuple[int, int]:
        standing = [person.choice for person in self.people if person.has_judged]
        return standing.count("a"), standing.count("b")


class PairSlots(Slots):
    kind = PAIRS


class TaskSlots(Slots):
    kind = TASKS
    quota = 4

    @rule()
    def extend(self) -> None:
        votes_a, votes_b = self.votes()
        is_tied = votes_a + votes_b == self.quota and votes_a == votes_b
        more = int(is_tied and self.quota < self.campaign.most_votes_per_task)
        assert tasks_extend(campaign=self.campaign, now=self.now) == more
        self.quota += more


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("machine", [PairSlots, TaskSlots])
def test_no_order_of_events_breaks_the_quota_or_loses_an_answer(machine: type[Slots]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
