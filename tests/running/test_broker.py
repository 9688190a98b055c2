"""The embedded broker: started once, found again, never reachable from the network."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from annotation_site import broker


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose server is stopped after the test, whoever started it."""
    yield tmp_path
    pid_file = tmp_path / "broker" / "server.pid"
    if pid_file.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text()), signal.SIGTERM)


@pytest.fixture
def start(state: Path) -> Iterator[Callable[[], subprocess.Popen[bytes] | None]]:
    """`broker.start`, with every process that it starts reaped after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes] | None:
        if server := broker.start(state):
            started.append(server)
        return server

    yield begin
    for server in started:
        server.terminate()
        server.wait(timeout=10)


@pytest.mark.services
def test_the_server_is_started_once_and_found_again(state: Path, start):
    assert start() is not None
    assert start() is None
    with redis.Redis(unix_socket_path=str(broker.socket_path(state))) as client:
        assert client.config_get("port")["port"] == "0"
        assert client.config_get("appendonly")["appendonly"] == "yes"
    assert oct(broker.socket_path(state).stat().st_mode)[-3:] == "700"


@pytest.mark.services
def test_processes_that_start_it_at_once_get_one_server(state: Path):
    code = f"""
import os, pathlib
from annotation_site import broker
server = broker.start(pathlib.Path({str(state)!r}))
print(server and server.pid, flush=True)
os._exit(0)
"""
    starters = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [starter.communicate(timeout=60)[0].strip() for starter in starters]
    assert sum(answer != "None" for answer in said) == 1


@pytest.mark.services
def test_what_was_queued_survives_a_kill(state: Path, start):
    server = start()
    with redis.Redis(unix_socket_path=str(broker.socket_path(state))) as client:
        client.rpush("default", "a message")
        client.execute_command("WAITAOF", 1, 0, 2000)
    server.kill()
    server.wait()
    assert start() is not None
    with redis.Redis(unix_socket_path=str(broker.socket_path(state))) as client:
        assert client.lrange("default", 0, -1) == [b"a message"]


def test_a_deep_folder_gets_a_short_socket(tmp_path: Path):
    deep = tmp_path / ("x" * 120)
    assert len(os.fsencode(broker.socket_path(deep))) <= broker.MAX_SOCKET_PATH
    assert broker.socket_path(deep) != broker.socket_path(tmp_path / ("y" * 120))


def test_no_server_for_this_platform_names_the_way_out(monkeypatch: pytest.MonkeyPatch):
    def none() -> Path:
        raise broker.ValkeyBinaryNotFoundError("none")

    monkeypatch.setattr(broker, "get_binary_path", none)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(broker.BrokerUnavailable, match="BROKER_URL"):
        broker.server_binary()
