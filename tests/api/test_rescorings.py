"""Rescorings and proposed batches by API: started, paused, resumed, read and approved; refusals come in words."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from annotation_site.rescoring import tasks
from annotation_site.rescoring.models import Proposal, Rescoring
from tests.rescoring.conftest import campaign, fake_model
from tests.rescoring.makers import make_version, proposed, scored

__all__ = ["campaign", "fake_model"]

pytestmark = pytest.mark.django_db


def api(path: str) -> str:
    return f"/api/v1/{path}"


def test_a_rescoring_is_started_paused_resumed_and_stopped(ada: APIClient, campaign, fake_model) -> None:
    wanted = {"version": make_version().pk, "campaign": campaign.slug, "pool": "styles", "styles": ["Cubism"]}
    answer = ada.post(api("rescorings/"), wanted | {"ask_for": 0}, format="json")
    assert (answer.status_code, answer.json()["stage"], answer.json()["styles"]) == (201, "gathering", ["Cubism"])
    own = f"rescorings/{answer.json()['id']}/"
    early = ada.post(api(f"{own}pause/"), format="json")
    assert (early.status_code, early.json()["code"]) == (409, "refused")
    tasks.run(Rescoring.objects.get().pk)
    assert ada.post(api(f"{own}pause/"), format="json").json()["is_paused"] is True
    resumed = ada.post(api(f"{own}resume/"), format="json").json()
    assert (resumed["is_paused"], resumed["state"], resumed["total"]) == (False, "running", 6)
    assert ada.post(api(f"{own}cancel/"), format="json").json()["state"] == "cancelled"
    assert ada.post(api(f"{own}cancel/"), format="json").json()["code"] == "job_is_over"


def test_what_cannot_be_scored_is_refused_in_words(ada: APIClient, campaign) -> None:
    wanted = {"version": make_version().pk, "campaign": campaign.slug, "pool_size": 5, "ask_for": 9}
    answer = ada.post(api("rescorings/"), wanted, format="json")
    assert (answer.status_code, "no more pairs than are scored" in answer.json()["detail"]) == (409, True)
    assert ada.post(api("rescorings/"), wanted | {"pool": "all"}, format="json").status_code == 400


def test_a_batch_is_asked_for_read_and_approved_once(ada: APIClient, campaign) -> None:
    rescoring = scored(campaign)
    wanted = {"rescoring": rescoring.pk, "method": "band", "count": 4}
    answer = ada.post(api("proposals/"), wanted, format="json")
    assert (answer.status_code, answer.json()["standing"]) == (201, "draft")
    own = f"proposals/{proposed(rescoring, count=4).pk}/"
    pairs = ada.get(api(f"{own}pairs/")).json()
    assert [(pair["rank"], pair["reason"]) for pair in pairs] == [
        (0, "variance"),
        (1, "variance"),
        (2, "control"),
        (3, "variance"),
    ]
    for _ in range(2):
        approved = ada.post(api(f"{own}approve/"), format="json").json()
        assert (approved["standing"], approved["n_asked"]) == ("approved", 4)
    refused = ada.post(api(f"{own}discard/"), format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert Proposal.objects.filter(standing="approved").count() == 1
