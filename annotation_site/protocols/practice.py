"""A practice round: one mark after the other, each answered with where the reference lies and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from django.db import transaction

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import (
    Example,
    ExampleKind,
    PracticeAnswer,
    PracticeRound,
    ProtocolVersion,
    Step,
)
from annotation_site.protocols.selectors import attempts_left, examples_of, practice_left, standing_of
from annotation_site.protocols.services import ProtocolError, rater_row_lock, round_open, step_take

VERY_CLOSE, CLOSE = 0.08, 0.18
"""Distances from the reference, about one and two standard deviations of experts about each other."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a rater is told about one mark."""

    value: float
    reference: float
    explanation: str
    is_last: bool

    @property
    def words(self) -> str:
        return distance_words(value=self.value, reference=self.reference)


def distance_words(*, value: float, reference: float) -> str:
    """How a mark lies to the reference, without numbers."""
    distance = abs(value - reference)
    if distance <= VERY_CLOSE:
        return "Very close to the reference."
    way = "better" if reference > value else "worse"
    return f"The reference fits {'a little' if distance <= CLOSE else 'clearly'} {way}."


@dataclass(frozen=True, slots=True)
class Result:
    """How a finished round went. `attempts_left`: None where there is no limit."""

    practice: PracticeRound
    answers: tuple[PracticeAnswer, ...]
    attempts_left: int | None


@transaction.atomic
def practice_begin(*, rater: Rater, now: datetime) -> tuple[PracticeRound, list[Example]]:
    """The rater's round and the pairs that are left in it. Raises `ProtocolError` where practice is not due."""
    rater = rater_row_lock(rater)
    standing = standing_of(rater=rater)
    if standing.due != Step.PRACTICE or standing.is_refused:
        raise ProtocolError("There is nothing for you to practise just now.")
    practice = round_open(rater=rater, version=standing.version, now=now)
    return practice, practice_left(practice, seed=rater.order_seed)


@transaction.atomic
def practice_answer(*, rater: Rater, example: int, value: float, played_ms: int, now: datetime) -> Feedback:
    """Take a mark and tell where the reference lies. Sent again, the first one stands. The last one ends the round.

    Raises `ProtocolError` for a pair that is not in the rater's round.
    """
    rater = rater_row_lock(rater)
    given = PracticeAnswer.objects.select_related("example", "round").filter(round__rater=rater, example=example)
    standing = standing_of(rater=rater)
    practice = PracticeRound.objects.filter(rater=rater, version=standing.version, finished_at=None).first()
    known = given.filter(round=practice).first() if practice else given.order_by("-pk").first()
    if known is not None:
        return _feedback(known, is_last=known.round.finished_at is not None)
    left = practice_left(practice, seed=rater.order_seed) if practice else []
    pair = next((pair for pair in left if pair.pk == example), None)
    if practice is None or pair is None:
        raise ProtocolError("This pair is not one of your practice. Load the page again.")
    answer = PracticeAnswer.objects.create(
        round=practice, example=pair, value=value, played_ms=played_ms, created_at=now
    )
    is_last = len(left) == 1
    if is_last:
        _finish(practice, rater=rater, now=now)
    return _feedback(answer, is_last=is_last)


def _feedback(answer: PracticeAnswer, *, is_last: bool) -> Feedback:
    return Feedback(answer.value, answer.example.reference, answer.example.explanation, is_last)


def _finish(practice: PracticeRound, *, rater: Rater, now: datetime) -> None:
    # To nine decimals: 0.8 less 0.5 is not farther than 0.3.
    distance = round(fmean(answer.distance for answer in practice.answers.select_related("example")), 9)
    limit = practice.version.qualifies_within
    has_passed = limit is None or distance <= limit
    PracticeRound.objects.filter(pk=practice.pk).update(finished_at=now, distance=distance, has_passed=has_passed)
    if has_passed:
        step_take(rater=rater, step=Step.PRACTICE, now=now)


def practice_result(*, rater: Rater, version: ProtocolVersion) -> Result | None:
    """The rater's newest finished round under a version."""
    finished = PracticeRound.objects.filter(rater=rater, version=version, finished_at__isnull=False)
    practice = finished.order_by("-number").first()
    if practice is None:
        return None
    answers = practice.answers.select_related("example__painting", "example__clip").order_by("pk")
    return Result(practice, tuple(answers), attempts_left(rater=rater, version=version))


def practice_count(version: ProtocolVersion) -> int:
    return examples_of(version, ExampleKind.PRACTICE).count()
