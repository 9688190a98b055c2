"""The Celery application. Messages carry row ids only; the rows are the truth (see `jobs/`)."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation_site.settings")

GIVES_WAY = 5
"""How much lower (`nice`) than the site a worker stands: raters wait for pages, nobody for a job's second."""

app = Celery("annotation_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """Celery would replace the logging that the settings made."""


@worker_init.connect
def give_way(**_: object) -> None:
    """Before the worker's own processes are started, so that all of them give way."""
    os.nice(GIVES_WAY)
