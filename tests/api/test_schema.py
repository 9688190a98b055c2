"""The OpenAPI document: complete, without warnings, and shown by a page that the policy lets work."""

from __future__ import annotations

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from annotation_site.api.urls import router
from tests.factories import make_rater

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_generates_without_a_warning_and_holds_every_list() -> None:
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    validate_schema(schema)
    for prefix, _, _ in router.registry:
        assert f"/api/v1/{prefix}/" in schema["paths"]
    assert "post" in schema["paths"]["/api/v1/scoring/leases/"]


def test_the_documentation_is_for_those_who_can_log_in(client: Client) -> None:
    assert client.get("/api/schema/").status_code == 401
    assert client.get("/api/docs/").status_code == 401
    client.force_login(make_rater().user)
    assert client.get("/api/schema/").status_code == 200
    assert client.get("/api/docs/").status_code == 200


def test_the_documentation_page_needs_no_inline_script(client: Client) -> None:
    client.force_login(make_rater().user)
    page = client.get("/api/docs/")
    assert "unsafe-inline" not in page["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    assert "https://" not in page.text.replace("https://127.0.0.1", "")
    script = client.get("/api/docs/", {"script": ""})
    assert script["Content-Type"].startswith("application/javascript")
