"""`/healthz`: whether the site can do its work, for load balancers and supervisors. It tells no more than that."""

from __future__ import annotations

from datetime import datetime, timedelta

import redis
from celery import current_app
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from annotation_site.jobs.tasks import SWEPT_AT

WORKER_LATE = timedelta(seconds=60)
"""The sweep comes every 10 seconds; six of them missing means that no worker takes tasks, or beat stands still."""


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database and the broker answer, else 503. A worker that is late is told but is no outage."""
    parts = {"database": _database(), "broker": _broker(), "worker": _worker(timezone.now())}
    is_up = parts["database"] == parts["broker"] == "ok"
    return JsonResponse({"status": "ok" if is_up else "down", **parts}, status=200 if is_up else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def _broker() -> str:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2, interval_start=0, interval_max=0)
    except (OperationalError, OSError):
        return "down"
    return "ok"


def _worker(now: datetime) -> str:
    try:
        swept_at = cache.get(SWEPT_AT)
    except (redis.RedisError, OSError):
        return "unknown"
    if swept_at is None:
        return "unknown"
    return "ok" if now - swept_at < WORKER_LATE else "late"
