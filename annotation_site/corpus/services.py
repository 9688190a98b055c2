"""Writes of the corpus: imports are started or done here."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from django.db import transaction

from annotation_site.accounts.models import User
from annotation_site.corpus.errors import CorpusError
from annotation_site.corpus.importing import Report, folder_work
from annotation_site.corpus.models import ImportJob, Upload
from annotation_site.corpus.options import NOTHING_ASKED, ImportOptions
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import Reporter, job_run
from annotation_site.jobs.services import JobCancelled, job_enqueue

Source = ImportJob.Source


@transaction.atomic
def import_start(
    *,
    source: ImportJob.Source,
    path: Path | None = None,
    upload: Upload | None = None,
    options: ImportOptions = NOTHING_ASKED,
    user: User | None,
    now: datetime,
) -> ImportJob:
    """Queue an import of what lies on the server (`path`) or was sent from a browser (`upload`).

    Raises `CorpusError` when it cannot begin: nothing is there, or it may not be imported from there.
    """
    job = _job(source=source, path=path, upload=upload, options=options, now=now)
    job.created_by = user
    job.save()
    job_enqueue(job=job, now=now)
    return job


def import_now(
    *,
    source: ImportJob.Source = Source.FOLDER,
    path: Path | None = None,
    upload: Upload | None = None,
    options: ImportOptions = NOTHING_ASKED,
    now: datetime,
    watch: Report | None = None,
    workers: int | None = None,
) -> ImportJob:
    """Import here and now, in this process and its children; returns the job, done.

    `watch` is told of progress beside the row. Raises `CorpusError` in words when nothing could be taken from the
    source as a whole, and passes Ctrl-C on after writing that the import was stopped. Doing it again goes on.
    """
    # Only this process does it: when it is killed, the sweep must not hand the job to a worker. So it is the last try.
    job = _job(source=source, path=path, upload=upload, options=options, now=now)
    job.attempts = ImportJob.max_attempts - 1
    job.save()
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


def _job(
    *, source: ImportJob.Source, path: Path | None, upload: Upload | None, options: ImportOptions, now: datetime
) -> ImportJob:
    place = "" if path is None else _folder(path)
    return ImportJob(source=source, path=place, upload=upload, options=options.to_json(), created_at=now)


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


__all__ = ["CorpusError", "import_now", "import_start", "processes"]
