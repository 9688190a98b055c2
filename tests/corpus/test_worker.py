"""Imports by a real Celery worker on a real broker, as the admin panel starts them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from annotation_site import broker
from tests.conftest import REPO_ROOT
from tests.databases import SQLITE_NAME
from tests.mpd_builder.media_files import gradient

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(600)]

START = """
from pathlib import Path
from django.utils import timezone
from annotation_site.corpus.models import ImportJob
from annotation_site.corpus.services import import_start
print("job", import_start(source=ImportJob.Source.FOLDER, path=Path({path!r}), user=None, now=timezone.now()).pk)
"""


def surroundings(state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    return kept | {"ATELIER_STATE": str(state), "CACHE_URL": "locmem://", "SECRET_KEY": "tests-only"}


def manage(state: Path, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=REPO_ROOT, env=surroundings(state), capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


@pytest.fixture
def state(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Path]:
    """A site's state with its database and a running broker and worker."""
    folder = tmp_path / "var"
    folder.mkdir()
    server = broker.start(folder)
    assert server is not None
    shutil.copy(migrated_sqlite, folder / SQLITE_NAME)
    command = [sys.executable, "-m", "celery", "-A", "annotation_site", "worker", "-Q", "default", "-c", "1"]
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(command, cwd=REPO_ROOT, env=surroundings(folder), stdout=log, stderr=log)
    yield folder
    for process in (worker, server):
        process.terminate()
        process.wait(timeout=60)


def job(state: Path, number: int) -> dict[str, Any]:
    database = sqlite3.connect(f"file:{state / 'db.sqlite3'}?mode=ro", uri=True, timeout=20)
    database.row_factory = sqlite3.Row
    row = database.execute("SELECT * FROM corpus_importjob WHERE id = ?", (number,)).fetchone()
    database.close()
    return dict(row)


def wait_for(state: Path, number: int, when: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end = time.monotonic() + 240
    while not when(row := job(state, number)):
        assert time.monotonic() < end, row
        time.sleep(0.1)
    return row


def start(state: Path, path: Path) -> int:
    said = manage(state, "shell", "-v", "0", "-c", START.format(path=str(path)))
    return int(said.rsplit("job", 1)[1])


def test_a_worker_imports_a_folder_and_stops_when_asked(state: Path, untidy: Path, tmp_path: Path):
    number = start(state, untidy)
    done = wait_for(state, number, lambda row: row["state"] in ("done", "failed"))
    assert (done["state"], done["error"]) == ("done", "")
    assert (done["n_added"], done["n_skipped"], done["n_failed"]) == (3, 1, 2)

    buffer = BytesIO()
    gradient(3_000, 3_000).save(buffer, "JPEG")
    (tmp_path / "many").mkdir()
    for index in range(300):
        (tmp_path / "many" / f"{index}.jpg").write_bytes(buffer.getvalue() + str(index).encode())
    number = start(state, tmp_path / "many")
    wait_for(state, number, lambda row: row["n_added"] > 3)
    with sqlite3.connect(state / "db.sqlite3", timeout=20) as database:
        database.execute("UPDATE corpus_importjob SET cancel_requested = 1 WHERE id = ?", (number,))
    database.close()
    stopped = wait_for(state, number, lambda row: row["state"] != "running")
    assert stopped["state"] == "cancelled"
    assert 3 < stopped["n_added"] < 300
    taken = {path.name for path in (state / "media" / "originals").rglob("*.jpg")}
    assert len(taken) >= stopped["n_added"]
