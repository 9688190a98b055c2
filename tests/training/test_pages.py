"""The training pages: admins only, in words, and live while a job runs."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.training import selectors
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.services import run_folder, run_start
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


def write_events(run: TrainingRun, *events: dict[str, object]) -> None:
    folder = run_folder(run)
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


@pytest.mark.parametrize("page", PAGES)
def test_raters_and_strangers_see_nothing(client, page):
    url = reverse(f"admin:training_{page}")
    assert client.get(url).status_code == 302
    client.force_login(make_rater().user)
    assert client.get(url).status_code in (302, 403)


@pytest.mark.parametrize("page", PAGES)
def test_admins_see_each_page(admin, page):
    assert admin.get(reverse(f"admin:training_{page}")).status_code == 200


def test_an_admin_starts_a_run_and_lands_on_its_page(admin):
    snapshot = make_snapshot()
    answer = admin.post(
        reverse("admin:training_trainingrun_add"),
        {"snapshot": snapshot.pk, "recipe": "tiny", "seed": 3, "device": "cpu", "overrides": "optim.lr=0.002"},
    )
    run = TrainingRun.objects.get()
    assert answer["Location"] == reverse("admin:training_trainingrun_change", args=[run.pk])
    assert (run.seed, run.overrides) == (3, {"optim.lr": 0.002})


@pytest.mark.parametrize(
    ("overrides", "words"), [("optim.lr", "a setting is written name=value"), ("optim.speed=3", "no setting is called")]
)
def test_a_setting_that_cannot_be_read_is_told_in_words(admin, overrides, words):
    answer = admin.post(
        reverse("admin:training_trainingrun_add"),
        {"snapshot": make_snapshot().pk, "recipe": "tiny", "seed": 3, "device": "cpu", "overrides": overrides},
    )
    assert words in answer.content.decode()
    assert not TrainingRun.objects.exists()


def test_the_panel_asks_again_until_the_run_is_over(admin, run):
    panel = reverse("admin:training_trainingrun_panel", args=[run.pk])
    assert "hx-trigger" in admin.get(panel).content.decode()
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.FAILED, error="Out of memory: choose a smaller batch.")
    ended = admin.get(panel).content.decode()
    assert "hx-trigger" not in ended
    assert "Out of memory: choose a smaller batch." in ended
    assert "Resume" in ended


def test_the_curve_follows_the_event_file(admin, run):
    panel = reverse("admin:training_trainingrun_panel", args=[run.pk])
    assert "The curve starts with the first steps" in admin.get(panel).content.decode()
    write_events(
        run,
        {"event": "step", "step": 1, "steps": 9, "loss": 0.3, "loss_reg": 0.3, "loss_dpo": None, "pairs_per_s": 10},
        {"event": "step", "step": 2, "steps": 9, "loss": 0.2, "loss_reg": 0.2, "loss_dpo": None, "pairs_per_s": 10},
    )
    assert "chart-line" in admin.get(panel).content.decode()


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


def test_the_headline_figure_is_of_the_regime_that_was_trained_under() -> None:
    protocols = {"pair": {"srcc": {"value": 0.4}}, "unseen-both": {"srcc": {"value": 0.3}}}
    assert selectors.test_srcc(TrainingRun(report={"trained_under": "pair", "protocols": protocols})) == 0.4
    assert selectors.test_srcc(TrainingRun(report={"protocols": protocols})) == 0.3
    assert selectors.test_srcc(TrainingRun()) is None
