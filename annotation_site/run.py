"""`make run`: the broker, the site, a Celery worker and Celery beat as separate processes under one supervisor."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from annotation_site import broker, local

HOST = "127.0.0.1"
GRACE_SECONDS = 20.0
WORKERS = ("worker", "judge")


class CannotRun(Exception):
    """One clear line about what is in the way."""


@dataclass
class Child:
    """A process of the site. `farewell` is the signal that stops it in order."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    farewell: signal.Signals = signal.SIGTERM


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(local.BASE_DIR / "manage.py"), *arguments]


def _step(*arguments: str) -> None:
    if subprocess.call(_manage(*arguments), cwd=local.BASE_DIR) != 0:
        raise CannotRun(f"`manage.py {arguments[0]}` failed; the lines above say why. Nothing was started.")


def commands(port: int) -> dict[str, list[str]]:
    """Each process of the site on one machine. One worker serves jobs, one keeps the model warm that judges."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "annotation_site"]
    site = [*python, "gunicorn", "annotation_site.wsgi", "--bind", f"{HOST}:{port}", "--workers", "2", "--threads", "4"]
    return {
        "site": [*site, "--timeout", "120", "--graceful-timeout", "5", "--no-control-socket"],
        "worker": [*celery, "worker", "-Q", "default,gpu", "-c", "2", "-l", "info", "--without-mingle"],
        "judge": [*celery, "worker", "-Q", "judge", "-c", "1", "-l", "info", "--without-mingle", "-n", "judge@%h"],
        "beat": [*celery, "beat", "-l", "warning", "--pidfile="],
    }


@contextlib.contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Two supervisors on one state folder would fight: the second one is told where the first runs."""
    with (state / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotRun(
                f"MPD Atelier is already running here, at {lock.read().strip() or 'another port'}."
            ) from None
        lock.truncate(0)
        lock.write(os.environ["SITE_URL"])
        lock.flush()
        yield


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotRun(f"Port {port} cannot be used ({error.strerror}). Try `make run PORT={port + 1}`.") from None


def first_admin() -> None:
    """An empty site needs somebody who may log in; asks once, never invents a password."""
    has_admin = subprocess.run(_manage("has_admin"), cwd=local.BASE_DIR, check=False).returncode == 0
    if has_admin:
        return
    password = os.environ.get("ADMIN_PASSWORD", "")
    if not password:
        if not sys.stdin.isatty():
            raise CannotRun("An empty site needs an admin: set ADMIN_PASSWORD, or start it in a terminal that can ask.")
        password = getpass.getpass("Choose a password for the user `admin` (10 characters or more): ")
    made = subprocess.run(_manage("make_admin"), cwd=local.BASE_DIR, check=False, input=password.encode())
    if made.returncode != 0:
        raise CannotRun("No admin was made; the line above says why.")


def start(name: str, command: list[str], *, logs: Path) -> Child:
    log = logs / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=local.BASE_DIR, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    # A worker does not wait for its jobs: each is a row, and goes on from where it was at the next start.
    return Child(name, process, log, signal.SIGQUIT if name in WORKERS else signal.SIGTERM)


def wait_until_answering(url: str, site: Child, *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and site.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310 - our own address
                return
        except urllib.error.HTTPError:
            return  # it answers; the page says what is unwell
        except OSError:
            time.sleep(0.1)
    raise CannotRun(f"The site did not start; {site.log} says why.")


def stop(children: list[Child]) -> None:
    """Its farewell to each, then SIGKILL to each process group that outstays the grace."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(child.farewell)
    end = time.monotonic() + GRACE_SECONDS
    for child in children:
        try:
            child.process.wait(timeout=max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def announce(url: str, state: Path, *, demo: bool) -> None:
    print(f"\n  MPD Atelier runs at {url}\n")
    logins = state / "demo-logins.json"
    if demo and logins.exists():
        for login in json.loads(logins.read_text()):
            print(f"    {login['role']:<6} {login['username']:<8} {login['password']}")
        print("\n  The demo's paintings, music and first ratings are synthetic.")
    print(f"  Logs: {state / 'logs'}\n  Ctrl-C stops everything.\n", flush=True)


def serve(*, port: int, demo: bool, state: Path) -> int:
    url = os.environ["SITE_URL"]
    logs = state / "logs"
    logs.mkdir(exist_ok=True)
    valkey = None if os.environ.get("BROKER_URL") else broker.start(state)
    children: list[Child] = []
    try:
        _step("migrate", "--noinput", "-v", "0")
        if demo:
            _step("seed_demo")
        else:
            first_admin()
        for name, command in commands(port).items():
            children.append(start(name, command, logs=logs))
        wait_until_answering(url, children[0])
        announce(url, state, demo=demo)
        while all(child.process.poll() is None for child in children):
            time.sleep(0.3)
        dead = next(child for child in children if child.process.poll() is not None)
        raise CannotRun(f"The {dead.name} stopped by itself (status {dead.process.returncode}); {dead.log} says why.")
    except KeyboardInterrupt:
        print("\nStopping", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        stop(children)
        if valkey is not None:
            stop([Child("broker", valkey, state / "broker" / "server.log")])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make run", description="Run the whole site on this machine.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--demo", choices=["0", "1"], default="1")
    options = parser.parse_args(arguments)

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for sign in (signal.SIGINT, signal.SIGTERM):  # a shell may have started us with SIGINT ignored
        signal.signal(sign, interrupt)
    os.environ["SITE_URL"] = f"http://{HOST}:{options.port}"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation_site.settings")
    try:
        check_port(options.port)
        state = local.prepare()
        with only_one(state):
            return serve(port=options.port, demo=options.demo == "1", state=state)
    except (CannotRun, broker.BrokerUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"Cannot write to {local.state_dir()}: {error.strerror}. Set ATELIER_STATE to a folder that you own.",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
