"""A site with real workers, a real broker and beat, on which runs are started as a page starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from annotation_site import broker
from model.events import read_events
from mpd_builder.snapshot import Sealed
from tests.conftest import REPO_ROOT
from tests.corpus.sites import Site
from tests.databases import SQLITE_NAME
from tests.mpd_builder.small_snapshot import write_small
from tests.training.processes import wait_until

SNAPSHOT = """
from django.utils import timezone
from annotation_site.snapshots.models import Snapshot
from tests.factories import make_campaign
Snapshot.objects.create(name="v1", recipe={{}}, state="done", digest={digest!r}, folder="v1",
    campaign=make_campaign(), created_at=timezone.now())
"""
START = """
from celery import current_app
from django.utils import timezone
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.services import run_start
run = run_start(snapshot=Snapshot.objects.get(), recipe="tiny", seed=5, device="cpu", processes={processes},
    overrides={overrides!r}, now=timezone.now())
for _ in range(2):
    current_app.send_task(run.task_name, args=[run.pk], queue=run.queue, ignore_result=True)
print("FOUND" + str(run.pk))
"""
DO = """
from django.utils import timezone
from annotation_site.jobs.services import job_cancel
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_resume
run, now = TrainingRun.objects.get(pk={run}), timezone.now()
{what}
"""
FIELDS = ("state", "error", "reason", "attempts", "worker", "report")
LOOK = f"SELECT {', '.join(FIELDS)} FROM training_trainingrun WHERE id = {{run}}"


class Stage:
    """One site. `run` numbers are the rows' keys; folders are in place."""

    def __init__(self, site: Site, sealed: Sealed) -> None:
        self.site, self.sealed = site, sealed
        self.workers: list[subprocess.Popen[bytes]] = []
        self._broker = self._start_broker()
        self._beat = site.start("-m", "celery", "-A", "annotation_site", "beat", "--pidfile=")
        site.shell(SNAPSHOT.format(digest=sealed.digest))

    def worker(self) -> None:
        """One worker more; it does one job at a time."""
        name = f"w{len(self.workers)}@%h"
        command = ["-m", "celery", "-A", "annotation_site", "worker", "-Q", "default,gpu", "-c", "1", "-n", name]
        with (self.site.state / f"worker-{len(self.workers)}.log").open("wb") as log:
            self.workers.append(self.site.start(*command, stdout=log, stderr=log))

    def start(self, *, processes: int = 1, **overrides: object) -> int:
        """Queue a run. Its message is delivered three times, which must change nothing."""
        return int(self._said(START.format(processes=processes, overrides=overrides)))

    def cancel(self, run: int) -> None:
        self.site.shell(DO.format(run=run, what="assert job_cancel(job=run, now=now)"))

    def resume(self, run: int) -> None:
        self.site.shell(DO.format(run=run, what="run_resume(run=run, now=now)"))

    def look(self, run: int) -> dict[str, Any]:
        """The row as it is in the database now."""
        row = dict(zip(FIELDS, self._row(LOOK.format(run=run)), strict=True))
        return row | {"report": json.loads(row["report"]) if isinstance(row["report"], str) else row["report"]}

    def folder(self, run: int) -> Path:
        return self.site.state / "runs" / f"run-{run:06d}"

    def events(self, run: int, kind: str) -> list[dict[str, Any]]:
        return [event for event in read_events(self.folder(run) / "events.jsonl") if event["event"] == kind]

    def ended(self, run: int, *, seconds: float = 240) -> dict[str, Any]:
        """The row once the run is over."""
        found: dict[str, Any] = {}

        def is_over() -> bool:
            found.update(self.look(run))
            return found["state"] in ("done", "failed", "cancelled")

        wait_until(is_over, seconds)
        return found

    def kill_worker_of(self, run: int) -> str:
        """SIGKILL to the worker that trains, and to nothing else; returns what it calls itself."""
        keepers = [pid for pid in self.trained_beside(run) if parent_of(parent_of(pid)) in self.pids]
        worker = next(worker for worker in self.workers if worker.pid == parent_of(parent_of(keepers[0])))
        child = parent_of(keepers[0])
        worker.kill()
        worker.wait()
        return f":{child}:"

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self.workers]

    def trained_beside(self, run: int) -> list[int]:
        """All processes that were started to train in the run's folder: keeper, torchrun, ranks."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(self.folder(run)) in (place / "cmdline").read_text():
                    found.append(int(place.name))
        return found

    def restart_broker(self, *, meanwhile: Callable[[], object]) -> None:
        self._broker.terminate()
        self._broker.wait(timeout=60)
        meanwhile()
        self._broker = self._start_broker()

    def stop(self) -> None:
        for process in [*self.workers, self._beat]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
        self._broker.terminate()
        self._broker.wait(timeout=60)

    def _start_broker(self) -> subprocess.Popen[bytes]:
        server = broker.start(self.site.state)
        assert server is not None
        return server

    def _row(self, question: str) -> tuple[Any, ...]:
        connect = psycopg2.connect if self.site.database_url else sqlite3.connect
        address = self.site.database_url or self.site.state / SQLITE_NAME
        with contextlib.closing(connect(address)) as database, contextlib.closing(database.cursor()) as cursor:
            cursor.execute(question)
            found: tuple[Any, ...] = cursor.fetchone()
            return found

    def _said(self, code: str) -> str:
        return self.site.shell(code).rsplit("FOUND", 1)[1].strip()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@contextmanager
def staged(site: Site, *, workers: int) -> Iterator[Stage]:
    stage = Stage(site, write_small(site.state / "snapshots" / "v1"))
    try:
        for _ in range(workers):
            stage.worker()
        yield stage
    finally:
        stage.stop()


def train_alone(stage: Stage, folder: Path, *, code: str = "", **overrides: object) -> None:
    """The same run without site, worker or disturbance."""
    command = [sys.executable, "-m", "model", "train", "--recipe", "tiny", "--seed", "5", "--device", "cpu"]
    command += ["--snapshot", str(stage.sealed.path), "--out", str(folder), "--code-version", code]
    for name, value in overrides.items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    subprocess.run(command, cwd=REPO_ROOT, env=stage.site.environment(), check=True, timeout=300, capture_output=True)
