"""Four people who try every page: a rater, another rater, an admin, and a stranger who is not logged in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch

import pytest
from django.test import Client

from annotation_site.accounts.models import Rater, User
from tests import factories


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the views believe that it is this moment."""
    with patch("django.utils.timezone.now", return_value=moment):
        yield


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def vera(db: None) -> Rater:
    return factories.make_rater("vera", password="a long password")


@pytest.fixture
def boris(db: None) -> Rater:
    return factories.make_rater("boris")


@pytest.fixture
def as_vera(vera: Rater) -> Client:
    return logged_in(vera.user)


@pytest.fixture
def as_boris(boris: Rater) -> Client:
    return logged_in(boris.user)


@pytest.fixture
def as_admin(db: None) -> Client:
    return logged_in(factories.make_admin("ada"))


@pytest.fixture
def as_stranger(db: None) -> Client:
    return Client()
