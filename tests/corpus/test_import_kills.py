"""Imports whose processes are killed at random moments, on SQLite and on PostgreSQL: run again, they end whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotation_site import broker
from tests.corpus.sites import Site, children, kill, migrate
from tests.databases import SQLITE_NAME, postgres_copies
from tests.mpd_builder.media_files import tone, write_sound

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(900)]

PICTURES, COPIES, TRACKS, BAD = 36, 4, 3, 2
SECONDS = 31


@pytest.fixture(scope="module")
def full_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that take a moment each, copies of some of them, music, and files that cannot be taken."""
    root = tmp_path_factory.mktemp("full")
    noise = np.random.default_rng(7)
    for index in range(PICTURES):
        buffer = BytesIO()
        pixels = noise.integers(0, 256, (900, 1200, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(buffer, "JPEG", quality=70)
        (root / f"{index:02d}.jpg").write_bytes(buffer.getvalue())
        if index < COPIES:
            (root / f"{index:02d} copy.jpg").write_bytes(buffer.getvalue())
    for index in range(TRACKS):
        write_sound(root / f"track {index}.wav", tone(SECONDS, hz=200.0 + 50 * index))
    for index in range(BAD):
        (root / f"bad {index}.jpg").write_text(f"<html>{index}</html>")
    return root


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    with postgres_copies(tmp_path_factory.mktemp("migrated"), migrate) as copies:
        yield copies


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> Site:
    (tmp_path / "var").mkdir()
    if request.param == "postgres":
        return Site(tmp_path / "var", request.getfixturevalue("postgres")())
    shutil.copy(migrated_sqlite, tmp_path / "var" / SQLITE_NAME)
    return Site(tmp_path / "var")


def check_all_is_there_once(site: Site) -> None:
    facts = site.facts()
    assert (facts["Painting"], facts["Track"], facts["Clip"]) == (PICTURES, TRACKS, 2 * TRACKS)
    assert (facts["PaintingOrigin"], facts["TrackOrigin"]) == (PICTURES + COPIES, TRACKS)
    assert facts["tracks_without_clips"] == 0
    assert site.damaged() == []
    stored = {path.relative_to(site.state / "media").as_posix() for path in site.media}
    assert stored == set(facts["files"])
    last = facts["jobs"][-1]
    assert (last["state"], last["done"], last["total"]) == ("done", last["total"], PICTURES + COPIES + TRACKS + BAD)
    assert (last["n_added"] + last["n_skipped"], last["n_failed"]) == (PICTURES + COPIES + TRACKS, BAD)
    codes = [code for job, _, code in facts["issues"] if job == last["pk"]]
    assert sorted(codes) == ["duplicate"] * COPIES + ["web_page"] * BAD
    assert site.scratch() == []


def kill_at_work(site: Site, process: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Kill it at a random moment: when it has its scratch folder, and 0 to 30 files more are stored than before."""
    scratch, files = set(site.scratch()), len(site.media) + chance.randint(0, 30)
    while not set(site.scratch()) - scratch or len(site.media) < files:
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.003)
    time.sleep(chance.uniform(0.0, 0.05))
    kill(process)


@pytest.mark.parametrize(("site", "kind"), [("sqlite", "folder"), ("postgres", "zip")], indirect=["site"])
def test_the_command_killed_at_random_moments_goes_on(site: Site, full_folder: Path, tmp_path: Path, kind: str):
    source = full_folder
    if kind == "zip":
        source = tmp_path / "all.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for path in sorted(full_folder.iterdir()):
                archive.write(path, path.name)
    arguments = ("manage.py", "import_corpus", f"--{kind}", str(source), "--json")
    chance = random.Random(f"{kind}{site.database_url[:4]}")
    for _ in range(4):
        kill_at_work(site, site.start(*arguments), chance)
    assert site.scratch() != [], "what a killed import unpacked is left for the next one to remove"
    site.manage(*arguments[1:])
    check_all_is_there_once(site)


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_a_killed_child_costs_nothing(site: Site, full_folder: Path):
    process = site.start("manage.py", "import_corpus", "--folder", str(full_folder))
    killed: list[int] = []
    while process.poll() is None and len(killed) < 4:
        time.sleep(0.05)
        if len(site.media) > 25 * len(killed):
            fresh = [child for child in children(process.pid) if child not in killed]
            killed += fresh[:1]
            for child in fresh[:1]:
                os.kill(child, signal.SIGKILL)
    assert process.wait(timeout=120) == 0
    assert len(killed) == 4
    check_all_is_there_once(site)


START = """
from pathlib import Path
from django.utils import timezone
from annotation_site.corpus.models import ImportJob
from annotation_site.corpus.services import import_start
import_start(source=ImportJob.Source.FOLDER, path=Path({path!r}), user=None, now=timezone.now())
"""

# The heartbeat of a dead worker grows old in a minute; the tests do not wait for it.
SWEEP = """
from datetime import timedelta
from django.utils import timezone
from annotation_site.corpus.models import ImportJob
from annotation_site.jobs.services import jobs_sweep
old = timezone.now() - timedelta(minutes=5)
ImportJob.objects.filter(state="running").update(heartbeat_at=old)
ImportJob.objects.filter(state="queued").update(sent_at=None)
jobs_sweep(model=ImportJob, now=timezone.now())
"""


def test_a_worker_killed_twice_is_followed_by_another_that_ends_the_job(site: Site, full_folder: Path):
    server = broker.start(site.state)
    assert server is not None
    worker = ("-m", "celery", "-A", "annotation_site", "worker", "-Q", "default", "-c", "1")
    chance = random.Random(11)
    process: subprocess.Popen[bytes] | None = None
    try:
        site.shell(START.format(path=str(full_folder)))
        for _ in range(2):
            process = site.start(*worker)
            kill_at_work(site, process, chance)
            assert site.facts()["jobs"][0]["state"] == "running"
            site.shell(SWEEP)
        process = site.start(*worker)
        end = time.monotonic() + 120
        while site.facts()["jobs"][0]["state"] not in ("done", "failed"):
            assert time.monotonic() < end
            time.sleep(0.5)
        process.terminate()
        process.wait(timeout=60)
    finally:
        if process is not None and process.poll() is None:
            kill(process)
        server.terminate()
        server.wait(timeout=60)
    check_all_is_there_once(site)
    (job,) = site.facts()["jobs"]
    assert (job["attempts"], job["n_added"], job["n_skipped"]) == (3, PICTURES + TRACKS, COPIES)


def test_two_commands_at_once_over_one_folder_store_each_item_once(site: Site, full_folder: Path):
    processes = [site.start("manage.py", "import_corpus", "--folder", str(full_folder)) for _ in range(2)]
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    facts = site.facts()
    assert sum(job["n_added"] for job in facts["jobs"]) == PICTURES + TRACKS
    assert all(job["n_added"] + job["n_skipped"] == PICTURES + COPIES + TRACKS for job in facts["jobs"])
    check_all_is_there_once(site)
