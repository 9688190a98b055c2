"""Practice rounds: a mark, its reference, and who may go on."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import PracticeAnswer, PracticeRound, ProtocolVersion, Step
from annotation_site.protocols.practice import (
    distance_words,
    practice_answer,
    practice_begin,
    practice_result,
)
from annotation_site.protocols.selectors import standing_of
from annotation_site.protocols.services import ProtocolError, practice_forgive, practice_waive, step_take
from annotation_site.scoring.models import Rating
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def nina(newcomer: Rater) -> Rater:
    return newcomer


def at_practice(rater: Rater) -> Rater:
    for step in (Step.CONSENT, Step.BACKGROUND, Step.BRIEFING, Step.EXAMPLES):
        step_take(rater=rater, step=step, now=NOON)
    rater.refresh_from_db()
    return rater


def play(rater: Rater, *, off: float) -> PracticeRound:
    """A whole round with every mark so far from its reference."""
    practice, left = practice_begin(rater=rater, now=NOON)
    for pair in left:
        value = pair.reference + off if pair.reference < 0.5 else pair.reference - off
        practice_answer(rater=rater, example=pair.pk, value=value, played_ms=15_000, now=NOON)
    practice.refresh_from_db()
    return practice


def test_each_mark_is_told_its_reference_and_the_last_one_ends_the_round(
    nina: Rater, practised: ProtocolVersion
) -> None:
    at_practice(nina)
    _, left = practice_begin(rater=nina, now=NOON)
    told = [practice_answer(rater=nina, example=pair.pk, value=0.5, played_ms=1, now=NOON) for pair in left]
    assert [answer.reference for answer in told] == [pair.reference for pair in left]
    assert [answer.is_last for answer in told] == [False, False, True]
    assert told[0].explanation == f"Because it is {left[0].reference}."
    nina.refresh_from_db()
    assert nina.admitted_at == NOON
    assert not Rating.objects.exists(), "practice is no data"


def test_the_result_is_the_mean_distance(nina: Rater, practised: ProtocolVersion) -> None:
    at_practice(nina)
    practice = play(nina, off=0.25)
    assert practice.distance == pytest.approx(0.25)
    result = practice_result(rater=nina, version=practised)
    assert result is not None
    assert (result.practice, len(result.answers), result.attempts_left) == (practice, 3, None)


def test_the_order_is_the_raters_own_and_a_reload_goes_on_where_they_were(
    nina: Rater, practised: ProtocolVersion
) -> None:
    at_practice(nina)
    _, left = practice_begin(rater=nina, now=NOON)
    practice_answer(rater=nina, example=left[0].pk, value=0.5, played_ms=1, now=NOON)
    _, again = practice_begin(rater=nina, now=NOON)
    assert again == left[1:]
    orders = set()
    for _ in range(12):
        other = at_practice(factories.make_rater(consented_at=None, briefed_at=None, admitted_at=None))
        orders.add(tuple(pair.pk for pair in practice_begin(rater=other, now=NOON)[1]))
    assert len(orders) > 1


def test_the_first_mark_stands_whatever_is_sent_again(nina: Rater, practised: ProtocolVersion) -> None:
    at_practice(nina)
    _, left = practice_begin(rater=nina, now=NOON)
    for pair in left:
        practice_answer(rater=nina, example=pair.pk, value=0.4, played_ms=1, now=NOON)
        again = practice_answer(rater=nina, example=pair.pk, value=0.9, played_ms=1, now=NOON)
        assert again.value == 0.4
        assert again.is_last == (pair == left[-1])
    assert PracticeAnswer.objects.count() == 3


def test_a_pair_that_is_not_in_the_round_is_refused_in_words(
    nina: Rater, boris: Rater, practised: ProtocolVersion
) -> None:
    pair = practised.examples.filter(kind="practice").first()
    worked = practised.examples.filter(kind="worked").first()
    assert pair is not None
    assert worked is not None
    with pytest.raises(ProtocolError, match="not one of your practice"):
        practice_answer(rater=boris, example=pair.pk, value=0.5, played_ms=1, now=NOON)
    at_practice(nina)
    practice_begin(rater=nina, now=NOON)
    with pytest.raises(ProtocolError, match="not one of your practice"):
        practice_answer(rater=nina, example=worked.pk, value=0.5, played_ms=1, now=NOON)


def test_close_enough_qualifies(nina: Rater, selective: ProtocolVersion) -> None:
    at_practice(nina)
    assert play(nina, off=0.09).has_passed
    nina.refresh_from_db()
    assert nina.admitted_at == NOON


def test_too_far_tries_again_until_the_attempts_are_used_up(nina: Rater, selective: ProtocolVersion) -> None:
    at_practice(nina)
    assert play(nina, off=0.2).has_passed is False
    assert standing_of(rater=nina).is_refused is False
    assert play(nina, off=0.2).number == 2
    assert standing_of(rater=nina).is_refused
    with pytest.raises(ProtocolError):
        practice_begin(rater=nina, now=NOON)
    nina.refresh_from_db()
    assert nina.admitted_at is None


def test_an_admin_can_allow_another_try(nina: Rater, selective: ProtocolVersion) -> None:
    at_practice(nina)
    play(nina, off=0.2)
    play(nina, off=0.2)
    assert practice_forgive(rater=nina) == 2
    assert play(nina, off=0.01).number == 3
    nina.refresh_from_db()
    assert nina.admitted_at == NOON


def test_an_admin_can_let_somebody_go_on_and_that_is_on_record(nina: Rater, selective: ProtocolVersion) -> None:
    admin = factories.make_admin()
    assert practice_waive(rater=nina, by=admin, now=NOON) is False, "consent is nobody else's to give"
    at_practice(nina)
    play(nina, off=0.2)
    assert practice_waive(rater=nina, by=admin, now=NOON)
    nina.refresh_from_db()
    assert nina.admitted_at == NOON
    assert nina.steps.get(step=Step.PRACTICE).waived_by == admin


@pytest.mark.parametrize(
    ("value", "reference", "words"),
    [
        (0.5, 0.55, "Very close to the reference."),
        (0.5, 0.65, "The reference fits a little better."),
        (0.5, 0.9, "The reference fits clearly better."),
        (0.5, 0.35, "The reference fits a little worse."),
        (0.5, 0.1, "The reference fits clearly worse."),
    ],
)
def test_the_distance_is_told_in_words_without_numbers(value: float, reference: float, words: str) -> None:
    assert distance_words(value=value, reference=reference) == words


def test_the_tables_hold_one_open_round_and_one_answer_a_pair(nina: Rater, practised: ProtocolVersion) -> None:
    at_practice(nina)
    practice, left = practice_begin(rater=nina, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        PracticeRound.objects.create(rater=nina, version=practised, number=2, started_at=NOON)
    told = {"round": practice, "example": left[0], "value": 0.5, "created_at": NOON}
    PracticeAnswer.objects.create(**told)
    with pytest.raises(IntegrityError), transaction.atomic():
        PracticeAnswer.objects.create(**told)


# --- The panel ---------------------------------------------------------------------------------------------------
def test_the_panel_shows_how_practice_went_and_lets_somebody_through(
    nina: Rater, selective: ProtocolVersion, as_admin: Client, as_boris: Client
) -> None:
    at_practice(nina)
    for _ in range(2):
        play(nina, off=0.2)
    page = reverse("admin:accounts_rater_change", args=[nina.pk])
    shown = as_admin.get(page).content.decode()
    assert "Consent, version 2: 15 Jan 2026" in shown
    assert "Round 2, version 2: 0.200 from the references on average (0.10 asked for), not passed" in shown
    waive = reverse("admin:accounts_rater_let_go_on", args=[nina.pk])
    assert as_boris.post(waive).status_code == 302
    assert "Let " in as_admin.get(waive).content.decode(), "looking at the question changes nothing"
    assert standing_of(rater=nina).is_refused, "a rater lets nobody through"
    as_admin.post(reverse("admin:accounts_rater_allow_another_try", args=[nina.pk]))
    assert not standing_of(rater=nina).is_refused
    as_admin.post(waive)
    nina.refresh_from_db()
    assert nina.admitted_at is not None
    assert "let through by ada" in as_admin.get(page).content.decode()
