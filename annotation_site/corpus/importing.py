"""The work of an import: which files are new, checking them in several processes, storing what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from annotation_site.corpus.models import ImportIssue, ImportJob, Painting, Track
from annotation_site.corpus.storing import painting_store, track_store
from annotation_site.jobs.running import JobFailed
from mpd_builder.ingest import (
    Candidate,
    CheckedPainting,
    Limits,
    MetadataError,
    Outcome,
    Rejected,
    examine,
    process_many,
    scan_folder,
)
from mpd_builder.ingest.metadata import printable

Level = ImportIssue.Level


class Report(Protocol):
    """Told of progress as often as there is some; may raise to stop the work."""

    def __call__(self, done: int | None = None, total: int | None = None, words: str = "") -> None: ...


@dataclass(slots=True)
class Counts:
    """What became of the files so far."""

    added: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        return self.added + self.skipped + self.failed


def folder_work(job: ImportJob, report: Report, *, workers: int, limits: Limits | None = None) -> None:
    """Bring in the job's folder. What is in the corpus already is skipped, so doing it again only does what is missing.

    Raises `JobFailed` in words when the folder or its metadata cannot be relied on; nothing is taken then.
    """
    Import(job, report, limits or Limits()).run(workers=workers)


class Import:
    """One run over a folder: its counts, and the files met so far by the SHA-256 of their bytes."""

    def __init__(self, job: ImportJob, report: Report, limits: Limits) -> None:
        self.job = job
        self.report = report
        self.limits = limits
        self.counts = Counts()
        self.total = 0
        self.in_corpus = {
            sha256: file_name
            for model in (Painting, Track)
            for sha256, file_name in model._default_manager.values_list("sha256", "file_name")
        }
        self.met: dict[str, str] = {}
        self.clock = _Pace()

    def run(self, *, workers: int) -> None:
        self.report(0, 0, "Looking through the folder")
        candidates = candidates_of(Path(self.job.path))
        self.total = len(candidates)
        self.job.issues.all().delete()
        self.progress()
        with closing(process_many(self.new_ones(candidates), limits=self.limits, workers=workers)) as outcomes:
            for candidate, outcome in outcomes:
                self.take(candidate, outcome)
                self.progress()
        self.progress()

    def new_ones(self, candidates: list[Candidate]) -> Iterator[Candidate]:
        """The candidates that are neither in the corpus nor met before in this run."""
        for candidate in candidates:
            try:
                sha256 = examine(candidate, limits=self.limits)
            except Rejected as rejected:
                self.reject(candidate, rejected)
                continue
            if self.is_known(candidate, sha256):
                self.counts.skipped += 1
                if self.counts.skipped % 50 == 0:
                    self.progress()
                continue
            self.met[sha256] = candidate.name
            yield candidate

    def is_known(self, candidate: Candidate, sha256: str) -> bool:
        """Whether the same bytes are there already; under another name, that is remarked."""
        same_run, before = self.met.get(sha256), self.in_corpus.get(sha256)
        twin = same_run or (before if before != printable(candidate.path.name) else None)
        if twin:
            self.issue(
                candidate, Level.WARNING, "duplicate", f"It has the same bytes as {twin}; one of them is enough."
            )
        return same_run is not None or before is not None

    def take(self, candidate: Candidate, outcome: Outcome) -> None:
        if isinstance(outcome, Rejected):
            self.reject(candidate, outcome)
            return
        now = self.job.created_at
        if isinstance(outcome, CheckedPainting):
            stored = painting_store(checked=outcome, candidate=candidate, job=self.job, now=now) is not None
        else:
            stored = track_store(checked=outcome, candidate=candidate, job=self.job, now=now) is not None
        if stored:
            self.counts.added += 1
            for remark in outcome.remarks:
                self.issue(candidate, Level.WARNING, remark.code, remark.reason, remark.hint)
        else:
            self.counts.skipped += 1

    def reject(self, candidate: Candidate, rejected: Rejected) -> None:
        self.counts.failed += 1
        self.issue(candidate, Level.REJECTED, rejected.code, rejected.reason, rejected.hint)

    def issue(self, candidate: Candidate, level: Level, code: str, reason: str, hint: str = "") -> None:
        ImportIssue.objects.create(
            job=self.job, file=candidate.name[-1000:], level=level, code=code, reason=printable(reason), hint=hint
        )

    def progress(self) -> None:
        counts = self.counts
        ImportJob.objects.filter(pk=self.job.pk).update(
            n_added=counts.added, n_skipped=counts.skipped, n_failed=counts.failed
        )
        self.report(counts.done, self.total, self.clock.words(counts, self.total))


class _Pace:
    """Files a second and the time that is left, in words."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.start = clock()

    def words(self, counts: Counts, total: int) -> str:
        seconds = self.clock() - self.start
        worked = counts.added + counts.failed
        if worked < 5 or seconds < 1:
            return f"{total} file{'' if total == 1 else 's'} to look at"
        left = (total - counts.done) * seconds / worked
        rest = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"
        return f"{worked / seconds:.1f} files a second, about {rest} left"


def candidates_of(folder: Path) -> list[Candidate]:
    """The folder's candidates, those that metadata describe first: of two equal files the described one is taken."""
    try:
        found = list(scan_folder(folder))
    except NotADirectoryError as error:
        raise JobFailed(f"{error} Name a folder on the machine that does the import.") from error
    except MetadataError as error:
        raise JobFailed(f"{error} Nothing was imported.") from error
    return sorted(found, key=lambda candidate: not (candidate.details.title or candidate.details.artist))
