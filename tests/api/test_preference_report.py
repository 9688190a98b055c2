"""The preference report through the API: the panel's numbers, for admins only."""

from __future__ import annotations

import json

import pytest
from rest_framework.test import APIClient

from annotation_site.preferences.report.computing import report_compute
from annotation_site.preferences.report.numbers import report_as_dict
from tests.conftest import NOON
from tests.preferences.worked import Worked, worked_campaign

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/campaigns/winter/preference-report/"


@pytest.fixture
def worked() -> Worked:
    return worked_campaign()


def test_admins_get_every_number(worked: Worked, ada: APIClient) -> None:
    told, fresh = ada.get(ADDRESS).json(), report_as_dict(report=report_compute(campaign=worked.campaign, now=NOON))
    del told["computed_at"], fresh["computed_at"]
    assert told == json.loads(json.dumps(fresh))
    assert told["raters"][0]["left"]["is_flagged"]


def test_nobody_else_does_not_even_those_who_voted(
    worked: Worked, vera: APIClient, plain: APIClient, stranger: APIClient
) -> None:
    voter = APIClient()
    voter.force_authenticate(worked.raters[0].user)
    assert [client.get(ADDRESS).status_code for client in (voter, vera, plain, stranger)] == [403, 403, 403, 401]
    assert vera.get(ADDRESS).json()["code"] == "permission_denied"


def test_it_is_only_read_and_only_of_campaigns_that_are_there(worked: Worked, ada: APIClient) -> None:
    assert ada.post(ADDRESS, {}, format="json").status_code == 405
    assert ada.get("/api/v1/campaigns/spring/preference-report/").json()["code"] == "not_found"


def test_the_documentation_has_it(worked: Worked, ada: APIClient) -> None:
    schema = ada.get("/api/schema/", {"format": "json"}, headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    described = schema["paths"]["/api/v1/campaigns/{slug}/preference-report/"]["get"]
    assert "cycles and Bradley-Terry scales" in described["description"]
