"""The work of an import: which files are new, checking them in several processes, storing what came out.

Nothing grows with the number of files: candidates are looked up a batch at a time, and what is done is in the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.models import Q

from annotation_site.corpus.likenesses import likenesses_find
from annotation_site.corpus.models import ImportIssue, ImportJob
from annotation_site.corpus.options import ImportOptions
from annotation_site.corpus.progress import Counts, Pace, Progress, Report, progress_of
from annotation_site.corpus.provenance import Known, Note, issue_write, known_items, origin_add
from annotation_site.corpus.scratch import scratch_folder
from annotation_site.corpus.storing import NO_ROOM, StoreError, item_store
from annotation_site.corpus.upload_errors import UploadError
from annotation_site.corpus.uploads import upload_assemble
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed
from mpd_builder.ingest import (
    Candidate,
    Details,
    Limits,
    MetadataError,
    Outcome,
    Rejected,
    Source,
    SourceError,
    SourceKind,
    SourceOptions,
    examine,
    open_source,
    process_many,
)

BATCH = 32
"""Candidates that are looked up in the corpus together."""

EVERY_S = 0.5
"""So often progress is written."""

TOLD_EACH_TIME = (Note.DUPLICATE, Note.WITHDRAWN)

WHOLE = "(the source as a whole)"
"""Stands for a file's name in what is said of the source."""


def import_work(job: ImportJob, report: Report, *, limits: Limits, workers: int, scratch: Path) -> None:
    """Bring in the job's source. What is in the corpus already is skipped, so doing it again does what is missing.

    `scratch` is where archives and uploads are unpacked. Raises `JobFailed` in words when the source as a whole
    cannot be relied on, or when there is no room for more; what came in before stays.
    """
    run = Import(job, report, limits)
    try:
        with scratch_folder(scratch, name=f"import-{job.pk}") as folder, _opened(job, limits, folder, report) as source:
            run.run(source, workers=workers)
        report(run.progress("Looking for works that look or sound alike"))
        for brought_by in (job, *cut_off_before(job)):
            likenesses_find(job=brought_by, now=job.created_at)
    except (SourceError, MetadataError, UploadError) as error:
        raise JobFailed(f"{error} {run.words_of_rest()}") from error
    except StoreError as error:
        raise JobFailed(f"{error} {run.words_of_rest()} Make room, then import again: it goes on.") from error
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise JobFailed(
            f"There is no room left on the disk. {run.words_of_rest()} Make room, then import again."
        ) from error
    except OperationalError as error:
        if "full" not in str(error) and "No space left" not in str(error):
            raise
        raise JobFailed(f"There is no room left for the database. {run.words_of_rest()}") from error


@contextmanager
def _opened(job: ImportJob, limits: Limits, scratch: Path, report: Report) -> Iterator[Source]:
    options = ImportOptions.from_json(job.options)
    kind, path = SourceKind.FOLDER, scratch / "files"
    unpacked = scratch / "unpacked"
    unpacked.mkdir()
    if job.source == ImportJob.Source.UPLOAD:
        if job.upload is None:
            raise SourceError("What was uploaded is not there any more. Send it again.")
        report(Progress(doing="Putting the uploaded files together"))
        path.mkdir()
        upload_assemble(upload=job.upload, folder=path)
    else:
        kind, path = SourceKind(job.source), Path(job.path)
    report(Progress(doing="Looking through the files"))
    with open_source(kind, path, options=source_options(options), limits=limits, scratch=unpacked) as source:
        yield source


def source_options(options: ImportOptions) -> SourceOptions:
    """The options in the source's own terms; its own choice of styles where none are named. Zips are looked into."""
    defaults = Details(
        licence=options.licence,
        attribution=options.attribution,
        source=options.source,
        collection=options.collection,
        may_publish=options.may_publish,
    )
    chosen: dict[str, Any] = {"styles": options.styles} if options.styles else {}
    return SourceOptions(lists=options.lists, defaults=defaults, open_archives=True, **chosen)


def cut_off_before(job: ImportJob) -> list[ImportJob]:
    """Earlier imports of the same source that ended too early to compare what they had brought."""
    same = ImportJob.objects.filter(source=job.source, path=job.path, upload=job.upload, pk__lt=job.pk)
    return list(same.exclude(state=JobState.DONE).order_by("pk"))


def place_of(job: ImportJob) -> str:
    """How origins name where the job's files came from."""
    return f"{job.source}:{job.path or (job.upload.key if job.upload else '')}"


class Import:
    """One run over a source: its counts, and the files that are being checked, with the copies that wait for them."""

    def __init__(self, job: ImportJob, report: Report, limits: Limits) -> None:
        self.job = job
        self.place = place_of(job)
        self.report = report
        self.limits = limits
        self.counts = Counts()
        self.total = 0
        self.under_way: dict[str, list[Candidate]] = {}
        self.clock: Callable[[], float] = time.monotonic
        self.pace = Pace(clock=self.clock)
        self.told_at = float("-inf")

    def run(self, source: Source, *, workers: int) -> None:
        self.source = source
        self.total = source.count()
        again = Q(level=ImportIssue.Level.REJECTED) | Q(code__in=TOLD_EACH_TIME) | Q(file=WHOLE)
        self.job.issues.filter(again).delete()
        for remark in source.remarks():
            issue_write(job=self.job, file=WHOLE, code=remark.code, reason=remark.reason, hint=remark.hint)
        self.tell(at_once=True)
        sha256s: dict[int, str] = {}
        try:
            with closing(process_many(self.new_ones(sha256s), limits=self.limits, workers=workers)) as outcomes:
                for candidate, outcome in outcomes:
                    self.take(candidate, outcome, sha256s.pop(id(candidate)))
                    self.tell()
        finally:
            self.write(self.progress())  # also of an import that is stopped or fails
        self.total = self.counts.done  # the source may have changed since it was counted
        self.tell(at_once=True)

    def new_ones(self, sha256s: dict[int, str]) -> Iterator[Candidate]:
        """The candidates whose bytes are neither in the corpus nor under way; notes their SHA-256 by their identity."""
        candidates = self.source.candidates()
        while some := list(islice(candidates, BATCH)):
            batch = list(self.examined(some))
            known = known_items(
                sha256s={sha256 for _, sha256 in batch},
                place=self.place,
                files=[candidate.name for candidate, _ in batch],
            )
            fresh = []
            for candidate, sha256 in batch:
                if sha256 in known:
                    self.meet(known[sha256], candidate)
                elif sha256 in self.under_way:
                    self.under_way[sha256].append(candidate)
                else:
                    self.under_way[sha256] = []
                    fresh.append((candidate, sha256))
            for candidate, sha256 in fresh:
                sha256s[id(candidate)] = sha256
                yield candidate

    def examined(self, candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, str]]:
        for candidate in candidates:
            self.tell()
            try:
                yield candidate, examine(candidate, limits=self.limits)
            except Rejected as rejected:
                self.reject(candidate, rejected)

    def take(self, candidate: Candidate, outcome: Outcome, sha256: str) -> None:
        """Store what came out of a candidate's check; its copies share its fate."""
        copies = self.under_way.pop(sha256)
        try:
            if isinstance(outcome, Rejected):
                raise outcome
            now = self.job.created_at
            stored = item_store(checked=outcome, candidate=candidate, place=self.place, job=self.job, now=now)
        except Rejected as rejected:
            for refused in (candidate, *copies):
                self.reject(refused, rejected)
            return
        if stored is not None:
            self.counts.added += 1
            self.source.release(candidate)
        else:
            copies.insert(0, candidate)
        if copies:
            known = known_items(sha256s=[sha256], place=self.place, files=[copy.name for copy in copies])[sha256]
            for copy in copies:
                self.meet(known, copy)

    def meet(self, known: Known, candidate: Candidate) -> None:
        """A file whose bytes are in the corpus. One that this job brought before it was cut off counts as added."""
        for note, reason, hint in origin_add(
            known=known, candidate=candidate, place=self.place, job=self.job, now=self.job.created_at
        ):
            issue_write(job=self.job, file=candidate.name, code=note, reason=reason, hint=hint)
        if known.is_first(candidate, place=self.place) and known.item.imported_by_id == self.job.pk:
            self.counts.added += 1
        else:
            self.counts.skipped += 1
        self.source.release(candidate)

    def reject(self, candidate: Candidate, rejected: Rejected) -> None:
        self.counts.failed += 1
        issue_write(
            job=self.job,
            file=candidate.name,
            level=ImportIssue.Level.REJECTED,
            code=rejected.code,
            reason=rejected.reason,
            hint=rejected.hint,
        )
        self.source.release(candidate)

    def tell(self, *, at_once: bool = False) -> None:
        """Write and report progress, a few times a second at most."""
        now = self.clock()
        if not at_once and now - self.told_at < EVERY_S:
            return
        self.told_at = now
        progress = self.progress()
        self.write(progress)
        self.report(progress)

    def write(self, progress: Progress) -> None:
        ImportJob.objects.filter(pk=self.job.pk, worker=self.job.worker).update(
            done=progress.done,
            total=progress.total,
            n_added=progress.added,
            n_skipped=progress.skipped,
            n_failed=progress.failed,
            rate=progress.rate,
            seconds_left=progress.seconds_left,
        )

    def progress(self, doing: str = "") -> Progress:
        total = max(self.total, self.counts.done)
        return progress_of(self.counts, total, self.pace.rate(self.counts.done), doing=doing)

    def words_of_rest(self) -> str:
        """What a failure leaves, for its message."""
        if not self.counts.added:
            return "Nothing was imported."
        return f"{self.counts.added:,} file{'' if self.counts.added == 1 else 's'} came in before, and stay."
