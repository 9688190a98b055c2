"""What both kinds of answers have in common: one row for each key, and corrections that supersede.

The model of an answer has `rater`, `key`, `state`, `supersedes` and `created_at`; whatever else it records of how a
person came to it is true of its corrections too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import GeneratedField, Model

from annotation_site.accounts.models import Rater
from annotation_site.leases.errors import CannotCorrect
from annotation_site.leases.services import rater_lock
from annotation_site.scoring.models import CORRECTABLE

A = TypeVar("A")
J = TypeVar("J", bound=Model)

SUPERSEDED: Final = "superseded"
"""The state of a corrected answer, of whichever kind."""
_ROWS = 500  # rows a statement, well below what SQLite takes as parameters
_ITS_OWN = {"key", "supersedes", "created_at"}


def answer_once(*, rater: Rater, stored: Callable[[Rater], A | None], store: Callable[[Rater], A]) -> A:
    """The answer that `stored` finds under its key, or else what `store` makes, under the rater's lock.

    Raises `RaterNotActive`, and whatever the two raise.
    """
    try:
        with transaction.atomic():
            locked = rater_lock(rater=rater)
            return stored(locked) or store(locked)
    except IntegrityError:  # another connection stored the same key first
        first = stored(rater)
        if first is None:
            raise
        return first


@dataclass(frozen=True, slots=True)
class Corrected(Generic[J]):
    """The answer that holds now. `is_new` is False where the same key had been stored before."""

    answer: J
    is_new: bool


@transaction.atomic
def answer_correct(
    *, model: type[J], rater: Rater, corrected: UUID, key: UUID, changes: dict[str, Any], now: datetime
) -> Corrected[J]:
    """Supersede one of the rater's latest answers by one with these `changes`; all else that it tells goes along.

    Sending the same `key` again changes nothing. Raises `RaterNotActive` or `CannotCorrect`.
    """
    rater = rater_lock(rater=rater)
    own = model._default_manager.filter(rater=rater)
    done = own.filter(key=key).first()
    if done is not None:
        return Corrected(done, is_new=False)
    latest = own.exclude(state=SUPERSEDED).order_by("-created_at", "-pk")
    old: Any = next((answer for answer in latest[:CORRECTABLE] if answer.key == corrected), None)  # type: ignore[attr-defined]
    if old is None:
        raise CannotCorrect
    told = _told(old)  # in the state that it had
    model._default_manager.filter(pk=old.pk).update(state=SUPERSEDED)
    new = model._default_manager.create(**told | changes, key=key, supersedes=old, created_at=now)
    return Corrected(new, is_new=True)


def _told(answer: Model) -> dict[str, Any]:
    return {
        field.attname: getattr(answer, field.attname)
        for field in answer._meta.concrete_fields
        if not field.primary_key and not isinstance(field, GeneratedField) and field.name not in _ITS_OWN
    }


def batches(pks: Sequence[int]) -> Iterator[Sequence[int]]:
    """In portions that a statement takes."""
    return (pks[start : start + _ROWS] for start in range(0, len(pks), _ROWS))
