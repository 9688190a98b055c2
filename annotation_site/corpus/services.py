"""Writes of the corpus: imports are started or done here."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F

from annotation_site.accounts.models import User
from annotation_site.corpus.errors import CorpusError
from annotation_site.corpus.importing import import_work
from annotation_site.corpus.limits import is_within_reach, limits_here, processes
from annotation_site.corpus.models import ImportJob, Upload
from annotation_site.corpus.options import NOTHING_ASKED, ImportOptions
from annotation_site.corpus.progress import Progress, Report
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import Reporter, job_run
from annotation_site.jobs.services import JobCancelled, job_enqueue

Source = ImportJob.Source

MAX_PATH_BYTES = 800
"""Of a source: it is part of an index over all origins, whose entries are short."""


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
    _roots_check(job)
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
        try:
            import_do(job=held, reporter=reporter, watch=watch, workers=workers)
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


def import_do(*, job: ImportJob, reporter: Reporter, watch: Report | None = None, workers: int | None = None) -> None:
    """The work of a job that this process has claimed, under the limits and in the scratch folder that are set."""

    def report(progress: Progress) -> None:
        reporter(progress.done, progress.total, progress.words)
        if watch:
            watch(progress)

    import_work(
        job, report, limits=limits_here(), workers=workers or processes(), scratch=Path(settings.IMPORT_SCRATCH)
    )


def _job(
    *, source: ImportJob.Source, path: Path | None, upload: Upload | None, options: ImportOptions, now: datetime
) -> ImportJob:
    lists = tuple(_real(path, what="list") for path in options.lists)
    asked = replace(options, lists=lists).to_json()
    if source == Source.UPLOAD:
        _upload_check(upload)
        return ImportJob(source=source, upload=upload, options=asked, created_at=now)
    if path is None:
        raise CorpusError("Say which folder or file is to be imported.")
    if options.styles and source != Source.WIKIART:
        raise CorpusError("Styles can be chosen for WikiArt only.")
    real = _real(path, what="zip archive" if source == Source.ZIP else "folder")
    return ImportJob(source=source, path=str(real), options=asked, created_at=now)


def _real(path: Path, *, what: str) -> Path:
    """The path with its links followed. Raises `CorpusError` when it is not there, or nothing that can be imported."""
    try:
        real = path.expanduser().resolve()
        is_there = real.is_dir() if what == "folder" else real.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise CorpusError(f"{str(path)!r} cannot be looked at ({error}).") from error
    if not is_there:
        raise CorpusError(f"There is no {what} {real} on this machine.")
    if len(os.fsencode(real)) > MAX_PATH_BYTES:
        raise CorpusError(f"The name of {real} is longer than {MAX_PATH_BYTES} bytes. Move it nearer to the root.")
    try:
        str(real).encode()
    except UnicodeEncodeError as error:
        raise CorpusError("The name of the folder is not UTF-8. Rename it.") from error
    return real


def _upload_check(upload: Upload | None) -> None:
    """An upload must be there and whole before its import is queued."""
    if upload is None or upload.removed_at is not None:
        raise CorpusError("What was uploaded is not there any more. Send it again.")
    if not upload.files.exists():
        raise CorpusError("Nothing has been uploaded yet.")
    if (n_cut := upload.files.filter(received__lt=F("size")).count()) > 0:
        raise CorpusError(f"{n_cut} file{' has' if n_cut == 1 else 's have'} not come whole yet. Send the rest.")


def _roots_check(job: ImportJob) -> None:
    """Whoever asks from a browser may read only where the site's settings let imports read."""
    paths = [Path(job.path)] if job.path else []
    for path in [*paths, *ImportOptions.from_json(job.options).lists]:
        if not is_within_reach(path):
            roots = " or ".join(settings.IMPORT_ROOTS)
            raise CorpusError(f"Imports may only read from below {roots} here (IMPORT_ROOTS); {path} is elsewhere.")


__all__ = ["CorpusError", "import_do", "import_now", "import_start", "processes"]
