from __future__ import annotations

import os

import pytest
from celery.signals import worker_init

from annotation_site import celery


def test_a_worker_gives_way_to_the_sites_own_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    lowered: list[int] = []
    monkeypatch.setattr(os, "nice", lowered.append)
    worker_init.send(sender=None)
    assert lowered == [celery.GIVES_WAY]
    assert celery.GIVES_WAY > 0
