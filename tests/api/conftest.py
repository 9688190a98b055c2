"""The four people who try each endpoint."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.factories import make_admin, make_rater, make_user


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """Rate limits and cached reports of another test would tell nothing about this one."""
    cache.clear()


@pytest.fixture
def ada(db: None) -> APIClient:
    """An admin."""
    client = APIClient()
    client.force_authenticate(make_admin("ada"))
    return client


@pytest.fixture
def vera(db: None) -> APIClient:
    """A rater."""
    client = APIClient()
    client.force_authenticate(make_rater("vera").user)
    return client


@pytest.fixture
def plain(db: None) -> APIClient:
    """Someone who can log in and nothing else."""
    client = APIClient()
    client.force_authenticate(make_user("paul"))
    return client


@pytest.fixture
def stranger(db: None) -> APIClient:
    return APIClient()
