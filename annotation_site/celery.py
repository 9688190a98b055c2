"""The Celery application. Messages carry row ids only; the rows are the truth (see `jobs/`)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation_site.settings")

GIVES_WAY = 5
"""How much lower (`nice`) than the site a worker stands: raters wait for pages, nobody for a job's second."""

_PR_SET_PDEATHSIG = 1
_worker: list[int] = []

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
    _worker.append(os.getpid())


@worker_process_init.connect
def end_with_worker(**_: object) -> None:
    """Linux: a worker that is killed is gone with all its processes, so that what they did is given to another.

    Celery's own would work on alone to the end of their task, where nobody can stop them.
    """
    if sys.platform == "linux" and os.getpid() not in _worker:  # a pool may also be the worker itself
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@worker_ready.connect
def keep_watch(**_: object) -> None:
    """Every worker's main process sweeps where beat's sweep finds no worker free."""
    from annotation_site.jobs.watch import Watch  # the models are there only now

    Watch().start()
