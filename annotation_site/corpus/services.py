"""Writes of the corpus: imports are started or done here."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from django.db import transaction

from annotation_site.accounts.models import User
from annotation_site.corpus.importing import Report, folder_work
from annotation_site.corpus.models import ImportJob
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import Reporter, job_run
from annotation_site.jobs.services import JobCancelled, job_enqueue


class CorpusError(Exception):
    """An import cannot be started, or failed as a whole; the text tells a person why and what to do."""


@transaction.atomic
def import_start(*, path: Path, user: User | None, now: datetime) -> ImportJob:
    """Queue the import of a folder on the server. Raises `CorpusError` when there is no such folder."""
    job = ImportJob(path=_folder(path), created_by=user, created_at=now)
    job.save()
    job_enqueue(job=job, now=now)
    return job


def folder_import(*, path: Path, now: datetime, watch: Report | None = None, workers: int | None = None) -> ImportJob:
    """Import a folder here and now, in this process and its children; returns the job, done.

    `watch` is told of progress beside the row. Raises `CorpusError` in words when nothing could be taken from the
    folder as a whole, and passes Ctrl-C on after writing that the import was stopped. Doing it again goes on.
    """
    # Only this process does it: when it is killed, the sweep must not hand the job to a worker. So it is the last try.
    job = ImportJob.objects.create(path=_folder(path), created_at=now, attempts=ImportJob.max_attempts - 1)
    interrupted: list[KeyboardInterrupt] = []

    def work(held: ImportJob, reporter: Reporter) -> None:
        def report(done: int | None = None, total: int | None = None, words: str = "") -> None:
            reporter(done, total, words)
            if watch:
                watch(done, total, words)

        try:
            folder_work(held, report, workers=workers or processes())
        except KeyboardInterrupt as interrupt:
            interrupted.append(interrupt)
            raise JobCancelled from None

    job_run(model=ImportJob, job_id=job.pk, work=work)
    ImportJob.objects.filter(pk=job.pk).update(attempts=1)
    if interrupted:
        raise interrupted[0]
    job.refresh_from_db()
    if job.state != JobState.DONE:
        raise CorpusError(job.error or "The import was stopped. Start it again and it goes on.")
    return job


def processes() -> int:
    """How many processes check files at a time: one a core."""
    return os.cpu_count() or 1


def _folder(path: Path) -> str:
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder} on this machine.")
    limit = ImportJob._meta.get_field("path").max_length or 0
    if len(str(folder)) > limit:
        raise CorpusError(f"The folder's name is longer than {limit} characters. Move it nearer to the root.")
    return str(folder)
