"""Bring paintings and music into the corpus: every picture and sound in a folder, with the CSV metadata beside them.

What is there already is skipped, so a second run only does what is missing. One bad file costs that file; the report at
the end says why, for each. Exit status: 0 done, 1 nothing could be taken, 2 wrong use.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.corpus.models import ImportIssue, ImportJob
from annotation_site.corpus.selectors import import_brought, import_issues
from annotation_site.corpus.services import CorpusError, import_now

Level = ImportIssue.Level


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", metavar="PATH", type=Path, required=True, help="a folder on this machine")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, folder: Path, json: bool, **_: Any) -> None:
        if not folder.expanduser().is_dir():
            raise CommandError(f"There is no folder {folder}.", returncode=2)
        bar = None if json else Bar(sys.stderr)
        start = time.monotonic()
        try:
            job = import_now(path=folder, now=timezone.now(), watch=bar)
        except CorpusError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run it again and it goes on where it was.") from None
        finally:
            if bar:
                bar.clear()
        report = report_of(job, time.monotonic() - start)
        self.stdout.write(_as_json(report) if json else _as_text(report))
        if job.n_failed and not job.n_added + job.n_skipped:
            raise CommandError(f"Nothing could be taken from {folder}.")


class Bar:
    """A progress bar on a terminal; nothing where the output goes to a file."""

    WIDTH = 30

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_shown = stream.isatty()

    def __call__(self, done: int | None = None, total: int | None = None, words: str = "") -> None:
        if not self.is_shown:
            return
        filled = self.WIDTH * (done or 0) // (total or 1)
        bar = "█" * filled + "░" * (self.WIDTH - filled)
        self.stream.write(f"\r\033[K{bar} {done or 0} of {total or 0}  {words}")
        self.stream.flush()

    def clear(self) -> None:
        if self.is_shown:
            self.stream.write("\r\033[K")
            self.stream.flush()


def report_of(job: ImportJob, seconds: float) -> dict[str, Any]:
    """What the import did, for people and for machines."""
    brought = import_brought(job)
    issues = {
        str(level): [
            {"file": issue.file, "code": issue.code, "reason": issue.reason, "hint": issue.hint}
            for issue in import_issues(job, level)
        ]
        for level in Level
    }
    return {
        "job": job.pk,
        "folder": job.path,
        "state": job.state,
        "files": job.total,
        "added": job.n_added,
        "paintings": brought.paintings,
        "tracks": brought.tracks,
        "clips": brought.clips,
        "skipped": job.n_skipped,
        "failed": job.n_failed,
        "seconds": round(seconds, 2),
        "rejected": issues[Level.REJECTED],
        "warnings": issues[Level.WARNING],
    }


def _as_json(report: dict[str, Any]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False)


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"{_count(report['added'], 'file')} added ({_count(report['paintings'], 'painting')}, "
        f"{_count(report['tracks'], 'track')} with {_count(report['clips'], 'clip')}), {report['skipped']} skipped, "
        f"{report['failed']} not taken, in {report['seconds']:.1f} s."
    ]
    for heading, issues in (("Remarks:", report["warnings"]), ("Not taken:", report["rejected"])):
        if issues:
            lines += ["", heading]
            lines += [f"{issue['file']}: {issue['reason']} {issue['hint']}".rstrip() for issue in issues]
    return "\n".join(lines)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
