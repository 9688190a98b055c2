"""Nothing that a training started outlives its end, however worker, keeper, torchrun or training come to theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation_site.jobs.services import JobCancelled
from annotation_site.training.following import ProcessFailed, follow
from annotation_site.training.keeper import LOCK_NAME
from annotation_site.training.reasons import Reason
from tests.training.processes import is_alive, living_in, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells processes of each other's end")

STUBBORN = """
import os, signal, sys, time
rank = os.environ.get("LOCAL_RANK", "0")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(f"rank-{rank}", "w").write(str(os.getpid()))
time.sleep(120)
"""
CHILD = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], {options})
"""
WORKER = """
import os, pathlib
os.environ["DJANGO_SETTINGS_MODULE"] = "annotation_site.settings"
import django; django.setup()
from django.conf import settings
settings.BASE_DIR = pathlib.Path({place!r})
from annotation_site.training import following
following.ORPHAN_GRACE_SECONDS = 1.0
following.follow([], folder=settings.BASE_DIR / "run", on_event=print, beat=lambda: None, processes={processes})
"""


class Training:
    """A worker in a process of its own, and the stubborn ranks that it started: they ignore SIGTERM."""

    def __init__(self, place: Path, processes: int) -> None:
        self.place = place
        (place / "model").mkdir(parents=True)
        (place / "model" / "__main__.py").write_text(STUBBORN)
        self.worker = subprocess.Popen([sys.executable, "-c", WORKER.format(place=str(place), processes=processes)])
        ranks = [place / f"rank-{rank}" for rank in range(processes)]
        wait_until(lambda: all(path.exists() and path.read_text() for path in ranks))
        self.ranks = [int(path.read_text()) for path in ranks]

    def named(self, words: str) -> int:
        """The one process of the training, besides its ranks, that was started with these words."""
        others = [pid for pid in living_in(self.place) if pid not in self.ranks]
        found = [pid for pid in others if words in Path(f"/proc/{pid}/cmdline").read_text().split("\0--\0")[0]]
        return min(found)

    def end(self) -> None:
        if self.worker.poll() is None:
            self.worker.kill()
        self.worker.wait()
        for pid in living_in(self.place):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def training(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Training]:
    started = Training(tmp_path / "site", request.param)
    yield started
    started.end()


@pytest.mark.parametrize("training", [1, pytest.param(2, marks=pytest.mark.slow)], indirect=True)
def test_a_killed_worker_takes_its_training_with_it(training: Training):
    assert set(training.ranks) <= set(living_in(training.place))
    training.worker.kill()
    training.worker.wait()
    wait_until(lambda: not living_in(training.place))


@pytest.mark.slow
@pytest.mark.parametrize("training", [2], indirect=True)
def test_a_killed_torchrun_leaves_no_rank_behind(training: Training):
    os.kill(training.named("torch.distributed.run"), signal.SIGKILL)
    wait_until(lambda: not living_in(training.place))
    assert training.worker.wait(timeout=60) != 0, "the worker is told"


@pytest.mark.parametrize("training", [1], indirect=True)
def test_a_killed_keeper_leaves_the_folder_locked_until_the_training_ends(training: Training, tmp_path: Path):
    os.kill(training.named("keeper.py"), signal.SIGKILL)
    assert training.worker.wait(timeout=60) != 0, "the worker is told"
    assert is_alive(training.ranks[0]), "it ignores the SIGTERM that it got"
    lock = ["flock", "--nonblock", str(training.place / "run" / LOCK_NAME), "true"]
    assert subprocess.run(lock, check=False).returncode == 1
    os.kill(training.ranks[0], signal.SIGKILL)
    wait_until(lambda: subprocess.run(lock, check=False).returncode == 0)


@pytest.fixture
def place(tmp_path: Path, settings) -> Path:
    (tmp_path / "model").mkdir()
    settings.BASE_DIR = tmp_path
    settings.TRAINING_GRACE_SECONDS = 1
    return tmp_path


def test_what_does_not_stop_within_the_grace_is_killed_with_its_children(place: Path):
    (place / "model" / "__main__.py").write_text(CHILD.format(options="") + STUBBORN)

    def beat() -> None:
        if (place / "rank-0").exists():
            raise JobCancelled

    with pytest.raises(JobCancelled):
        follow([], folder=place / "run", on_event=print, beat=beat)
    assert not living_in(place)


def test_children_that_a_training_left_do_not_outlive_it(place: Path):
    left = CHILD.format(options="start_new_session=True")
    (place / "model" / "__main__.py").write_text(left + "print('error: not a number: nan'); sys.exit(1)")
    with pytest.raises(ProcessFailed, match=r"^nan$") as failed:
        follow([], folder=place / "run", on_event=print, beat=lambda: None)
    assert failed.value.reason == Reason.NOT_FINITE
    assert not living_in(place)


def test_two_do_not_train_in_one_folder(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("annotation_site.training.following.ORPHAN_GRACE_SECONDS", -5.0)
    (place / "model" / "__main__.py").write_text("print('trained')")
    (place / "run").mkdir()
    holder = subprocess.Popen(["flock", str(place / "run" / LOCK_NAME), "cat"], stdin=subprocess.PIPE)
    try:
        free = ["flock", "--nonblock", str(place / "run" / LOCK_NAME), "true"]
        wait_until(lambda: subprocess.run(free, check=False).returncode == 1)
        with pytest.raises(ProcessFailed, match="Another process still trains") as failed:
            follow([], folder=place / "run", on_event=print, beat=lambda: None)
        assert failed.value.reason == Reason.BUSY
    finally:
        holder.communicate()
    follow([], folder=place / "run", on_event=print, beat=lambda: None)
    assert (place / "run" / "log.txt").read_text() == "trained\n"
