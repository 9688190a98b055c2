"""Writes about protocols: raters take their steps, admins write and publish versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from annotation_site.accounts.models import Rater, User
from annotation_site.protocols.digests import TOLD, content_digest
from annotation_site.protocols.models import (
    Example,
    ExampleKind,
    PracticeRound,
    ProtocolVersion,
    Step,
    StepTaken,
    VersionState,
)
from annotation_site.protocols.selectors import (
    draft_open,
    examples_of,
    problems_of,
    round_newest,
    standing_of,
    version_in_force,
)

_AT = {Step.CONSENT: "consented_at", Step.BACKGROUND: "background_at", Step.BRIEFING: "briefed_at"}
"""Where the rater's own row shows when a step was taken."""


class ProtocolError(Exception):
    """It cannot be done; the text says why and what to do."""


# --- Raters ------------------------------------------------------------------------------------------------------
def rater_row_lock(rater: Rater) -> Rater:
    return Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)


@transaction.atomic
def step_take(*, rater: Rater, step: Step, now: datetime, waived_by: User | None = None) -> bool:
    """Record that the rater took the step that is due; the last one admits them. False where it was not due.

    The first time stands: a step that was taken is not taken again.
    """
    rater = rater_row_lock(rater)
    standing = standing_of(rater=rater)
    if step != standing.due:
        return False
    StepTaken.objects.create(rater=rater, version=standing.version, step=step, taken_at=now, waived_by=waived_by)
    changes: dict[str, Any] = {_AT[step]: now} if step in _AT else {}
    if step == Step.BRIEFING:
        changes["protocol"] = standing.version
    if changes:
        Rater.objects.filter(pk=rater.pk).update(**changes)
    _admit_if_done(rater, now)
    return True


def _admit_if_done(rater: Rater, now: datetime) -> None:
    if standing_of(rater=rater).due is None:
        Rater.objects.filter(pk=rater.pk, admitted_at=None).update(admitted_at=now)


def step_due(*, rater: Rater, now: datetime) -> str:
    """The name of the page that the rater has to see before any work, or nothing.

    Whoever has none left is admitted on the way: a later version may have dropped what they lacked.
    """
    if rater.admitted_at is not None:
        return ""
    due = standing_of(rater=rater).due
    if due is not None:
        return str(due)
    with transaction.atomic():
        _admit_if_done(rater_row_lock(rater), now)
    return ""


@transaction.atomic
def background_give(*, rater: Rater, now: datetime, **told: Any) -> None:
    """Keep what the rater tells of their training, at any time; the first time it is a step."""
    Rater.objects.filter(pk=rater.pk).update(**told)
    step_take(rater=rater, step=Step.BACKGROUND, now=now)


def practice_waive(*, rater: Rater, by: User, now: datetime) -> bool:
    """Let a rater go on who did not qualify. False where practice is not what they lack."""
    return step_take(rater=rater, step=Step.PRACTICE, now=now, waived_by=by)


def practice_forgive(*, rater: Rater) -> int:
    """Give a rater all their practice attempts again; returns how many rounds no longer count."""
    failed = PracticeRound.objects.filter(rater=rater, has_passed=False, is_forgiven=False)
    return failed.update(is_forgiven=True)


def round_open(*, rater: Rater, version: ProtocolVersion, now: datetime) -> PracticeRound:
    """The round that the rater is in, or a new one."""
    newest = round_newest(rater=rater, version=version)
    if newest is not None and newest.finished_at is None:
        return newest
    number = newest.number + 1 if newest else 1
    try:
        with transaction.atomic():
            return PracticeRound.objects.create(rater=rater, version=version, number=number, started_at=now)
    except IntegrityError:  # another tab was first
        return PracticeRound.objects.get(rater=rater, version=version, number=number)


# --- Versions ----------------------------------------------------------------------------------------------------
_COPIED = TOLD[1:]


@transaction.atomic
def draft_make(*, now: datetime) -> ProtocolVersion:
    """A draft that begins as a copy of the version in force with its examples; the open draft where there is one."""
    if draft := draft_open():
        return draft
    base = version_in_force()
    copied = {name: getattr(base, name) for name in _COPIED}
    draft = ProtocolVersion.objects.create(number=base.number + 1, created_at=now, **copied)
    Example.objects.bulk_create(
        Example(version=draft, **{name: getattr(one, name) for name in _OF_EXAMPLE}) for one in base.examples.all()
    )
    return draft


_OF_EXAMPLE = ("kind", "position", "painting_id", "clip_id", "reference", "explanation")


@transaction.atomic
def version_publish(*, version: ProtocolVersion, by: User | None, now: datetime) -> ProtocolVersion:
    """Put a draft in force, for good. Raters who have to take a step again are asked before their next piece of work.

    Raises `ProtocolError` with all that is wrong with it.
    """
    locked = ProtocolVersion.objects.select_for_update().get(pk=version.pk)
    if locked.is_published:
        raise ProtocolError("This version is published already.")
    if fatal := [problem.words for problem in problems_of(locked) if problem.is_fatal]:
        raise ProtocolError(" ".join(fatal))
    ProtocolVersion.objects.filter(pk=locked.pk).update(
        state=VersionState.PUBLISHED, digest=digest_of(locked), published_at=now, published_by=by
    )
    if locked.again_consent or locked.again_briefing or locked.again_practice:
        Rater.objects.filter(is_simulated=False).exclude(admitted_at=None).update(admitted_at=None)
    locked.refresh_from_db()
    return locked


def digest_of(version: ProtocolVersion) -> str:
    """What `digest` has to be while nothing of a published version was changed."""
    examples = [
        (one.kind, one.position, one.painting.key, one.clip.key, one.reference, one.explanation)
        for kind in ExampleKind
        for one in examples_of(version, kind)
    ]
    return content_digest({name: getattr(version, name) for name in TOLD}, examples)
