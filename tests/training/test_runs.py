"""A run as its task does it: what is kept when it ends well, and why when it does not."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import Storage
from django.db import connections
from django.utils import timezone

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.jobs.services import job_cancel
from annotation_site.training import artefacts
from annotation_site.training.artefacts import read_events_of
from annotation_site.training.models import TrainingRun
from annotation_site.training.queue import queue_place
from annotation_site.training.reasons import Reason
from annotation_site.training.runs import run_train
from annotation_site.training.services import run_folder, run_resume, run_start
from model.events import read_events
from tests.conftest import NOON
from tests.mpd_builder.small_snapshot import write_small
from tests.training.processes import wait_until
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db(transaction=True)

SMALL: dict[str, Any] = {"optim.batch": 4, "optim.regression_steps": 3, "painting.depth": 1, "run.bootstrap": 5}
LONG = SMALL | {"optim.regression_steps": 2000, "run.checkpoint_every": 1, "run.log_every": 1}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("runs") / "snapshot").path


@pytest.fixture
def start(sealed: Path, settings):
    """Starts a run on a copy of a real snapshot."""
    folder = Path(settings.SNAPSHOTS_ROOT) / "v1"
    shutil.copytree(sealed, folder)
    digest = write_small(folder.parent / "again").digest
    snapshot = make_snapshot(digest=digest, folder="v1")

    def started(**overrides: Any) -> TrainingRun:
        return run_start(snapshot=snapshot, recipe="tiny", seed=1, device="cpu", now=NOON, overrides=SMALL | overrides)

    return started


def work(run: TrainingRun) -> TrainingRun:
    """What the task does, here; returns the row as it is then."""
    job_run(model=TrainingRun, job_id=run.pk, work=run_train)
    run.refresh_from_db()
    return run


@pytest.fixture
def beside() -> Iterator[Any]:
    """Does something once the run is so far, while it goes on."""
    threads: list[threading.Thread] = []

    def do(when: Any, what: Any) -> None:
        def wait_and_do() -> None:
            try:
                wait_until(when)
                what()
            finally:
                connections.close_all()

        threads.append(threading.Thread(target=wait_and_do))
        threads[-1].start()

    yield do
    for thread in threads:
        thread.join(timeout=60)


def has(run: TrainingRun, kind: str) -> bool:
    return any(event["event"] == kind for event in read_events(run_folder(run) / "events.jsonl"))


def trainer_of(run: TrainingRun) -> int:
    """The process that trains: the one that was started with the run's folder as --out."""
    words = b"-m\0model\0train\0--recipe\0tiny\0"
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (place / "cmdline").read_bytes()
            if words in line and str(run_folder(run)).encode() in line and b"keeper.py" not in line:
                return int(place.name)
    raise AssertionError("nothing trains")


@pytest.mark.slow
def test_a_finished_run_keeps_its_report_and_leaves_the_queue(start):
    run = start()
    assert queue_place(run) == 0
    work(run)
    assert (run.state, run.reason, run.error) == (JobState.DONE, "", "")
    assert run.report["steps"] == 3
    assert run.code_version == run.report["code_version"] != ""
    assert queue_place(run) is None


@pytest.mark.slow
def test_a_training_that_is_killed_says_so_and_resumes_from_its_checkpoint(start, beside):
    run = start(**LONG)
    beside(lambda: has(run, "checkpoint"), lambda: os.kill(trainer_of(run), signal.SIGKILL))
    work(run)
    assert (run.state, run.reason) == (JobState.FAILED, Reason.KILLED)
    assert "ran out of memory" in run.error
    run_resume(run=run, now=NOON)
    beside(
        lambda: len([e for e in read_events(run_folder(run) / "events.jsonl") if e["event"] == "start"]) > 1,
        lambda: job_cancel(job=run, now=timezone.now()),
    )
    work(run)
    starts = [event for event in read_events(run_folder(run) / "events.jsonl") if event["event"] == "start"]
    assert (run.state, run.reason, starts[1]["step"] > 0) == (JobState.CANCELLED, "", True)


@pytest.mark.slow
def test_a_run_goes_on_on_another_machine_from_what_the_storage_has(start, beside, elsewhere: Path, monkeypatch):
    """The first worker's folder is gone with its machine; the state in the storage is a few seconds old at most."""
    monkeypatch.setattr(artefacts, "EVERY", timedelta(milliseconds=20))
    run = start(**LONG | {"optim.regression_steps": 250})
    beside(
        lambda: (elsewhere / run.folder / "state.safetensors").exists() and has(run, "step"),
        lambda: job_cancel(job=run, now=timezone.now()),
    )
    assert work(run).state == JobState.CANCELLED
    shutil.rmtree(run_folder(run))
    run_resume(run=run, now=NOON)
    assert (work(run).state, run.report["steps"]) == (JobState.DONE, 250)
    starts = [event["step"] for event in read_events_of(run) if event["event"] == "start"]
    assert len(starts) == 2
    assert 0 < starts[1] < 250
    assert not (elsewhere / run.folder / "state.safetensors").exists()
    assert (elsewhere / run.folder / "checkpoint.json").exists()


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_told_with_the_setting_to_lower(start):
    run = work(start(**{"optim.lr": 1e30, "optim.clip_norm": 0}))
    assert (run.state, run.reason) == (JobState.FAILED, Reason.NOT_FINITE)
    assert "lower optim.lr" in run.error


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(start, settings, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system may be mounted here ({mounted.stderr.strip()}): this needs root")
    try:
        settings.RUNS_ROOT = disk
        (disk / "filler").write_bytes(bytes(64 * 2**20 - 200_000))
        run = work(start())
        assert (run.state, run.reason) == (JobState.FAILED, Reason.DISK_FULL)
        assert "The disk is full" in run.error
        (disk / "filler").unlink()
        run_resume(run=run, now=NOON)
        assert work(run).state == JobState.DONE
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_snapshot_that_is_gone_or_another_is_not_trained_on(start, settings):
    run, other = start(), start()
    folder = Path(settings.SNAPSHOTS_ROOT) / "v1"
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write("\n")
    assert (work(run).state, run.reason) == (JobState.FAILED, Reason.SNAPSHOT_CHANGED)
    assert "holds another snapshot" in run.error
    shutil.rmtree(folder)
    assert (work(other).state, other.reason) == (JobState.FAILED, Reason.SNAPSHOT_CHANGED)
    assert "cannot be read on this worker" in other.error


class Away(Storage):
    """A storage that does not answer."""

    def exists(self, name: str) -> bool:
        raise ConnectionError("no route to host")


def test_a_storage_out_of_reach_is_told_before_anything_is_trained(start, settings):
    settings.RUNS_STORAGE = "s3://runs"
    settings.STORAGES = settings.STORAGES | {"runs": {"BACKEND": f"{__name__}.{Away.__name__}"}}
    run = work(start())
    assert (run.state, run.reason) == (JobState.FAILED, Reason.STORAGE)
    assert "RUNS_STORAGE" in run.error


def test_no_room_for_what_the_storage_has_is_a_full_disk(start, elsewhere: Path, monkeypatch):
    def no_room(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = start()
    (elsewhere / run.folder).mkdir(parents=True)
    (elsewhere / run.folder / "state.safetensors").write_bytes(b"state")
    monkeypatch.setattr(artefacts, "_bring", no_room)
    assert (work(run).state, run.reason) == (JobState.FAILED, Reason.DISK_FULL)
    assert "disk is full" in run.error


def test_what_nobody_foresaw_has_a_reason_too(start, monkeypatch, caplog):
    monkeypatch.setattr("annotation_site.training.runs.require_snapshot", lambda run: 1 / 0)
    run = work(start())
    assert (run.state, run.reason) == (JobState.FAILED, Reason.UNEXPECTED)
    assert "job broke" in caplog.text


SAVES_SLOWLY = """
import signal, sys, time
from pathlib import Path
def save(*_):
    Path("saving").touch()
    while not Path("cancelled twice").exists(): time.sleep(0.02)
    Path("saved").touch()
    print("error: stopped: after step 3", file=sys.stderr)
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
Path("ready").touch()
time.sleep(120)
"""


def test_cancelled_again_while_it_saves_it_still_saves(start, settings, beside, tmp_path: Path):
    place = tmp_path / "place"
    (place / "model").mkdir(parents=True)
    (place / "model" / "__main__.py").write_text(SAVES_SLOWLY)
    settings.BASE_DIR = place
    run = start()
    beside((place / "ready").exists, lambda: job_cancel(job=run, now=NOON))
    beside((place / "saving").exists, lambda: (job_cancel(job=run, now=NOON), (place / "cancelled twice").touch()))
    assert (work(run).state, run.reason) == (JobState.CANCELLED, "")
    assert (place / "saved").exists()
    assert not job_cancel(job=run, now=NOON)
