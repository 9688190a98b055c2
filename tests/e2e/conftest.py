"""A browser, and a site that runs as a person's does: `make run`'s supervisor with its worker, beat and broker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import launch_options
from tests.conftest import REPO_ROOT
from tests.e2e.stage import SOON_MS, admin, stage, winter
from tests.running.servers import servers

__all__ = ["admin", "stage", "winter"]

expect.set_options(timeout=SOON_MS)  # a busy machine is slow, not wrong

SCREENS = Path(__file__).parent / "screens"


@dataclass(frozen=True)
class Site:
    """A running site: its address, its state folder, how to log in as admin and as rater; its PostgreSQL, if any."""

    url: str
    state: Path
    logins: dict[str, tuple[str, str]]
    process: subprocess.Popen[str]
    database_url: str = ""

    def manage(self, *arguments: str) -> str:
        """Run a management command on the site's own database."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPO_ROOT,
            env=surroundings(self.state),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def surroundings(state: Path) -> dict[str, str]:
    """The environment of a person who has set nothing but where the state lies."""
    env = {**os.environ, "ATELIER_STATE": str(state), "PYTHONUNBUFFERED": "1"}
    for name in ("SECRET_KEY", "CACHE_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "OMP_NUM_THREADS", "LOG_LEVEL"):
        env.pop(name, None)
    return env


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return launch_options()


@pytest.fixture(scope="session")
def screens() -> Path:
    SCREENS.mkdir(exist_ok=True)
    return SCREENS


@pytest.fixture(params=["one machine", "servers"])
def running_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, seeded and running, with a real worker; stopped as Ctrl-C stops it.

    On one machine with SQLite and the broker that it starts itself, and with PostgreSQL and another broker by setting.
    """
    folder = tmp_path_factory.mktemp("site")
    elsewhere = servers(folder / "elsewhere") if request.param == "servers" else nullcontext({})
    with elsewhere as settings, _running(folder / "var", **settings) as site:
        logins = json.loads((site.state / "demo-logins.json").read_text())
        site.logins.update({login["role"]: (login["username"], login["password"]) for login in logins})
        yield site


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same without the demo: nothing in it but an admin. It starts in a fraction of the time."""
    password = "a long word for tests"
    state = tmp_path_factory.mktemp("empty-site") / "var"
    with _running(state, "--demo", "0", ADMIN_PASSWORD=password) as site:
        site.logins["admin"] = ("admin", password)
        yield site


@contextmanager
def _running(state: Path, *options: str, **environment: str) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "annotation_site.run", "--port", str(port), *options],
        cwd=REPO_ROOT,
        env={**surroundings(state), **environment},
        stdin=subprocess.DEVNULL,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_answering(url, process)
        yield Site(url, state, {}, process, environment.get("DATABASE_URL", ""))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=90)
    assert process.returncode == 0


def _wait_until_answering(url: str, process: subprocess.Popen[str], seconds: float = 600.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the site ended by itself; its output says why"
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"{url} did not answer within {seconds:.0f} s")
