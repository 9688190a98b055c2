"""The supervisor: one line when it cannot run, nothing left behind when it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from annotation_site import broker
from tests.conftest import REPO_ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_site(state: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    ours = ("SECRET_KEY", "CACHE_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    surroundings = {name: value for name, value in os.environ.items() if name not in ours}
    surroundings |= {"ATELIER_STATE": str(state), "PYTHONUNBUFFERED": "1", **env}
    return subprocess.Popen(
        [sys.executable, "-m", "annotation_site.run", *arguments],
        cwd=REPO_ROOT,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_busy_port_is_one_line(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        site = run_site(tmp_path / "var", "--port", str(port))
        _, errors = site.communicate(timeout=60)
    assert site.returncode == 1
    assert errors.startswith(f"Port {port} cannot be used")
    assert not (tmp_path / "var").exists()


def test_a_folder_that_cannot_be_written_is_one_line():
    site = run_site(Path("/proc/atelier"), "--port", str(free_port()))
    _, errors = site.communicate(timeout=60)
    assert site.returncode == 1
    assert errors.splitlines()[-1].startswith("Cannot write to /proc/atelier")


@pytest.mark.slow
@pytest.mark.services
def test_an_empty_site_starts_answers_and_stops_without_a_trace(tmp_path):
    state, port = tmp_path / "var", free_port()
    asks = run_site(state, "--port", str(port), "--demo", "0")
    _, errors = asks.communicate(timeout=120)
    assert asks.returncode == 1
    assert "set ADMIN_PASSWORD" in errors

    site = run_site(state, "--port", str(port), "--demo", "0", ADMIN_PASSWORD="brush-and-bow-7")
    try:
        _wait_until_answering(f"http://127.0.0.1:{port}/healthz", site)
        second = run_site(state, "--port", str(free_port()), "--demo", "0")
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        assert f"already running here, at http://127.0.0.1:{port}" in errors
        children = _children(site.pid)
        assert len(children) >= 3
    finally:
        site.send_signal(signal.SIGINT)
        site.communicate(timeout=60)
    assert site.returncode == 0
    assert not [pid for pid in children if _alive(pid)]
    assert not broker.is_alive(broker.socket_path(state))


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until_answering(url: str, site: subprocess.Popen[str], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert site.poll() is None, site.communicate()
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the site did not answer in time")
