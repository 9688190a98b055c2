"""Bring paintings and music into the corpus, with the metadata that lie beside them.

What is there already is skipped, so a second run only does what is missing. One bad file costs that file; the report at
the end says why, for each. Exit status: 0 done, 1 nothing could be taken, 2 wrong use.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.corpus.models import ImportIssue, ImportJob
from annotation_site.corpus.options import ImportOptions
from annotation_site.corpus.progress import Progress
from annotation_site.corpus.selectors import import_brought, import_issues, issues_csv
from annotation_site.corpus.services import CorpusError, import_now

Level = ImportIssue.Level
Source = ImportJob.Source

SOURCES = {
    Source.FOLDER: "every picture and sound below a folder, with CSV metadata or without",
    Source.WIKIART: "WikiArt as it is published: Style/artist_title-year.jpg",
    Source.AACP: "AACP, children's paintings",
    Source.DEAM: "DEAM: audio/*.mp3 with the song averages of valence and arousal",
    Source.ZIP: "a zip archive of any of these",
}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        sources = parser.add_mutually_exclusive_group(required=True)
        for source, what in SOURCES.items():
            sources.add_argument(f"--{source.value}", metavar="PATH", type=Path, dest=f"at_{source.value}", help=what)
        parser.add_argument("--styles", metavar='"A,B"', default="", help="of WikiArt; the paper's five without it")
        parser.add_argument(
            "--list",
            metavar="CSV",
            type=Path,
            nargs="+",
            action="extend",
            default=[],
            dest="lists",
            help="published lists (of training and validation, say) that choose among the files",
        )
        for name in ("collection", "licence", "attribution", "source"):
            parser.add_argument(f"--{name}", default="", help="of the items whose metadata name none")
        parser.add_argument(
            "--publish",
            action=BooleanOptionalAction,
            default=None,
            help="whether snapshots may carry the media of the items whose metadata do not say so",
        )
        parser.add_argument("--issues", metavar="CSV", type=Path, help="also write what was not taken, and why, here")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, json: bool, issues: Path | None, **given: Any) -> None:
        source, path = next((s, given[f"at_{s.value}"]) for s in SOURCES if given[f"at_{s.value}"] is not None)
        _use_check(source, path, given, issues)
        bar = None if json else Bar(sys.stderr)
        start = time.monotonic()
        try:
            job = import_now(source=source, path=path, options=_options(given), now=timezone.now(), watch=bar)
        except CorpusError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run it again and it goes on where it was.") from None
        finally:
            if bar:
                bar.clear()
        report = report_of(job, time.monotonic() - start)
        self.stdout.write(_as_json(report) if json else _as_text(report))
        if issues:
            _issues_write(job, issues)
        if job.n_failed and not job.n_added + job.n_skipped:
            raise CommandError(f"Nothing could be taken from {path}.")


def _use_check(source: ImportJob.Source, path: Path, given: dict[str, Any], issues: Path | None) -> None:
    """Say what is wrong with the command line before anything is done."""
    is_zip = source == Source.ZIP
    if not (path.expanduser().is_file() if is_zip else path.expanduser().is_dir()):
        raise CommandError(f"There is no {'file' if is_zip else 'folder'} {path}.", returncode=2)
    if given["styles"] and source != Source.WIKIART:
        raise CommandError("--styles chooses among WikiArt's styles: it goes with --wikiart only.", returncode=2)
    for listed in given["lists"]:
        if not listed.expanduser().is_file():
            raise CommandError(f"There is no list {listed}.", returncode=2)
    if issues and not issues.expanduser().parent.is_dir():
        raise CommandError(f"There is no folder {issues.parent} for the file of issues.", returncode=2)


def _options(given: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        styles=tuple(style.strip() for style in given["styles"].split(",") if style.strip()),
        lists=tuple(given["lists"]),
        licence=given["licence"],
        attribution=given["attribution"],
        source=given["source"],
        collection=given["collection"],
        may_publish=given["publish"],
    )


class Bar:
    """A progress bar on a terminal; nothing where the output goes to a file."""

    WIDTH = 30

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_shown = stream.isatty()

    def __call__(self, progress: Progress) -> None:
        if not self.is_shown:
            return
        self.stream.write(f"\r\033[K{self.line(progress)}")
        self.stream.flush()

    def line(self, progress: Progress) -> str:
        if not progress.total:
            return progress.words
        filled = min(self.WIDTH, self.WIDTH * progress.done // progress.total)
        bar = "█" * filled + "░" * (self.WIDTH - filled)
        counts = f"{progress.added:,} added, {progress.skipped:,} skipped, {progress.failed:,} not taken"
        return f"{bar} {progress.done:,} of {progress.total:,}: {counts}; {progress.words}"

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
        "source": job.source,
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


def _issues_write(job: ImportJob, path: Path) -> None:
    try:
        with path.expanduser().open("w", encoding="utf-8", newline="") as file:
            file.writelines(issues_csv(job))
    except OSError as error:
        raise CommandError(f"The import is done, but {path} cannot be written ({error.strerror}).") from error


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
