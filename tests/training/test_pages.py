"""The training pages: admins only, in words, and live while a job runs."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.services import run_start
from tests.conftest import NOON
from tests.factories import make_admin, make_rater
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db

PAGES = [
    "trainingrun_changelist",
    "trainingrun_add",
    "modelversion_changelist",
]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


@pytest.fixture
def run() -> TrainingRun:
    return run_start(snapshot=make_snapshot(), recipe="tiny", seed=1, now=NOON)


@pytest.mark.parametrize("page", PAGES)
def test_raters_and_strangers_see_nothing(client, page):
    url = reverse(f"admin:training_{page}")
    assert client.get(url).status_code == 302
    client.force_login(make_rater().user)
    assert client.get(url).status_code in (302, 403)


@pytest.mark.parametrize("page", PAGES)
def test_admins_see_each_page(admin, page):
    assert admin.get(reverse(f"admin:training_{page}")).status_code == 200


def test_a_run_is_cancelled_by_post_only(admin, run):
    url = reverse("admin:training_trainingrun_cancel", args=[run.pk])
    assert admin.get(url).status_code == 405
    admin.post(url)
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED


def test_a_rater_cannot_cancel_or_resume(client, run):
    client.force_login(make_rater().user)
    for action in ("cancel", "resume"):
        client.post(reverse(f"admin:training_trainingrun_{action}", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == JobState.QUEUED


def test_a_finished_run_is_promoted_from_its_page(admin, run):
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.DONE)
    page = admin.get(reverse("admin:training_trainingrun_change", args=[run.pk])).content.decode()
    promote = reverse("admin:training_modelversion_add") + f"?run={run.pk}"
    assert promote in page
    admin.post(promote, {"run": run.pk, "note": "the first"})
    assert ModelVersion.objects.get().is_active


def test_a_run_that_is_not_there_is_a_404(admin):
    assert admin.get(reverse("admin:training_trainingrun_change", args=[99])).status_code == 404
    assert admin.get(reverse("admin:training_trainingrun_panel", args=[99])).status_code == 404
