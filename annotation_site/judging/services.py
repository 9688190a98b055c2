"""Writes of the judge page: ask, forget, and sweep what has expired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from annotation_site.accounts.models import User
from annotation_site.corpus.models import Painting, Track
from annotation_site.jobs.models import ENDED, JobState
from annotation_site.jobs.services import job_cancel, job_enqueue
from annotation_site.judging.errors import JudgingRefused, NotYours, NoVersion, StillAtWork, TooLarge
from annotation_site.judging.limits import MOST_PAINTINGS, judging_limits
from annotation_site.judging.models import Judging, Subject
from annotation_site.judging.storing import files_delete, names_of, sent_store, strays_delete
from annotation_site.training.versions import active_version

NAME_LENGTH = 200
STRAYS_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be judged: files that were sent, items of the corpus, or some of each; one piece of music."""

    sent_paintings: Sequence[File[Any]] = ()
    paintings: Sequence[Painting] = ()
    sent_music: File[Any] | None = None
    track: Track | None = None
    start_s: float = 0.0
    is_whole: bool = True


def judging_ask(*, question: Question, user: User | None, now: datetime) -> Judging:
    """Queue a judging by the active model version. Raises `JudgingRefused` in words; nothing is kept then."""
    _check(question, user)
    judging = Judging(
        start_s=question.start_s,
        is_whole=question.is_whole,
        by_admin=user is not None and user.is_staff,
        words="Waiting for a worker",
        created_by=user,
        created_at=now,
        expires_at=now + timedelta(hours=settings.JUDGE_KEPT_HOURS),
    )
    stored: list[str] = []
    try:
        subjects = list(_subjects(judging, question, stored))
        with transaction.atomic():
            judging.save()
            Subject.objects.bulk_create(subjects)
            job_enqueue(job=judging, now=now)
    except BaseException:
        files_delete(judging, stored)
        raise
    return judging


def judging_forget(*, judging: Judging, now: datetime) -> None:
    """Delete a judging and its files. One that a worker is at is stopped first: raises `StillAtWork` meanwhile."""
    if not judging.is_over:
        job_cancel(job=judging, now=now)
        judging.refresh_from_db()
    if judging.state == JobState.RUNNING:
        Judging.objects.filter(pk=judging.pk).update(expires_at=now)
        raise StillAtWork("The model is at it just now. It is being stopped, and all of it is deleted within minutes.")
    _remove(judging)


def judgings_sweep(*, now: datetime) -> int:
    """Delete what has expired, with its files; returns how many. What a worker is at has until it ends.

    Files that a process left behind when it died go too, an hour later.
    """
    strays_delete(before=now - STRAYS_KEPT)
    expired = Judging.objects.filter(expires_at__lte=now, state__in=[*ENDED, JobState.QUEUED])
    gone = 0
    for judging in expired.order_by("expires_at")[:1000]:
        if judging.state == JobState.QUEUED and not job_cancel(job=judging, now=now):
            continue  # a worker took it in this moment
        _remove(judging)
        gone += 1
    return gone


def sent_delete(*, judging: Judging) -> None:
    """Delete the files as they came: what is shown of them was made anew."""
    subjects = judging.subjects.exclude(sent="")
    names = [subject.sent for subject in subjects]
    subjects.update(sent="")
    files_delete(judging, names)


def _remove(judging: Judging) -> None:
    names = names_of(judging.subjects.all())
    judging.delete()
    files_delete(judging, names)


def _check(question: Question, user: User | None) -> None:
    if active_version() is None:
        raise NoVersion(
            "No model version is active yet, so there is nobody to judge. An admin promotes a training run."
        )
    if (question.paintings or question.track) and not (user is not None and user.is_staff):
        raise NotYours(
            "What is in the corpus may still be judged by raters, and they must not know what the model says of it. "
            "Send files of your own."
        )
    count = len(question.sent_paintings) + len(question.paintings)
    if not 1 <= count <= MOST_PAINTINGS:
        raise JudgingRefused(f"Choose 1 to {MOST_PAINTINGS} paintings, not {count}.")
    if (question.sent_music is None) == (question.track is None):
        raise JudgingRefused("Choose one piece of music: a file, or one of the corpus.")
    if not (math.isfinite(question.start_s) and 0 <= question.start_s <= judging_limits().max_seconds):
        raise JudgingRefused(f"The music may start at 0 to {settings.JUDGE_MAX_MINUTES * 60} seconds.")
    _sizes_check(question)


def _sizes_check(question: Question) -> None:
    limits = judging_limits()
    files = [(file, limits.max_picture_bytes) for file in question.sent_paintings]
    files += [(question.sent_music, limits.max_sound_bytes)] if question.sent_music else []
    for file, most in files:
        if not file.size:
            raise JudgingRefused(f"{_name(file)} is empty. Send it again.")
        if file.size > most:
            raise TooLarge(f"{_name(file)} has {file.size / 2**20:.0f} MB; at most {most // 2**20} MB are taken.")


def _subjects(judging: Judging, question: Question, stored: list[str]) -> list[Subject]:
    """The rows that are to be saved. What has been stored for them is in `stored`, also where this breaks off."""

    def keep(file: File[Any]) -> str:
        stored.append(sent_store(judging, file, number=len(stored)))
        return stored[-1]

    painting, music = Subject.Kind.PAINTING, Subject.Kind.MUSIC
    rows = [Subject(kind=painting, name=_name(file), sent=keep(file)) for file in question.sent_paintings]
    rows += [Subject(kind=painting, name=str(item)[:NAME_LENGTH], painting=item) for item in question.paintings]
    for position, row in enumerate(rows):
        row.position = position
    if question.sent_music is not None:
        rows.append(Subject(kind=music, name=_name(question.sent_music), sent=keep(question.sent_music)))
    elif question.track is not None:
        rows.append(Subject(kind=music, name=str(question.track)[:NAME_LENGTH], track=question.track))
    for row in rows:
        row.judging = judging
    return rows


def _name(file: File[Any]) -> str:
    """The file's own name without folders, what cannot be printed taken out."""
    name = PurePosixPath(str(file.name or "").replace("\\", "/")).name
    return "".join(sign for sign in name if sign.isprintable())[:NAME_LENGTH] or "file"
