"""A site of its own for tests that kill its processes: a state folder, a database, and what lies in them at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpd_builder.ingest import fingerprint
from tests.conftest import REPO_ROOT

FACTS = """
import json
from annotation_site.corpus.models import *
kinds = (Painting, Track, Clip, PaintingOrigin, TrackOrigin)
facts = {kind.__name__: kind.objects.count() for kind in kinds}
files = [name for kind, columns in (
    (Painting, ("original", "display", "thumbnail", "model_input")), (Track, ("original",)), (Clip, ("audio", "mel"))
) for row in kind.objects.values_list(*columns) for name in row]
whole = Track.objects.filter(clips=None).count()
jobs = list(ImportJob.objects.order_by("pk").values("pk", "state", "error", "attempts", "done", "total", "n_added",
    "n_skipped", "n_failed"))
issues = list(ImportIssue.objects.order_by("job", "file", "code").values_list("job", "file", "code"))
print("FACTS" + json.dumps(facts | {"files": files, "tracks_without_clips": whole, "jobs": jobs, "issues": issues}))
"""


@dataclass
class Site:
    state: Path
    database_url: str = ""

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        own = {"ATELIER_STATE": str(self.state), "CACHE_URL": "locmem://", "SECRET_KEY": "tests-only"}
        return inherited | own | {"DATABASE_URL": self.database_url}

    def start(self, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        """A process of the site in a group of its own, quiet."""
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=REPO_ROOT,
            env=self.environment(),
            start_new_session=True,
            **quiet | options,
        )

    def manage(self, *arguments: str, timeout: float = 300) -> str:
        process = self.start("manage.py", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=timeout)
        assert process.returncode == 0, err.decode()
        return out.decode()

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v", "0", "-c", code)

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.shell(FACTS).rsplit("FACTS", 1)[1])
        return found

    @property
    def media(self) -> list[Path]:
        return [path for path in (self.state / "media").rglob("*") if path.is_file()]

    def scratch(self) -> list[str]:
        folder = self.state / "scratch"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def damaged(self) -> list[str]:
        """Stored files that are not the bytes that their names say."""
        return [path.name for path in self.media if fingerprint(path) != path.stem]


def migrate(state: Path, database_url: str) -> None:
    Site(state, database_url).manage("migrate", "-v", "0")


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started in its own group, as a power cut would. The pool's processes are in
    groups of their own: they must notice by themselves."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)


def children(of: int) -> list[int]:
    """The process's children, by /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == of:
            found.append(int(status.parent.name))
    return found
