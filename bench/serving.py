"""A gunicorn with the whole site, as a server runs it, and what it costs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import TracebackType

from django.db import connection

WORKERS = 4
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """The site under gunicorn with 4 worker processes; its access log keeps its own times."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "access.log"
        self.read_to = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def __enter__(self) -> Server:
        command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "annotation_site.wsgi", "--no-control-socket"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(WORKERS), "--worker-class", "gthread"]
        command += ["--threads", "1", "--keep-alive", "30", "--log-level", "error"]
        command += ["--access-logfile", str(self.log), "--access-logformat", "%(U)s %(s)s %(D)s"]
        self.process = subprocess.Popen(command)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise SystemExit("gunicorn did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait()

    @property
    def pid(self) -> int:
        return self.process.pid

    def times(self) -> dict[str, list[float]]:
        """Milliseconds of each request answered since the last call, by path."""
        with self.log.open() as file:
            file.seek(self.read_to)
            lines = file.read()
            self.read_to = file.tell()
        found = defaultdict(list)
        for line in lines.splitlines():
            path, _, microseconds = line.split()
            found[path].append(int(microseconds) / 1000)
        return found


def processor_seconds(root: int) -> float:
    """Processor time, user and system, of a process and its descendants so far, the ended ones included."""
    children = defaultdict(list)
    spent = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        children[int(fields[1])].append(int(folder.name))
        spent[int(folder.name)] = sum(int(ticks) for ticks in fields[11:15]) / _TICKS
    tree, total = [root], 0.0
    while tree:
        pid = tree.pop()
        total += spent.get(pid, 0.0)
        tree += children[pid]
    return total


def database_pid() -> int:
    """The process that all of PostgreSQL's are children of; 0 where the database is a file."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
    return int(Path(f"/proc/{own}/stat").read_text().rsplit(") ", 1)[1].split()[1])
