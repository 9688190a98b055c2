"""The same site on real servers by setting: PostgreSQL by DATABASE_URL, a broker of its own by BROKER_URL."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from tests.running.servers import servers
from tests.running.test_run import _wait_until_answering, free_port, run_site


@pytest.mark.slow
@pytest.mark.services
def test_a_job_is_done_on_postgresql_by_a_worker_behind_another_broker(tmp_path: Path):
    """An import is queued through the API as an admin's script would, and a Celery worker takes it."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for shade in range(3):
        Image.new("RGB", (320, 300), (80 * shade, 90, 120)).save(pictures / f"{shade}.png")
    with servers(tmp_path / "elsewhere") as settings:
        port = free_port()
        options = ("--port", str(port), "--demo", "0")
        site = run_site(tmp_path / "var", *options, ADMIN_PASSWORD="brush-and-bow-7", **settings)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_answering(f"{url}/healthz", site)
            token = ask(f"{url}/api/v1/token/", {"username": "admin", "password": "brush-and-bow-7"})["token"]
            job = ask(f"{url}/api/v1/imports/", {"path": str(pictures)}, token=token)
            assert done(f"{url}/api/v1/imports/{job['id']}/", token)["n_added"] == 3
            assert not (tmp_path / "var" / "db.sqlite3").exists()
            assert not (tmp_path / "var" / "broker" / "broker.sock").exists()
        finally:
            site.send_signal(signal.SIGINT)
            site.communicate(timeout=60)


def ask(url: str, data: dict[str, str] | None = None, *, token: str = "") -> dict[str, str]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Token {token}"} if token else {})}
    request = urllib.request.Request(url, data=json.dumps(data).encode() if data else None, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, str] = json.load(answer)
        return found


def done(url: str, token: str, seconds: float = 90.0) -> dict[str, str]:
    """The job once a worker has done it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = ask(url, token=token)
        if job["state"] in ("done", "failed"):
            assert job["state"] == "done", job
            return job
        time.sleep(0.3)
    raise AssertionError("no worker has done the job in time")
