"""A judging by a real worker of the queue `judge`, on a real broker; a killed worker leaves no model behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation_site import broker
from tests.corpus.conftest import migrated_sqlite
from tests.corpus.sites import Site, children, kill
from tests.databases import SQLITE_NAME
from tests.judging.conftest import music_bytes, picture_bytes
from tests.judging.test_work import checkpoint_in

__all__ = ["migrated_sqlite"]

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(600)]

PREPARE = """
from tests.judging.conftest import make_version
make_version()
"""
ASK = """
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pathlib import Path
from annotation_site.judging.services import Question, judging_ask
sent = [SimpleUploadedFile(name, Path({folder!r}, name).read_bytes()) for name in ("a.jpg", "b.flac")]
question = Question(sent_paintings=sent[:1], sent_music=sent[1])
print("ASKED", judging_ask(question=question, user=None, now=timezone.now()).pk)
"""


@pytest.fixture
def site(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Site]:
    """A state folder with an active version, and a broker."""
    state = tmp_path / "var"
    checkpoint_in(state / "runs" / "run-1", seed=1)
    shutil.copy(migrated_sqlite, state / SQLITE_NAME)
    server = broker.start(state)
    assert server is not None
    found = Site(state)
    found.shell(PREPARE)
    (tmp_path / "a.jpg").write_bytes(picture_bytes())
    (tmp_path / "b.flac").write_bytes(music_bytes(31))
    yield found
    server.terminate()
    server.wait(timeout=60)


def worker_of(site: Site) -> subprocess.Popen[bytes]:
    return site.start("-m", "celery", "-A", "annotation_site", "worker", "-Q", "judge", "-c", "1", "--without-mingle")


def judged(site: Site, folder: Path) -> dict[str, object]:
    """Asked, and waited for; what the model said."""
    pk = int(site.shell(ASK.format(folder=str(folder))).rsplit("ASKED", 1)[1])
    end = time.monotonic() + 240
    while True:
        state, error, result = row(site, pk)
        if state == "done":
            return dict(json.loads(result))
        assert state in ("queued", "running"), error
        assert time.monotonic() < end
        time.sleep(0.1)


def row(site: Site, pk: int) -> tuple[str, str, str]:
    with contextlib.closing(
        sqlite3.connect(f"file:{site.state / SQLITE_NAME}?mode=ro", uri=True, timeout=20)
    ) as database:
        found = database.execute("SELECT state, error, result FROM judging_judging WHERE id = ?", (pk,)).fetchone()
    return (found[0], found[1], found[2])


def is_model(pid: int) -> bool:
    try:
        return b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return False


def test_a_worker_keeps_one_model_warm_and_takes_it_with_it(site: Site, tmp_path: Path):
    worker = worker_of(site)
    try:
        first = judged(site, tmp_path)
        (child,) = children(worker.pid)
        (model,) = (pid for pid in children(child) if is_model(pid))
        assert judged(site, tmp_path)["paintings"] == first["paintings"]
        assert is_model(model), "it is asked again, not started again"
        for pid in (worker.pid, child):  # the worker alone, not its group: the model must notice by itself
            os.kill(pid, signal.SIGKILL)
        worker.wait(timeout=60)
        end = time.monotonic() + 60
        while is_model(model):
            assert time.monotonic() < end
            time.sleep(0.1)
        worker = worker_of(site)
        assert judged(site, tmp_path)["paintings"] == first["paintings"]
    finally:
        kill(worker)
