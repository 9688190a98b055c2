"""`/healthz`: up, down, and a worker that is late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from annotation_site.api import health
from annotation_site.jobs import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run without a broker; what asks it has a test of its own below."""
    cache.clear()
    monkeypatch.setattr(health, "_broker", lambda: "ok")


def test_it_is_well(client: Client) -> None:
    tasks.sweep()
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "database": "ok", "broker": "ok", "worker": "ok"},
    )
    assert "no-store" in response["Cache-Control"]


def test_a_late_worker_is_told_but_is_no_outage(client: Client) -> None:
    assert client.get("/healthz").json()["worker"] == "unknown"
    cache.set(tasks.SWEPT_AT, timezone.now() - timedelta(minutes=2))
    response = client.get("/healthz")
    assert (response.status_code, response.json()["worker"]) == (200, "late")


def test_a_database_that_does_not_answer_is_an_outage(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["database"] == "down"


def test_a_broker_that_does_not_answer_is_an_outage(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real question; nothing listens on the tests' socket
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["broker"] == "down"
